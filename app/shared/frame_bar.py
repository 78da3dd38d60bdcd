"""Frame of a page as it is shown: the way back to the lesson that opened it, and the title that a link gave it."""

from __future__ import annotations

import html
from collections.abc import Callable

import streamlit as st

from app.shared.page_frame import BACK, PageFrame

LESSONS = "lessons/page.py"


def show(frame: PageFrame, called: Callable[[str], str]) -> None:
    """Show what a frame has; nothing where it has nothing.

    Args:
        frame: The frame.
        called: What a lesson is called, by its name.
    """
    if (back := BACK.fullmatch(frame.back)) is not None:
        lesson, step, answers = back["lesson"], back["step"], back["answers"]
        with st.container(key="lesson_bar"):
            st.page_link(
                LESSONS,
                label=f"{called(lesson)}, step {step}: back to the lesson",
                icon=":material/arrow_back:",
                query_params={"lesson": lesson, "step": step, "answers": answers},
            )
    if frame.title:
        st.html(f'<p class="mfm-frame-title">{html.escape(frame.title)}</p>')
