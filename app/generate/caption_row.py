"""Row under a picture: how to read it, and its downloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import streamlit as st

from app.shared import downloads, names, prose
from app.shared.picture_grid import PictureGrid

if TYPE_CHECKING:
    from mfm_core.evaluation.statistics import Estimate


def show(caption: str, grid: PictureGrid, name: str, title: str, script: Callable[[], str]) -> None:
    """The caption, and the downloads beside it; see ``downloads.offer``."""
    left, right = st.columns([6, 1], vertical_alignment="top")
    with left:
        prose.caption(caption)
    with right, st.container(horizontal_alignment="right"):
        downloads.offer(grid, name, title, script)


def rates(measured: Mapping[str, Estimate]) -> str:
    """Shares of each modality with their intervals, in running text."""
    return "; ".join(
        f"{names.title(name)} {100 * rate.value:.1f} % (95 % interval {100 * rate.low:.1f} to {100 * rate.high:.1f})"
        for name, rate in measured.items()
    )
