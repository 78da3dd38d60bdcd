"""Fix one Z, sample the rest: Figure 5(c), live."""

from __future__ import annotations

import streamlit as st

from app.elements.diagram import diagram
from app.elements.diagram.diagram import Role
from app.elements.element import Data
from app.elements.wall import wall
from app.generate import cache, caption_row, resample
from app.generate.digit_model import DigitModel
from app.generate.figures import sample
from app.generate.figures.draws import SOURCES
from app.generate.view import View
from app.shared import names, state
from app.shared.picture_grid import PictureGrid
from app.shared.section_header import section_header

ORDINALS = ("First", "Second")


def show(shown: DigitModel) -> None:
    """The section."""
    factors = names.factors(shown.model.modalities, shown.label)
    left, right = section_header(
        "Fix one Z, draw the rest",
        "Each row has **one value** of a single Z; across it the other Z are drawn anew. What stays the same is what "
        "the fixed Z carries.",
    )
    with left:
        fixed = state.choose("Fix", "factor", factors)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            resample.source("Draw the rest from")
            resample.show()
    with right:
        diagram.show(
            {name: Role("fixed", "fixed") if name == fixed else Role("drawn", "drawn anew") for name in factors},
            shown.label,
        )
    view = state.seen(View)
    grid = cache.cached_grid(sample.make, shown, view)
    wall.show_once(_panels, grid, fixed, key="wall_sample")
    title = f"{names.plain(fixed)} fixed, the others from {SOURCES[view.source]}, seed {view.seed}"
    caption_row.show(_how_to_read(fixed, grid, shown.label), grid, "sample", title, lambda: sample.script(shown, view))


def _panels(sheet: wall.Sheet, grid: PictureGrid, fixed: str) -> list[Data]:
    """A band for each fixed value, with a row a modality."""
    columns = range(len(grid.columns))
    rows: list[Data] = []
    if fixed != "y":  # the same draws of Z_y in every band
        said = [wall.cell(read=wall.reading("the label head", grid.label[0, j])) for j in columns]
        rows.append({"head": "label head", "cells": said})
    for i in range(len(grid.rows)):
        band = f"{ORDINALS[i]} value of {names.plain(fixed)}"
        if fixed == "y":
            digit = int(grid.label[i, 0].argmax())
            band += f": the label head says {digit}, {100 * grid.label[i, 0, digit]:.0f} %"
        rows.append({"band": band})
        for name, pictures in grid.pictures.items():
            cells = []
            for j in columns:
                shot = sheet.shot(name, pictures[i, j], f"{names.title(name)}, fixed value {i + 1}, draw {j + 1}")
                cells.append(wall.judged_cell(grid, name, (i, j), shot))
            rows.append({"head": names.title(name), "cells": cells})
    return [{"across": len(grid.columns), "rows": rows, "head": "4.5rem", "folded": 4}]


def _how_to_read(fixed: str, grid: PictureGrid, label: str) -> str:
    readings = wall.how_to_read(grid.judged, grid.pictures, label)
    if fixed == "y":
        return f"Down a column the styles are the same draws: only the fixed Z_y differs. {readings}"
    return (
        f"Down a column the other Z are the same draws. No arrow leads from {names.plain(fixed)} to the other "
        f"pictures, so those repeat exactly. {readings}"
    )
