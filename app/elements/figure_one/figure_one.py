"""Figure 1 of the paper with the model in it: a wheel and sliders, a pair of pictures, and what every node holds now.

It decodes in the visitor's browser, by the same scripts as the element ``latent_sliders``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from app.elements.element import define, encoded
from app.elements.latent_sliders import latent_sliders
from app.elements.latent_sliders.latent_sliders import SliderModel

KEY = "figure_one"
SLIDERS = "slide"
"""Stands beside the nodes for where all sliders are."""


@dataclass(frozen=True)
class Symbol:
    """A letter as the paper sets it: ``below`` the line, and with a ``hat``."""

    letter: str
    below: str
    hat: bool = False


@dataclass(frozen=True)
class Target:
    """A page that plays with something.

    Attributes:
        folder: Of the page, which its address is called by.
        title: In words.
        params: Of its link.
        z: Whether it takes the sliders' Z along.
    """

    folder: str
    title: str
    params: Mapping[str, str]
    z: bool = False


@dataclass(frozen=True)
class Node:
    """A node of Figure 1.

    Attributes:
        id: ``x``, ``z``, ``f`` or ``out``, a dot, and ``y`` or the modality.
        hue: Class of its colour.
        symbol: What stands in it.
        title: What it is.
        equation: How it comes about; ``_{...}`` stands below the line, ``^`` sets a hat on the letter before it.
        where: The equation's place in the paper.
        sentence: What it does, in one sentence.
        page: The page that plays with it, in words.
    """

    id: str
    hue: str
    symbol: Symbol
    title: str
    equation: str
    where: str
    sentence: str
    page: str


mount = define(
    KEY,
    *(f"latent_sliders/{part}" for part in ("tensors", "state", "decoder", "wheel", "groups", "stage", "kept_address")),
    *("graph", "panel"),
    worker=tuple(f"latent_sliders/{part}" for part in ("tensors", "arena", "layers", "worker")),
)


def figure_of(
    model: SliderModel, nodes: Sequence[Node], targets: Mapping[str, Target], *, hint: str, originals: str
) -> bytes:
    """The figure of a model as the browser is given it, the same for all visitors.

    Args:
        model: The model in it.
        nodes: All of its nodes.
        targets: The page of each node by its id, and that of ``SLIDERS``.
        hint: A sentence for who has touched nothing yet.
        originals: Sentences that say where the real pictures are.
    """
    described = latent_sliders.described([model])
    data = described | {
        "nodes": {node.id: asdict(node) for node in nodes},
        "targets": {name: asdict(target) for name, target in targets.items()},
        "root": described["place"].removesuffix(latent_sliders.STATIC_PATH),
        "hint": hint,
        "originals": originals,
    }
    return encoded(data | {"version": hashlib.sha256(encoded(data)).hexdigest()[:16]})


def show(figure: bytes) -> None:
    """Show a figure; the browser itself goes to the pages of its nodes, for Back would not return from a rerun's."""
    mount(data=figure, key=KEY)
