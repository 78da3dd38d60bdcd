"""Swap a Z of two held-out pairs, and every content with every style."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.elements.diagram import diagram
from app.elements.diagram.diagram import Role
from app.elements.element import Data
from app.elements.wall import wall
from app.generate import cache, caption_row, digit_model, pair_picker, resample
from app.generate.figures import swap
from app.generate.view import View
from app.shared import names, state, stored_models
from app.shared.picture_grid import PictureGrid
from app.shared.section_header import section_header

if TYPE_CHECKING:
    from mfm_core.evaluation.statistics import Estimate

Pictures = tuple[tuple[str, NDArray[np.float32]], ...]
"""The picture of each modality, with its name."""

PLACES = ("A", "B")


def show(shown: digit_model.DigitModel) -> None:
    """The section."""
    factors = names.factors(shown.model.modalities, shown.label)
    left, right = section_header(
        f"Whose {shown.label} is it, and whose style?",
        "Take two real pairs that the model has never seen in training, and exchange one Z between them.",
    )
    with left:
        swapped = state.choose("Exchange", "factor", factors)
    with right:
        roles = {
            name: Role("b", "from B", swapped=True) if name == swapped else Role("a", "from A") for name in factors
        }
        diagram.show(roles, shown.label)
    pair_picker.show(shown, "a", "Pair A", other="b")
    pair_picker.show(shown, "b", "Pair B", other="a")
    view = state.seen(View)
    if view.a == view.b:
        st.info(f"A and B are the same pair, {view.a}: an exchange between them changes nothing. Choose another.")
    grid = cache.cached_grid(swap.make, shown, view)
    digits = (shown.digit(view.a), shown.digit(view.b))
    real = tuple(_real(shown, pair) for pair in (view.a, view.b))
    real = real if all(real) else ()
    wall.show_once(_two_by_two, grid, swapped, digits, real, key="wall_swap")
    title = f"{names.plain(swapped)} exchanged between held-out pairs {view.a} and {view.b}"
    readings = wall.how_to_read(grid.judged, grid.pictures, shown.label, framed=False)
    caption_row.show(_what_is_shown(bool(real), readings), grid, "swap", title, lambda: swap.script(shown, view))
    _matrix(shown)


def _two_by_two(
    sheet: wall.Sheet, grid: PictureGrid, swapped: str, digits: tuple[int, int], real: tuple[Pictures, ...]
) -> list[Data]:
    """A row a pair: the real pictures if there are any, the model's, and those with the other pair's Z."""
    columns = ["as the model rebuilds it", f"with the other's {names.plain(swapped)}"]
    if real:
        columns.insert(0, "the real pair")
    rows: list[Data] = []
    for j, (place, digit) in enumerate(zip(PLACES, digits, strict=True)):
        cells = []
        if real:
            shots = [sheet.shot(name, x, f"{names.title(name)} of pair {place}, real") for name, x in real[j]]
            cells.append(wall.cell(*shots))
        for i, what in enumerate(grid.rows):
            shots = [
                sheet.shot(
                    name,
                    pictures[i, j],
                    f"{names.title(name)} of pair {place}, {what}",
                    wall.judgement(grid.judged, name, (i, j)),
                )
                for name, pictures in grid.pictures.items()
            ]
            cells.append(wall.cell(*shots))
        rows.append({"head": f"{place}, a {digit}", "cells": cells})
    widest = f"{12 + 18 * len(columns)}rem"
    return [
        {
            "across": len(columns),
            "columns": columns,
            "rows": rows,
            "head": "3.5rem",
            "gap": "1rem",
            "standing": True,
            "widest": widest,
        }
    ]


def _real(shown: digit_model.DigitModel, pair: int) -> Pictures:
    """The real pictures of a pair; none unless all of them are at hand."""
    found = {name: digit_model.original(shown.name, name, pair) for name in shown.model.modalities}
    there = tuple((name, picture.numpy()) for name, picture in found.items() if picture is not None)
    return there if len(there) == len(found) else ()


def _what_is_shown(real: bool, readings: str) -> str:
    if real:
        return f"The real pictures come from your copy of the data; all others are the model's. {readings}"
    return (
        "All pictures are the model's, from stored codes; those of the data set are not shown, for they may not be "
        f"passed on with this app. {readings} Who runs the app can show them beside: set MFM_DATA to the folder of the "
        "data, see the README."
    )


def _matrix(shown: digit_model.DigitModel) -> None:
    st.subheader("Every content with every style", anchor=False, divider="gray")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        with st.container(width=260):
            state.slide("Rows and columns", "size")
        resample.show()
    view = state.seen(View)
    grid = cache.cached_grid(swap.make_matrix, shown, view)
    content, style = swap.donors(shown, view)
    givers = cache.cached_reconstructions(shown, tuple(content)), cache.cached_reconstructions(shown, tuple(style))
    true = tuple(shown.digit(pair) for pair in content)
    wall.show_once(_blocks, grid, *givers, true, shown.label, key="wall_matrix")
    title = f"Every content (rows) with every style (columns), seed {view.seed}"
    rates = stored_models.kept("swap rates", shown.name, lambda: swap.rates(shown), shown.version)
    caption_row.show(
        _score(shown, grid, content, rates), grid, "matrix", title, lambda: swap.matrix_script(shown, view)
    )


def _blocks(
    sheet: wall.Sheet, grid: PictureGrid, content: PictureGrid, style: PictureGrid, labels: tuple[int, ...], noun: str
) -> list[Data]:
    """The modalities of the matrix; ``labels`` are those of the pairs that give content, and each is a ``noun``."""
    return [_block(sheet, grid, name, content, style, labels) | _title(name, noun) for name in grid.pictures]


def _title(name: str, noun: str) -> Data:
    """Title of a modality of the matrix."""
    return {"title": f"{names.title(name)}: a row for each {noun}, a column for each style"}


def _block(
    sheet: wall.Sheet,
    grid: PictureGrid,
    name: str,
    content: PictureGrid,
    style: PictureGrid,
    labels: tuple[int, ...],
) -> Data:
    """One modality of the matrix; a dashed frame where the judge reads another label than the label head does."""
    by_content, by_style = content.pictures[name][0], style.pictures[name][0]
    n_columns = grid.shape[1]
    columns = [
        wall.cell(sheet.shot(name, by_style[j], f"style {j + 1}"), label=f"style {j + 1}" if j == 0 else str(j + 1))
        for j in range(n_columns)
    ]
    read = swap.digits_read(grid)
    rows: list[Data] = []
    for i, digit in enumerate(read):
        cells = []
        for j in range(n_columns):
            seen = int(grid.judged[name][i, j].argmax()) if name in grid.judged else digit
            wrong = seen != digit
            alt = f"{names.title(name)}: a {digit} in style {j + 1}" + (f"; the judge reads {seen}" if wrong else "")
            shot = sheet.shot(name, grid.pictures[name][i, j], alt)
            cells.append(wall.cell(shot, mark="wrong" if wrong else ""))
        true = labels[i]
        label = str(true) if true == digit else f"{true}*"
        head = wall.cell(sheet.shot(name, by_content[i], f"content: {_said(true, digit)}"), label=label)
        rows.append({"head": head, "cells": cells})
    return {
        "across": n_columns,
        "columns": columns,
        "rows": rows,
        "gap": "5px",
        "head": "minmax(0, 1.8fr)",
        "least": "20rem",
    }


def _said(true: int, digit: int) -> str:
    """The label of a pair, and what the label head says where that is another."""
    return f"a {digit}" if true == digit else f"true label {true}, the label head says {digit}"


def _score(shown: digit_model.DigitModel, grid: PictureGrid, content: list[int], rates: Mapping[str, Estimate]) -> str:
    """Sentence on what the judges read here and in many pairs, the same for all visitors; where the label head errs."""
    sentences = ["The left column gives Z_y, the top row gives every Z_a."]
    read = swap.digits_read(grid)
    counts = [
        f"{int((seen.argmax(-1) == [[digit] for digit in read]).sum())} of {seen.shape[0] * seen.shape[1]} "
        f"{names.title(name)}"
        for name, seen in grid.judged.items()
    ]
    if counts:
        sentences.append(
            f"The judges read the row's {shown.label} in {' and '.join(counts)} pictures; a dashed frame marks the "
            "rest."
        )
    for i, digit in zip(content, read, strict=True):
        if (true := shown.digit(i)) != digit:
            sentences.append(
                f"* Held-out pair {i}: {_said(true, digit)}, so its row shows {digit}s, and that is what the judges "
                f"are asked for; the error is made before the swap."
            )
    if rates:
        sentences.append(
            f"So few pictures tell little. Of {swap.COUNTED} contents, each in a style of its own (all drawn by seed "
            f"{swap.COUNTED_SEED}), the judges read the true {shown.label} in: {caption_row.rates(rates)}."
        )
    return " ".join(sentences)
