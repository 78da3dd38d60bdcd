"""Swap a Z of two held-out pairs, and every content with every style."""

from __future__ import annotations

import streamlit as st

from app import exhibit
from app.components import cache, diagram, downloads, names, resample, shelf, state, wall
from app.components.diagram import Role
from app.components.elements import Data
from app.components.hero import hero
from app.plates import swap
from app.plates.plate import Plate

PLACES = ("A", "B")


def show(shown: exhibit.Exhibit) -> None:
    """The section."""
    factors = names.factors(shown.model.modalities)
    left, right = hero(
        "Whose digit is it, and whose style?",
        "Take two real pairs that the model has never seen in training, and exchange one Z between them.",
    )
    with left:
        swapped = state.choose("Exchange", "factor", factors)
        shelf.show(shown, "a", "Pair A")
        shelf.show(shown, "b", "Pair B")
        st.caption("On the shelves: the model's reconstructions of held-out pairs, from their stored codes.")
    with right:
        roles = {
            name: Role("b", "from B", swapped=True) if name == swapped else Role("a", "from A") for name in factors
        }
        diagram.show(roles)
    view = state.view()
    plate = cache.hung(swap.make, swap.FIELDS, shown, view)
    sheet = wall.Sheet()
    wall.show(sheet, [_two_by_two(shown, plate, swapped, sheet)], key="wall_swap")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(_what_is_shown(shown))
        title = f"{names.plain(swapped)} exchanged between held-out pairs {view.a} and {view.b}"
        downloads.offer(plate, "swap", title, lambda: swap.script(shown, view))
    _matrix(shown)


def _two_by_two(shown: exhibit.Exhibit, plate: Plate, swapped: str, sheet: wall.Sheet) -> Data:
    view = state.view()
    rows: list[Data] = []
    real = [[exhibit.original(shown.name, name, pair) for name in plate.pictures] for pair in (view.a, view.b)]
    if all(picture is not None for pair in real for picture in pair):
        cells = []
        for place, pair in zip(PLACES, real, strict=True):
            shots = [
                sheet.shot(name, picture.numpy(), f"{names.title(name)} original of pair {place}")
                for name, picture in zip(plate.pictures, pair, strict=True)
                if picture is not None
            ]
            cells.append(wall.cell(*shots))
        rows.append({"head": "original", "cells": cells})
    for i, head in enumerate(("rebuilt", f"with the other's {names.plain(swapped)}")):
        cells = []
        for j, place in enumerate(PLACES):
            alt = f"pair {place}, {head}"
            shots = [
                sheet.shot(
                    name,
                    pictures[i, j],
                    f"{names.title(name)} of {alt}",
                    wall.judgement(plate.judged, name, (i, j)),
                )
                for name, pictures in plate.pictures.items()
            ]
            cells.append(wall.cell(*shots))
        rows.append({"head": head, "cells": cells})
    heads = [f"{place} · a pair of {shown.digit(pair)}" for place, pair in zip(PLACES, (view.a, view.b), strict=True)]
    return {"across": 2, "columns": heads, "rows": rows, "head": "5.5rem", "gap": "1rem", "widest": "60rem"}


def _what_is_shown(shown: exhibit.Exhibit) -> str:
    view = state.view()
    real = exhibit.original(shown.name, shown.model.modalities[0], view.a) is not None
    if real:
        return "Top row: the real pictures, from your copy of the data. Below: what the model makes."
    return "All pictures are the model's; the real ones are not stored here (set MFM_DATA to see them beside)."


def _matrix(shown: exhibit.Exhibit) -> None:
    st.subheader("Every content with every style", anchor=False, divider="gray")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        with st.container(width=260):
            state.slide("Rows and columns", "size", 2, 10)
        resample.show()
    view = state.view()
    plate = cache.hung(swap.make_matrix, swap.MATRIX_FIELDS, shown, view)
    content, style = swap.donors(shown, view)
    givers = cache.rebuilt(shown, tuple(content)), cache.rebuilt(shown, tuple(style))
    sheet = wall.Sheet()
    wall.show(sheet, [_block(shown, plate, name, givers, content, sheet) for name in plate.pictures], key="wall_matrix")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(_score(shown, plate, content))
        title = f"Every content (rows) with every style (columns), seed {view.seed}"
        downloads.offer(plate, "matrix", title, lambda: swap.matrix_script(shown, view))


def _block(
    shown: exhibit.Exhibit,
    plate: Plate,
    name: str,
    givers: tuple[Plate, Plate],
    content: list[int],
    sheet: wall.Sheet,
) -> Data:
    """One modality of the matrix; a dashed frame where the judge reads another digit than that of the row."""
    by_content, by_style = (giver.pictures[name][0] for giver in givers)
    n_rows, n_columns = plate.shape
    columns = [wall.cell(sheet.shot(name, by_style[j], f"style {j + 1}")) for j in range(n_columns)]
    rows: list[Data] = []
    for i in range(n_rows):
        digit = shown.digit(content[i])
        cells = []
        for j in range(n_columns):
            seen = int(plate.judged[name][i, j].argmax()) if name in plate.judged else digit
            wrong = seen != digit
            alt = f"{names.title(name)}: a {digit} in style {j + 1}" + (f"; the judge reads {seen}" if wrong else "")
            shot = sheet.shot(name, plate.pictures[name][i, j], alt)
            cells.append(wall.cell(shot, mark="wrong" if wrong else ""))
        rows.append({"head": wall.cell(sheet.shot(name, by_content[i], f"content: a {digit}")), "cells": cells})
    return {
        "title": names.title(name),
        "across": n_columns,
        "columns": columns,
        "rows": rows,
        "gap": "3px",
        "head": "minmax(0, 1fr)",
        "least": "20rem",
        "headed": True,
    }


def _score(shown: exhibit.Exhibit, plate: Plate, content: list[int]) -> str:
    wanted = [[shown.digit(i)] for i in content]
    counts = [
        f"{int((read.argmax(-1) == wanted).sum())} of {read.shape[0] * read.shape[1]} {names.title(name)}"
        for name, read in plate.judged.items()
    ]
    heads = "The left column gives $Z_y$, the top row gives every $Z_a$."
    if not counts:
        return heads
    return f"{heads} The judges read the row's digit in {' and '.join(counts)} pictures; a dashed frame marks the rest."
