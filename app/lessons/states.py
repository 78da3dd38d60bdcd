"""Pages as a lesson opens them: what their links may say, known without loading a model."""

from __future__ import annotations

import importlib
from functools import lru_cache
from pathlib import Path

from app.shared.links import Linked, declared_range, read_fields, unknown_parts
from app.shared.page_frame import BACK, read_frame, without_frame
from mfm_core.lessons.lesson import Lesson, State

APP = Path(__file__).parents[1]
HIGHEST = 10**18
"""Stands for a bound that depends on what is stored."""


def file_of(page: str) -> str:
    """Script of a page, as ``st.page_link`` takes it."""
    return f"{page}/page.py"


@lru_cache(maxsize=64)  # a visitor's lesson can name any
def view_of(page: str) -> type[Linked] | None:
    """The view of a page; None where there is no such page, or it has no links."""
    if not (APP / page / "view.py").is_file() or not (APP / page / "page.py").is_file():
        return None
    module = importlib.import_module(f"app.{page}.view")
    own = [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Linked) and one.__module__ == module.__name__
    ]
    return own[0] if own else None


def problems(lesson: Lesson) -> list[str]:
    """A sentence for each link of a lesson that no page can open, with the step it belongs to."""
    return [
        f"steps.{place}.opens: {problem}"
        for place, step in enumerate(lesson.steps)
        for problem in _problems(step.opens)
    ]


def _problems(state: State) -> list[str]:
    view = view_of(state.page)
    if view is None:
        return [f"page: expected the folder of a page with links, such as generate or flow, got {state.page!r}"]
    _, of_frame = read_frame(state.link)
    link = without_frame(state.link)
    # Which values are stored is the page's to know; here only those are refused that it could never show.
    _, of_view = read_fields(link, view(), lambda name: declared_range(view, name, HIGHEST), {})
    return of_frame + of_view + unknown_parts(link, view)


def link_of(state: State, lesson: str, step: int, answers: str) -> dict[str, str]:
    """The query parameters that open a state, with the way back to the lesson.

    Args:
        state: The state.
        lesson: Name of the lesson.
        step: Its step, from 1.
        answers: What was answered so far.
    """
    back = f"{lesson}.{step}.{answers}"
    return dict(state.link) | ({"back": back} if BACK.fullmatch(back) else {})
