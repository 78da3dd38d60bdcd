"""Everything that sliders in a browser need of one stored model, made once and kept in files named by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch

from mfm_core.config import Config
from mfm_core.files.writing import write_once
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.browser import BrowserModel, BrowserNetwork, export_judge, export_model
from mfm_core.storage.codes import Codes
from mfm_core.storage.slider_directions import (
    DIGITS,
    SliderDirections,
    StoredDirections,
    identity,
    slider_directions,
)

MAX_BUNDLE_BYTES = 4_000_000
FORMAT = b"2"
"""Of the files; of another one, what lies in the folder is not used again."""


class BrowserBundle(Config):
    """A model for sliders in a browser.

    Attributes:
        format_version: Of this layout.
        key: A hash of the weights, codes and judges it was made of.
        model: The generative half.
        judges: Independent classifiers by modality, those that are stored.
        directions: Of each block of Z.
        means: Mean Z_y of the codes of each class, ``(n_labels, d_y)``; empty for scores, or where a class has none.
    """

    format_version: Literal[2] = 2
    key: str
    model: BrowserModel
    judges: dict[str, BrowserNetwork]
    directions: dict[str, SliderDirections]
    means: tuple[tuple[float, ...], ...]


def browser_bundle(
    model: MFM,
    codes: Codes,
    judges: Mapping[str, Discriminative],
    folder: Path,
    stored: StoredDirections | None = None,
) -> BrowserBundle:
    """Export a model for the browser into a folder; what lies there of the same weights and codes is used again.

    Args:
        model: An MFM of images.
        codes: Of held-out pairs: where directions are ranked, and what the mean Z_y of a class is taken of.
        judges: Classifiers of one modality each, by modality.
        folder: Where the files go.
        stored: Directions that lie beside the model; where they are of other weights or codes, or there are none,
            directions are computed.

    Returns:
        The bundle; it also lies in the folder as ``KEY.bundle.json``, beside the files of weights that it names.

    Raises:
        ValueError: If the model cannot be exported, see :func:`export_model`.
        OSError: If the folder cannot be written.
    """
    exported = export_model(model)
    judged = {name: export_judge(judge) for name, judge in judges.items()}
    exported.write(folder)
    for one in judged.values():
        one.write(folder)
    of = identity(exported.weights, codes)
    key = hashlib.sha256(b"".join([FORMAT, of.encode(), *(one.weights for one in judged.values())])).hexdigest()[:24]
    path = folder / f"{key}.bundle.json"
    if path.exists():
        return BrowserBundle.read(path, MAX_BUNDLE_BYTES)
    bundle = BrowserBundle(
        key=key,
        model=exported.description,
        judges={name: one.description for name, one in judged.items()},
        directions=stored.blocks if stored and stored.of == of else slider_directions(model, codes),
        means=_means(model, codes),
    )
    write_once(path, bundle.model_dump_json().encode())
    return bundle


def _means(model: MFM, codes: Codes) -> tuple[tuple[float, ...], ...]:
    label = model.config.label
    if label.kind != "classes" or set(codes.labels.tolist()) != set(range(label.size)):
        return ()
    means = torch.stack([codes.latents.y[codes.labels == k].mean(0) for k in range(label.size)])
    return tuple(tuple(round(x, DIGITS) for x in mean) for mean in means.tolist())
