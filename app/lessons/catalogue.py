"""The lessons that come with the app, and the one that a visitor brought."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import streamlit as st

from app.lessons.view import OWN
from mfm_core.lessons.lesson import Lesson, read_lesson

CONTENT = Path(__file__).parent / "content"


@cache
def shipped() -> Mapping[str, Lesson]:
    """The lessons of the app by name, in the order in which they build on one another.

    Raises:
        ValueError: If a file is not a lesson, or two have the same place.
    """
    return in_order({path.stem: read_lesson(path) for path in CONTENT.glob("*.toml")})


def in_order(found: Mapping[str, Lesson]) -> dict[str, Lesson]:
    """Lessons by their places; those that have none come after, by name.

    Raises:
        ValueError: If two have the same place.
    """
    at: dict[int, str] = {}
    for name, place in sorted((name, lesson.place) for name, lesson in found.items() if lesson.place is not None):
        if at.setdefault(place, name) != name:
            raise ValueError(f"{name}: place: expected one that no other lesson has, got {place}, of {at[place]}")
    names = [at[place] for place in sorted(at)]
    return {name: found[name] for name in (*names, *sorted(found.keys() - set(names)))}


def path_of(name: str) -> Path:
    """File of a lesson of the app."""
    return CONTENT / f"{name}.toml"


def called(name: str) -> str:
    """A lesson, as it is called where there is no room for its title."""
    if name in (names := list(shipped())):
        return f"Lesson {names.index(name) + 1}"
    return "Your lesson" if name == OWN else "A lesson"


def lessons() -> dict[str, Lesson]:
    """Every lesson of this visit, by name."""
    own: Lesson | None = st.session_state.get("own_lesson")
    return dict(shipped()) | ({OWN: own} if own is not None else {})


def keep(lesson: Lesson) -> None:
    """Keep a lesson that the visitor brought, for this visit."""
    st.session_state["own_lesson"] = lesson
