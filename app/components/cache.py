"""Plates that were made before: decoded once for all visitors who look at the same thing."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import exhibit
from app.plates.plate import Plate, hang
from app.view import View

Make = Callable[[exhibit.Exhibit, View], Plate]


def hung(make: Make, fields: frozenset[str], shown: exhibit.Exhibit, view: View) -> Plate:
    """The plate that ``make`` makes of those fields of the view that matter to it."""
    relevant = View.model_validate(view.model_dump(include=set(fields)))
    return _hung(f"{make.__module__}.{make.__qualname__}", shown.name, relevant.model_dump_json(), make)


@st.cache_data(max_entries=64, show_spinner=False)
def _hung(maker: str, name: str, view: str, _make: Make) -> Plate:
    return _make(exhibit.load(name), View.model_validate_json(view))


def rebuilt(shown: exhibit.Exhibit, pairs: tuple[int, ...]) -> Plate:
    """Held-out pairs as the model reconstructs them, in one row."""
    return _rebuilt(shown.name, pairs)


@st.cache_data(max_entries=64, show_spinner=False)
def _rebuilt(name: str, pairs: tuple[int, ...]) -> Plate:
    shown = exhibit.load(name)
    return hang(shown.model, shown.codes.latents[list(pairs)], ("",), tuple(str(pair) for pair in pairs), {})
