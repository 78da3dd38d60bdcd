"""New draws by the next seed."""

from __future__ import annotations

import streamlit as st

from app.generate.figures.draws import SOURCES
from app.generate.view import View
from app.shared import state

SAME = "Goes to the next seed. The same seed gives the same picture."


def show() -> None:
    """A button that goes to the next seed, and says which it is."""
    if state.hidden("seed"):
        return
    label, disabled = f"Resample · seed {state.seen(View).seed}", state.held("seed")
    st.button(label, key="resample", on_click=_next, type="primary", help=SAME, disabled=disabled)


def source(label: str) -> None:
    """Where draws come from."""
    state.choose(label, "source", SOURCES)


def _next() -> None:
    _, most = state.bounds("seed")
    state.change(seed=(state.seen(View).seed + 1) % (most + 1))
