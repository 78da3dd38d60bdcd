"""The page Lessons: predict first, then see it measured; alone, or a class together."""

from __future__ import annotations

import streamlit as st

from app.lessons import catalogue
from app.lessons.sections import overview, room, step
from app.lessons.view import LessonsLinks, LessonsView
from app.shared import sidebar, state


def main() -> None:
    """The page."""
    lessons = catalogue.lessons()
    state.open_view(LessonsLinks(lessons), "Lessons")
    for notice in state.notices():
        st.warning(notice)
    view = state.seen(LessonsView)
    if view.room and not room.hosted(view):
        room.join(view)
    elif view.lesson:
        step.show(lessons[view.lesson], view)
    else:
        overview.show(lessons)
    sidebar.show("**Lessons** of about ten minutes each")
    state.write_link()


main()
