"""Slide along one Z, decoded by the server: for browsers that cannot."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.elements.diagram import diagram
from app.elements.diagram.diagram import Role
from app.elements.element import Data
from app.elements.scrubber import scrubber
from app.elements.wall import wall
from app.generate import cache, caption_row, digit_model, pair_picker
from app.generate.figures import slide
from app.generate.view import View
from app.shared import names, state
from app.shared.picture_grid import PictureGrid
from app.shared.section_header import section_header


def show(shown: digit_model.DigitModel) -> None:
    """The section."""
    factors = names.factors(shown.model.modalities, shown.label)
    left, right = section_header(
        "What changes along one Z?",
        "Drag the slider: one Z of a real pair moves, the others stay. "
        "Directions are ranked by how much they change the picture.",
    )
    with left:
        moved = state.choose("Move", "factor", factors)
        path = state.select("Along", "path", _paths(shown, moved))
    with right:
        diagram.show(
            {name: Role("moved", "you move it") if name == moved else Role("a", "stays") for name in factors},
            shown.label,
        )
    pair_picker.show(shown, "a", "From A")
    if path == "pair":
        pair_picker.show(shown, "b", "To B")
    _scrub(shown)
    view = state.seen(View)
    grid = cache.cached_grid(slide.make, shown, view)
    title = f"{names.plain(view.factor)} of held-out pair {view.a} moved along {view.path.replace('-', ' ')}"
    how = "Below the slider: where it was let go. Bright in the third picture: what differs from the pair itself."
    caption_row.show(how, grid, "slide", title, lambda: slide.script(shown, view))


def _paths(shown: digit_model.DigitModel, factor: str) -> dict[str, str]:
    """Every path of a block of Z, and what it is called."""
    effects = digit_model.ranked(shown.name, factor).effects.tolist()
    paths = {
        f"direction-{i + 1}": f"direction {i + 1} · a step changes a pixel by {100 * effect:.1f} %"
        for i, effect in enumerate(effects)
    }
    paths["pair"] = "the way to another pair"
    return paths | {f"dimension-{i + 1}": f"raw dimension {i + 1}" for i in range(shown.model.sizes[factor])}


@st.fragment
def _scrub(shown: digit_model.DigitModel) -> None:
    """The slider and where it was let go; nothing else of the page is drawn anew when it moves."""
    view = state.seen(View)
    grid = cache.cached_grid(slide.make, shown, view)
    ends = (grid.columns[0], grid.columns[-1])
    if view.path == "pair":
        ends = (f"A, a {shown.digit(view.a)}", f"B, a {shown.digit(view.b)}")
    label = f"Move {names.plain(view.factor)} along {view.path.replace('-', ' ')}"
    sweep = f"{shown.name} {view.a} {view.factor} {view.path} {view.b if view.path == 'pair' else ''}"
    scrubber.show(grid, label=label, ends=ends, sweep=sweep, at=view.at)
    sheet = wall.Sheet()
    panels = [_before_and_after(grid, name, slide.own(view.path), view.at, sheet) for name in grid.pictures]
    wall.show(sheet, panels, key="wall_slide")
    state.write_link()


def _before_and_after(grid: PictureGrid, name: str, own: int, at: int, sheet: wall.Sheet) -> Data:
    before, after = grid.pictures[name][0, own], grid.pictures[name][0, at]
    change = np.clip(2 * np.abs(after - before).max(0, keepdims=True), 0, 1)
    cells = [
        wall.cell(sheet.shot(name, before, f"{names.title(name)}, the pair itself")),
        wall.cell(sheet.shot(name, after, f"{names.title(name)} at {grid.columns[at]}")),
        wall.cell(sheet.shot(f"{name} change", change, f"{names.title(name)}: where the two differ")),
    ]
    columns = ["the pair", f"at {grid.columns[at]}", "what changed"]
    return {"across": 3, "title": names.title(name), "columns": columns, "rows": [{"cells": cells}]}
