"""A sweep that is scrubbed in the browser: one sprite a modality, and the server hears of the frame on release."""

from __future__ import annotations

import hashlib

import numpy as np
import streamlit as st

from app.elements.element import define, on_trigger
from app.shared import names, state
from app.shared.made_once import sprite_once
from app.shared.picture_grid import PictureGrid

mount = define("scrubber")
KEY = "scrubber"


def show(grid: PictureGrid, *, label: str, ends: tuple[str, str], sweep: str, at: int) -> None:
    """Show a grid of one row as a slide.

    Args:
        grid: The frames; its columns name their values.
        label: Of the slider.
        ends: What stands at its left and right end.
        sweep: What tells this sweep from every other, of any model.
        at: The frame that the view shows.
    """
    frames = len(grid.columns)
    data = {
        "tiles": {name: sprite_once(pictures[0]).as_data() for name, pictures in grid.pictures.items()},
        "titles": {name: names.title(name) for name in grid.pictures},
        "frames": frames,
        "values": grid.columns,
        "believed": np.rint(100 * grid.label[0]).astype(int).tolist(),
        "judged": {name: np.rint(100 * read[0]).astype(int).tolist() for name, read in grid.judged.items()},
        "label": label,
        "ends": ends,
        "start": _start(sweep, at, frames),
    }
    data["version"] = hashlib.sha256(f"{sweep} {data['start']}".encode()).hexdigest()[:16]
    mount(data=data, key=KEY, on_at_change=on_trigger(KEY, "at", _take))


def _start(sweep: str, at: int, frames: int) -> int:
    """The frame to begin with. A frame that the slider itself sent is no reason to send it the sprite again."""
    known = st.session_state.get("scrubbed")
    if known is None or known["sweep"] != sweep or known["at"] != at:
        known = {"sweep": sweep, "at": at, "start": at, "frames": frames}
        st.session_state["scrubbed"] = known
    start: int = known["start"]
    return start


def _take(value: object) -> None:
    known = st.session_state.get("scrubbed")
    if known and isinstance(value, int | float) and 0 <= value < known["frames"]:
        state.change(at=int(value))
        known["at"] = int(value)
