"""Fix one Z, sample the rest: Figure 5(c), live."""

from __future__ import annotations

import streamlit as st

from app.components import cache, diagram, downloads, names, resample, state, wall
from app.components.diagram import Role
from app.components.elements import Data
from app.components.hero import hero
from app.exhibit import Exhibit
from app.plates import sample
from app.plates.draw import SOURCES
from app.plates.plate import Plate


def show(shown: Exhibit) -> None:
    """The section."""
    factors = names.factors(shown.model.modalities)
    left, right = hero(
        "Hold one Z, draw the others. What stays?",
        "Each row holds **one value** of a single Z. Across the row the other Z are drawn anew. "
        "If the model has factorized what it saw, only what the held Z carries stays the same.",
    )
    with left:
        held = state.choose("Hold", "factor", factors)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            resample.source("Draw the others from")
            resample.show()
    with right:
        diagram.show({name: Role("held", "held") if name == held else Role("drawn", "drawn anew") for name in factors})
    view = state.view()
    plate = cache.hung(sample.make, sample.FIELDS, shown, view)
    sheet = wall.Sheet()
    wall.show(sheet, [panel(plate, held, sheet)], key="wall_sample")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(_how_to_read(held))
        title = f"{names.plain(held)} held, the others from {SOURCES[view.source]}, seed {view.seed}"
        downloads.offer(plate, "sample", title, lambda: sample.script(shown, view))


def panel(plate: Plate, held: str, sheet: wall.Sheet) -> Data:
    """A band for each held value: a row a modality, then what the label head says."""
    rows: list[Data] = []
    for i in range(len(plate.rows)):
        rows.append({"band": f"{('First', 'Second', 'Third')[i]} value of {names.plain(held)}"})
        for name, pictures in plate.pictures.items():
            cells = []
            for j in range(len(plate.columns)):
                read = wall.judgement(plate.judged, name, (i, j))
                shot = sheet.shot(name, pictures[i, j], f"{names.title(name)}, held value {i + 1}, draw {j + 1}")
                cells.append(wall.cell(shot, read=read))
            rows.append({"head": names.title(name), "cells": cells})
        said = [wall.cell(read=wall.reading("the label head", plate.label[i, j])) for j in range(len(plate.columns))]
        rows.append({"head": "label head", "cells": said})
    return {"across": len(plate.columns), "rows": rows, "head": "4.5rem", "folded": 4}


def _how_to_read(held: str) -> str:
    reads = "Under each picture: the digit that an independent judge sees in it, and how sure it is."
    if held == "y":
        return f"Down a column the styles are the same draws: only the held $Z_y$ differs. {reads}"
    return (
        f"Down a column the other Z are the same draws. No arrow leads from {names.symbol(held)} to the other "
        f"pictures, so those repeat exactly. {reads}"
    )
