"""The way to join a room, all lessons, and a lesson of one's own."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.elements.own_tab import own_tab
from app.lessons import catalogue
from app.lessons.sections import room
from app.lessons.states import problems
from app.lessons.view import OWN, LessonsLinks
from app.shared import prose, state
from mfm_core.lessons.lesson import MAX_LESSON_BYTES, Lesson, parse_lesson

COLUMNS = 3


def show(lessons: Mapping[str, Lesson]) -> None:
    """The section."""
    about, join = st.columns((2, 1), gap="large")
    with about:
        st.header("What would you expect, and what is measured?", anchor=False)
        prose.write(
            "Each lesson asks you to **predict first**. Then the answer is measured on the stored model while you "
            "wait, and the page that shows it opens with its controls set. Nothing about you is kept: your progress "
            "is in the link."
        )
    with join:  # on a phone it stands above the lessons too, where who is told a code looks for it
        st.subheader("Join your class", anchor=False)
        room.ask_for_code()
    names = list(lessons)
    for first in range(0, len(names), COLUMNS):
        for column, name in zip(st.columns(COLUMNS), names[first : first + COLUMNS], strict=False):
            with column:
                _card(name, names.index(name) + 1, lessons[name])
    _own_lesson()


def _card(name: str, number: int, lesson: Lesson) -> None:
    with st.container(border=True, height="stretch"):
        st.html(f"<h2 class='mfm-lesson'>{number}. {prose.markup(lesson.title)}</h2>")
        prose.write(lesson.about)
        prose.caption(f"{len(lesson.steps)} steps, about {lesson.minutes} minutes")
        # Numbers tell the buttons apart for who hears them one after the other.
        st.button(
            f"Begin lesson {number}",
            key=f"begin_{name}",
            on_click=state.change,
            kwargs={"lesson": name, "step": 1, "answers": ""},
        )


def _own_lesson() -> None:
    st.subheader("A lesson of your own", anchor=False)
    prose.write(
        "A lesson is one text file, TOML. Take one of ours, change it, and try it here; the README says what may stand "
        "in it. The file is read for this visit alone and kept nowhere."
    )
    example = catalogue.path_of("swap")
    st.download_button(
        "A lesson to begin with", example.read_bytes(), example.name, "application/toml", type="tertiary"
    )
    own_tab.offer("lesson")
    file = st.file_uploader(
        f"Lesson, TOML, at most {MAX_LESSON_BYTES // 1024} KB",
        type=["toml"],
        key="own_lesson_file",
        max_upload_size=1,  # the least there is, in MB; what the control says of it is hidden, for the label says less
    )
    if file is None:
        return
    if file.size > MAX_LESSON_BYTES:
        st.error(f"The file has {file.size} bytes, and a lesson at most {MAX_LESSON_BYTES}.")
        return
    try:
        lesson = parse_lesson(file.getvalue(), file.name[:80])
        if found := problems(lesson):
            raise ValueError(f"{file.name[:80]}: {found[0]}")
    except ValueError as error:
        st.error(prose.harmless(str(error)))
        return
    st.success(f"{len(lesson.steps)} steps, about {lesson.minutes} minutes.")
    st.button("Try it", key="begin_own", on_click=_begin, args=(lesson,), type="primary")


def _begin(lesson: Lesson) -> None:
    catalogue.keep(lesson)
    state.renew(LessonsLinks(catalogue.lessons()))
    state.change(lesson=OWN, step=1, answers="")
