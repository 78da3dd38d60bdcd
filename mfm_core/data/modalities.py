"""Descriptions of modalities: what each is called and what it holds.

A stream of a data set is described in the data set's own file, by ``streams`` of its ``DatasetInfo``. The three that
several sets share are described here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModalityInfo:
    """Description of a modality.

    Attributes:
        name: Name in a data set.
        title: What it is called in a heading; made of the name without it.
        content: What it holds, a phrase as a page says it beside the title; empty where nothing is known.
        style: What its samples differ in beside the label, as a page calls Z_a of it; made of the title without it.
        label: What the label of a data set of this modality alone is, a noun.
        file_name: What its arrays are called in a file of sequences; the name without it.
    """

    name: str
    title: str = ""
    content: str = ""
    style: str = ""
    label: str = "label"
    file_name: str = ""


LANGUAGE = ModalityInfo("language", content="the words", file_name="text")
ACOUSTIC = ModalityInfo("acoustic", content="the voice", file_name="audio")
VISUAL = ModalityInfo("visual", content="the face")
SPOKEN = (LANGUAGE, ACOUSTIC, VISUAL)
"""The streams of the published sets of spoken videos, in their order."""
