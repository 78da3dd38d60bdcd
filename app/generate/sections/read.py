"""Section Read: the label head's answer beside that of independent judges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from app.elements.diagram import diagram
from app.elements.diagram.diagram import Role
from app.elements.element import Data
from app.elements.wall import wall
from app.generate import cache, caption_row, resample
from app.generate.digit_model import DigitModel
from app.generate.figures import read
from app.generate.figures.draws import SOURCES
from app.generate.view import View
from app.shared import charts, names, state, stored_models
from app.shared.picture_grid import PictureGrid
from app.shared.section_header import section_header


def show(shown: DigitModel) -> None:
    """The section."""
    left, right = section_header(
        "Do picture and label agree?",
        f"All of Z is drawn. The label head reads the {shown.label} from the factor F_y and never sees a picture"
        + ("; the judges were trained apart and see nothing but the picture. Do they agree?" if shown.judges else "."),
    )
    with left, st.container(horizontal=True, vertical_alignment="bottom"):
        resample.source("Draw all of Z from")
        resample.show()
    with right:
        diagram.show(
            {name: Role("drawn", "drawn") for name in ("y", *shown.model.modalities)}, shown.label, selectable=False
        )
    view = state.seen(View)
    grid = cache.cached_grid(read.make, shown, view)
    wall.show_once(_panels, grid, key="wall_read")
    title = f"All of Z from {SOURCES[view.source]}, seed {view.seed}"
    caption_row.show(_agreement(shown, view), grid, "read", title, lambda: read.script(shown, view))
    _probabilities(grid, shown.label)


def _probabilities(grid: PictureGrid, label: str) -> None:
    """Chart of the probability that the label head and each judge give to every label, of each sample."""
    readers = {"label head": grid.label[0]} | {f"{names.title(name)} judge": x[0] for name, x in grid.judged.items()}
    rows = [(sample, reader) for sample in range(len(grid.columns)) for reader in readers]
    values = np.stack([readers[reader][sample] for sample, reader in rows])
    digits = [str(digit) for digit in range(values.shape[1])]
    best = [
        f"sample {i + 1}, {who}: {row.argmax()} with {100 * row.max():.0f} %"
        for (i, who), row in zip(rows, values, strict=True)
    ]
    columns: dict[str, Sequence[object]] = {
        "sample": [i + 1 for i, _ in rows],
        "read by": [reader for _, reader in rows],
    }
    charts.show(
        charts.heat(
            values,
            [f"{i + 1}: {reader}" for i, reader in rows],
            digits,
            charts.palette(),
            title=f"Probability of each {label}: blue is certain",
            hue="y",
            height=110 + 22 * len(rows),
            across=label,
        ),
        columns | {digit: values[:, int(digit)].round(4).tolist() for digit in digits},
        key="label_probabilities",
        alt=f"Probability of each {label} as a heat map. The likeliest: {'; '.join(best)}.",
    )


def _panels(sheet: wall.Sheet, grid: PictureGrid) -> list[Data]:
    columns = range(len(grid.columns))
    said = [wall.cell(read=wall.reading("the label head", grid.label[0, j])) for j in columns]
    rows: list[Data] = [{"head": "label head, from F_y", "cells": said}]
    for name, pictures in grid.pictures.items():
        cells = [
            wall.judged_cell(
                grid,
                name,
                (0, j),
                sheet.shot(name, pictures[0, j], f"{names.title(name)}, sample {j + 1}"),
            )
            for j in columns
        ]
        judged = " and its judge" if name in grid.judged else ""
        rows.append({"head": f"{names.title(name)}{judged}", "cells": cells})
    return [{"across": len(grid.columns), "rows": rows, "head": "5.5rem", "gap": "1.25rem", "folded": 3}]


def _agreement(shown: DigitModel, view: View) -> str:
    counted = stored_models.kept(
        "agreement", shown.name, lambda: read.agreement(shown, view.source), view.source, shown.version
    )
    if not counted:
        return wall.how_to_read((), shown.model.modalities, shown.label)
    draws = f"{read.COUNTED} other draws (seed {read.COUNTED_SEED})"
    return f"Over {draws}, judge and label head agree on: {caption_row.rates(counted)}."
