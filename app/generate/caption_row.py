"""Row under a picture: how to read it, and its downloads."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.shared import downloads, prose
from app.shared.picture_grid import PictureGrid


def show(caption: str, grid: PictureGrid, name: str, title: str, script: Callable[[], str]) -> None:
    """The caption, and the downloads beside it; see ``downloads.offer``."""
    left, right = st.columns([6, 1], vertical_alignment="top")
    with left:
        prose.caption(caption)
    with right, st.container(horizontal_alignment="right"):
        downloads.offer(grid, name, title, script)
