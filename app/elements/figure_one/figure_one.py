"""Figure 1 of the paper with the model in it: a wheel and sliders, a pair of pictures, and what every node holds now.

It decodes in the visitor's browser, by the same scripts as the element ``latent_sliders``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from app.elements.element import define, encoded, on_trigger
from app.elements.latent_sliders import latent_sliders
from app.elements.latent_sliders.latent_sliders import SliderModel

KEY = "figure_one"
SLIDERS = "slide"
"""Sent in place of a node where all sliders are asked for."""
LETTERS = re.compile(r"[A-Za-z0-9_-]{0,8192}")


@dataclass(frozen=True)
class Symbol:
    """A letter as the paper sets it: ``below`` the line, and with a ``hat``."""

    letter: str
    below: str
    hat: bool = False


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
    *(f"latent_sliders/{part}" for part in ("tensors", "state", "decoder", "wheel", "groups", "stage")),
    *("graph", "panel"),
    worker=tuple(f"latent_sliders/{part}" for part in ("tensors", "arena", "layers", "worker")),
)


@dataclass(frozen=True)
class FigureOne:
    """A figure as the browser is given it, the same for all visitors.

    Attributes:
        data: Model, nodes and sentences, encoded.
        nodes: Ids of its nodes.
    """

    data: bytes
    nodes: frozenset[str]


def figure_of(model: SliderModel, nodes: Sequence[Node], *, hint: str, originals: str) -> FigureOne:
    """The figure of a model.

    Args:
        model: The model in it.
        nodes: All of its nodes.
        hint: A sentence for who has touched nothing yet.
        originals: A sentence that says where the real pictures are.
    """
    described = latent_sliders.described([model])
    data = described | {"nodes": {node.id: asdict(node) for node in nodes}, "hint": hint, "originals": originals}
    whole = encoded(data | {"version": hashlib.sha256(encoded(data)).hexdigest()[:16]})
    return FigureOne(whole, frozenset(node.id for node in nodes))


def show(figure: FigureOne, *, on_go: Callable[[str, str], None]) -> None:
    """Show a figure.

    Args:
        figure: The figure.
        on_go: Called with the id of a node whose page is asked for, or ``SLIDERS``, and with all of Z as the sliders'
            link writes it.
    """
    known = {SLIDERS, *figure.nodes}
    mount(data=figure.data, key=KEY, on_go_change=on_trigger(KEY, "go", lambda sent: _take(sent, known, on_go)))


def _take(sent: object, known: set[str], on_go: Callable[[str, str], None]) -> None:
    if not isinstance(sent, dict):
        return
    target, z = sent.get("to"), sent.get("z")
    if isinstance(target, str) and target in known and isinstance(z, str) and LETTERS.fullmatch(z):
        on_go(target, z)
