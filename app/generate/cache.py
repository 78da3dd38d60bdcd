"""Plates that were made before: decoded once for all visitors who look at the same thing."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.generate import digit_model
from app.generate.figures.picture_grid import PictureGrid, decode_grid
from app.generate.view import View

Make = Callable[[digit_model.DigitModel, View], PictureGrid]


def cached_grid(make: Make, fields: frozenset[str], shown: digit_model.DigitModel, view: View) -> PictureGrid:
    """The grid that ``make`` makes of those fields of the view that matter to it."""
    relevant = View.model_validate(view.model_dump(include=set(fields)))
    return _hung(f"{make.__module__}.{make.__qualname__}", shown.name, relevant.model_dump_json(), make)


@st.cache_data(max_entries=64, show_spinner=False)
def _hung(maker: str, name: str, view: str, _make: Make) -> PictureGrid:
    return _make(digit_model.load(name), View.model_validate_json(view))


def cached_reconstructions(shown: digit_model.DigitModel, pairs: tuple[int, ...]) -> PictureGrid:
    """Held-out pairs as the model reconstructs them, in one row."""
    return _rebuilt(shown.name, pairs)


@st.cache_data(max_entries=64, show_spinner=False)
def _rebuilt(name: str, pairs: tuple[int, ...]) -> PictureGrid:
    shown = digit_model.load(name)
    return decode_grid(shown.model, shown.codes.latents[list(pairs)], ("",), tuple(str(pair) for pair in pairs), {})
