"""Picker of a held-out pair by its picture, among one of each digit."""

from __future__ import annotations

import streamlit as st

from app.elements.element import Data
from app.elements.wall import wall
from app.generate.cache import cached_reconstructions
from app.generate.digit_model import DigitModel
from app.generate.view import View
from app.shared import names, state
from app.shared.picture_grid import PictureGrid


def show(shown: DigitModel, field: str, label: str, *, other: str = "") -> None:
    """Ten pairs, one a digit; the one in use is marked. The pictures are reconstructions from the stored codes.

    Args:
        shown: The model of digits.
        field: The field of the view that holds the pair: ``a`` or ``b``.
        label: What is chosen, for the heading.
        other: The field of a pair that is not offered, for the two are to differ; empty where any may be chosen.
    """
    if not state.offered(field, label):
        return
    index, locked = getattr(state.seen(View), field), state.held(field)
    of_digits = _offered(shown, index, other)
    row = of_digits[shown.digit(index)].index(index)
    pairs = [pairs[row % len(pairs)] for pairs in of_digits if pairs]
    grid = cached_reconstructions(shown, tuple(pairs))
    digits = tuple(shown.digit(pair) for pair in pairs)
    left, right = st.columns([8, 1], vertical_alignment="center", gap="small")
    with left:
        on_pick = None if locked else lambda value: _pick(shown, field, value)
        wall.show_once(_panels, grid, tuple(pairs), digits, index, label, key=f"pairs_{field}", on_pick=on_pick)
    with right:
        st.button(
            "Others",
            key=f"other_{field}",
            on_click=_turn,
            args=(shown, field, other),
            type="tertiary",
            disabled=locked,
            help=f"{label}: another pair of each {shown.label}",
        )


def _panels(
    sheet: wall.Sheet, grid: PictureGrid, pairs: tuple[int, ...], digits: tuple[int, ...], index: int, label: str
) -> list[Data]:
    """A cell a pair."""
    cells = []
    for column, (pair, digit) in enumerate(zip(pairs, digits, strict=True)):
        shots = [
            sheet.shot(name, grid.pictures[name][0, column], f"{names.title(name)} {digit}") for name in grid.pictures
        ]
        cells.append(wall.cell(*shots, pick=str(pair), picked=pair == index, alt=f"{label}: a pair of {digit}"))
    return [
        {
            "across": len(pairs),
            "rows": [{"head": label, "cells": cells}],
            "gap": "2px",
            "head": "4.25rem",
            "folded": 5,
        }
    ]


def _pick(shown: DigitModel, field: str, value: str) -> None:
    if value.isdecimal() and int(value) < len(shown.codes):
        state.change(**{field: int(value)})


def _offered(shown: DigitModel, index: int, other: str) -> list[list[int]]:
    """The pairs of each digit without the one that another field holds, unless it is the one in use too."""
    left_out = getattr(state.seen(View), other) if other else None
    return [[pair for pair in pairs if pair != left_out or pair == index] for pairs in shown.digits]


def _turn(shown: DigitModel, field: str, other: str) -> None:
    index = getattr(state.seen(View), field)
    pairs = _offered(shown, index, other)[shown.digit(index)]
    state.change(**{field: pairs[(pairs.index(index) + 1) % len(pairs)]})
