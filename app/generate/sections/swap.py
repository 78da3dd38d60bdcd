"""Swap a Z of two held-out pairs, and every content with every style."""

from __future__ import annotations

import streamlit as st

from app.elements.diagram import diagram
from app.elements.diagram.diagram import Role
from app.elements.element import Data
from app.elements.wall import wall
from app.generate import cache, caption_row, digit_model, pair_picker, resample
from app.generate.figures import swap
from app.generate.figures.picture_grid import PictureGrid
from app.shared import names, state
from app.shared.section_header import section_header

PLACES = ("A", "B")
READINGS = "Under a picture: the digit that an independent judge sees in it."


def show(shown: digit_model.DigitModel) -> None:
    """The section."""
    factors = names.factors(shown.model.modalities)
    left, right = section_header(
        "Whose digit is it, and whose style?",
        "Take two real pairs that the model has never seen in training, and exchange one Z between them.",
    )
    with left:
        swapped = state.choose("Exchange", "factor", factors)
    with right:
        roles = {
            name: Role("b", "from B", swapped=True) if name == swapped else Role("a", "from A") for name in factors
        }
        diagram.show(roles)
    pair_picker.show(shown, "a", "Pair A")
    pair_picker.show(shown, "b", "Pair B")
    view = state.view()
    grid = cache.cached_grid(swap.make, swap.FIELDS, shown, view)
    sheet = wall.Sheet()
    wall.show(sheet, [_two_by_two(shown, grid, swapped, sheet)], key="wall_swap")
    title = f"{names.plain(swapped)} exchanged between held-out pairs {view.a} and {view.b}"
    caption_row.show(_what_is_shown(shown), grid, "swap", title, lambda: swap.script(shown, view))
    _matrix(shown)


def _two_by_two(shown: digit_model.DigitModel, grid: PictureGrid, swapped: str, sheet: wall.Sheet) -> Data:
    """A row a pair: the real pictures if there are any, the model's, and those with the other pair's Z."""
    view = state.view()
    columns = ["as the model rebuilds it", f"with the other's {names.plain(swapped)}"]
    real = [_real(shown, pair, place, sheet) for pair, place in zip((view.a, view.b), PLACES, strict=True)]
    if all(real):
        columns.insert(0, "the real pair")
    rows: list[Data] = []
    for j, (place, pair) in enumerate(zip(PLACES, (view.a, view.b), strict=True)):
        cells = [wall.cell(*real[j])] if all(real) else []
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
        rows.append({"head": f"{place}, a {shown.digit(pair)}", "cells": cells})
    widest = f"{12 + 18 * len(columns)}rem"
    return {
        "across": len(columns),
        "columns": columns,
        "rows": rows,
        "head": "3.5rem",
        "gap": "1rem",
        "standing": True,
        "widest": widest,
    }


def _real(shown: digit_model.DigitModel, pair: int, place: str, sheet: wall.Sheet) -> list[Data]:
    """The real pictures of a pair; none unless all of them are at hand."""
    found = {name: digit_model.original(shown.name, name, pair) for name in shown.model.modalities}
    if any(picture is None for picture in found.values()):
        return []
    return [
        sheet.shot(name, picture.numpy(), f"{names.title(name)} of pair {place}, real")
        for name, picture in found.items()
        if picture is not None
    ]


def _what_is_shown(shown: digit_model.DigitModel) -> str:
    view = state.view()
    real = digit_model.original(shown.name, shown.model.modalities[0], view.a) is not None
    if real:
        return f"The real pictures come from your copy of the data; all others are the model's. {READINGS}"
    return (
        "All pictures are the model's, from stored codes; the real ones are not stored here. Set MFM_DATA to the "
        f"folder of the data to see them beside. {READINGS}"
    )


def _matrix(shown: digit_model.DigitModel) -> None:
    st.subheader("Every content with every style", anchor=False, divider="gray")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        with st.container(width=260):
            state.slide("Rows and columns", "size", 2, 10)
        resample.show()
    view = state.view()
    grid = cache.cached_grid(swap.make_matrix, swap.MATRIX_FIELDS, shown, view)
    content, style = swap.donors(shown, view)
    givers = cache.cached_reconstructions(shown, tuple(content)), cache.cached_reconstructions(shown, tuple(style))
    sheet = wall.Sheet()
    wall.show(sheet, [_block(shown, grid, name, givers, content, sheet) for name in grid.pictures], key="wall_matrix")
    title = f"Every content (rows) with every style (columns), seed {view.seed}"
    caption_row.show(_score(shown, grid, content), grid, "matrix", title, lambda: swap.matrix_script(shown, view))


def _block(
    shown: digit_model.DigitModel,
    grid: PictureGrid,
    name: str,
    givers: tuple[PictureGrid, PictureGrid],
    content: list[int],
    sheet: wall.Sheet,
) -> Data:
    """One modality of the matrix; a dashed frame where the judge reads another digit than that of the row."""
    by_content, by_style = (giver.pictures[name][0] for giver in givers)
    n_rows, n_columns = grid.shape
    columns = [wall.cell(sheet.shot(name, by_style[j], f"style {j + 1}")) for j in range(n_columns)]
    rows: list[Data] = []
    for i in range(n_rows):
        digit = shown.digit(content[i])
        cells = []
        for j in range(n_columns):
            seen = int(grid.judged[name][i, j].argmax()) if name in grid.judged else digit
            wrong = seen != digit
            alt = f"{names.title(name)}: a {digit} in style {j + 1}" + (f"; the judge reads {seen}" if wrong else "")
            shot = sheet.shot(name, grid.pictures[name][i, j], alt)
            cells.append(wall.cell(shot, mark="wrong" if wrong else ""))
        rows.append({"head": wall.cell(sheet.shot(name, by_content[i], f"content: a {digit}")), "cells": cells})
    return {
        "title": names.title(name),
        "across": n_columns,
        "columns": columns,
        "rows": rows,
        "gap": "5px",
        "head": "minmax(0, 1fr)",
        "least": "20rem",
    }


def _score(shown: digit_model.DigitModel, grid: PictureGrid, content: list[int]) -> str:
    wanted = [[shown.digit(i)] for i in content]
    counts = [
        f"{int((read.argmax(-1) == wanted).sum())} of {read.shape[0] * read.shape[1]} {names.title(name)}"
        for name, read in grid.judged.items()
    ]
    heads = "The left column gives Z_y, the top row gives every Z_a."
    if not counts:
        return heads
    return f"{heads} The judges read the row's digit in {' and '.join(counts)} pictures; a dashed frame marks the rest."
