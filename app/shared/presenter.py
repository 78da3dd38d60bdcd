"""Presenter view: larger type and no sidebar, for a lecture hall; the pages stand in a row at the top."""

from __future__ import annotations

import streamlit as st

from app.shared import app_view

SCALE = 1.25
"""How much larger the type is than elsewhere."""
STYLE = f"""<style>
html {{ font-size: {16 * SCALE:g}px !important; }}
.stMainBlockContainer {{ padding-top: 4.25rem; }}
</style>"""
KEY = "presenter"


def on() -> bool:
    """Whether someone presents."""
    return app_view.seen().presenter == "1"


def scale() -> float:
    """How much larger type is than elsewhere: of what is measured in pixels, as charts are."""
    return SCALE if on() else 1.0


def switch() -> None:
    """A switch that begins it, for the sidebar."""
    st.session_state[KEY] = on()
    st.toggle("Presenter view", key=KEY, on_change=_take, help="Larger type, no sidebar. The link carries it.")


def leave() -> None:
    """A button that ends it."""
    st.button("Leave the presenter view", key="leave_presenter", on_click=app_view.change, kwargs={"presenter": "0"})


def _take() -> None:
    app_view.change(presenter="1" if st.session_state[KEY] else "0")
