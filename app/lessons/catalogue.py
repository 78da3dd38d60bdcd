"""The lessons that come with the app, and the one that a visitor brought."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import streamlit as st

from app.lessons.view import OWN
from mfm_core.lessons.lesson import Lesson, read_lesson

CONTENT = Path(__file__).parent / "content"
ORDER = ("factor", "swap", "objective", "word", "modality", "failures")
"""Names of the lessons in the order in which they build on one another."""


@cache
def shipped() -> Mapping[str, Lesson]:
    """The lessons of the app, by name.

    Raises:
        ValueError: If a file is not a lesson.
    """
    return {name: read_lesson(path_of(name)) for name in ORDER}


def path_of(name: str) -> Path:
    """File of a lesson of the app."""
    return CONTENT / f"{name}.toml"


def called(name: str) -> str:
    """A lesson, as it is called where there is no room for its title."""
    if name in ORDER:
        return f"Lesson {ORDER.index(name) + 1}"
    return "Your lesson" if name == OWN else "A lesson"


def lessons() -> dict[str, Lesson]:
    """Every lesson of this visit, by name."""
    own: Lesson | None = st.session_state.get("own_lesson")
    return dict(shipped()) | ({OWN: own} if own is not None else {})


def keep(lesson: Lesson) -> None:
    """Keep a lesson that the visitor brought, for this visit."""
    st.session_state["own_lesson"] = lesson
