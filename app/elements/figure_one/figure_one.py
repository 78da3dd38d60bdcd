"""Figure 1 of the paper with the model in it: a wheel and sliders, a pair of pictures, and what every node holds now.

It decodes in the visitor's browser, by the same scripts as the element ``latent_sliders``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from app.elements.element import define, on_trigger
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


def show(
    model: SliderModel, nodes: Sequence[Node], *, hint: str, originals: str, on_go: Callable[[str, str], None]
) -> None:
    """Show the figure.

    Args:
        model: The model in it.
        nodes: All of its nodes.
        hint: A sentence for who has touched nothing yet.
        originals: A sentence that says where the real pictures are.
        on_go: Called with the id of a node whose page is asked for, or ``SLIDERS``, and with all of Z as the sliders'
            link writes it.
    """
    data = latent_sliders.described([model])
    data["nodes"] = {node.id: asdict(node) for node in nodes}
    data["hint"], data["originals"] = hint, originals
    data["version"] = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]
    known = {SLIDERS, *(node.id for node in nodes)}
    mount(data=data, key=KEY, on_go_change=on_trigger(KEY, "go", lambda sent: _take(sent, known, on_go)))


def _take(sent: object, known: set[str], on_go: Callable[[str, str], None]) -> None:
    if not isinstance(sent, dict):
        return
    target, z = sent.get("to"), sent.get("z")
    if isinstance(target, str) and target in known and isinstance(z, str) and LETTERS.fullmatch(z):
        on_go(target, z)
