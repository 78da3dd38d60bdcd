"""A step of a lesson: read, predict, see it measured, and open the page that shows it."""

from __future__ import annotations

import math

import streamlit as st

from app.lessons import answers
from app.lessons.sections import room
from app.lessons.states import file_of, link_of
from app.lessons.view import LessonsView
from app.shared import charts, prose, state
from app.shared.charts import Bar
from mfm_core.lessons.lesson import Lesson, Question, Step
from mfm_core.lessons.measure import Answer


def show(lesson: Lesson, view: LessonsView) -> None:
    """The section."""
    here = lesson.steps[view.step - 1]
    st.button("All lessons", key="all_lessons", on_click=_leave, icon=":material/arrow_back:", type="tertiary")
    st.header(prose.harmless(lesson.title), anchor=False)
    prose.caption(f"Step {view.step} of {len(lesson.steps)}")
    st.progress(view.step / len(lesson.steps))
    left, right = st.columns([3, 2], gap="large")
    shown = False
    with left:
        st.html(f"<h3 class='mfm-lesson'>{prose.markup(here.title)}</h3>")
        for paragraph in here.text.strip().split("\n\n"):
            prose.write(paragraph)
        taken = view.answer(view.step)
        if here.question is not None:
            _ask(here.question, view, taken)
        if here.question is None or taken is not None:
            shown = _reveal(here, view, taken)
    with right:
        if here.question is not None:
            room.host(here.question, view)
    _pager(lesson, view, shown)
    if shown and view.step == len(lesson.steps):
        _count(lesson, view)


def _leave() -> None:
    state.change(lesson="", step=1, answers="", room="", host="")


def _ask(question: Question, view: LessonsView, taken: int | None) -> None:
    key = f"predicted_{view.lesson}_{view.step}"
    if taken is not None:
        st.session_state[key] = taken
    prose.write(f"**{question.ask}**")
    st.radio(
        prose.harmless(question.ask),
        range(len(question.choices)),
        format_func=lambda place: prose.harmless(question.choices[place].text),
        index=None,
        key=key,
        disabled=taken is not None,
        label_visibility="collapsed",  # it is set above, with its symbols
    )
    if taken is None:
        chosen = st.session_state[key]
        st.button(
            "Predict, and measure it",
            key="predict",
            type="primary",
            disabled=chosen is None,
            on_click=_predict,
            args=(view.step, chosen),
        )


def _predict(step: int, choice: int) -> None:
    state.change(answers=state.seen(LessonsView).answered(step, choice))


def _reveal(here: Step, view: LessonsView, taken: int | None) -> bool:
    """The answer, what explains it and the page that shows it; whether they could be shown yet."""
    if here.question is not None and taken is not None:
        answer = answers.measured(here.question.measure)
        if answer is None:
            return False
        _verdict(here.question, answer, taken)
        _chart(answer, f"lesson_{view.lesson}_{view.step}")
    for paragraph in here.explain.strip().split("\n\n") if here.explain else []:
        prose.write(paragraph)
    params = link_of(here.opens, view.lesson, view.step, view.answers)
    st.page_link(
        file_of(here.opens.page),
        label="See it on its page, with the controls set",
        icon=":material/open_in_new:",
        query_params=params,
    )
    return True


def _verdict(question: Question, answer: Answer, taken: int) -> None:
    try:
        right = question.right(answer)
    except ValueError as error:  # a lesson that a teacher is about to write
        st.warning(prose.harmless(str(error)))
        return
    said = prose.harmless(question.choices[right].text)
    if right == taken:
        st.success(f"You predicted it: {said}.")
    else:
        st.info(f"You predicted: {prose.harmless(question.choices[taken].text)}. It is: {said}.")
    prose.write(answer.sentence)


def _chart(answer: Answer, key: str) -> None:
    colours = charts.palette()
    nan = (math.nan, math.nan)
    rows = [
        Bar(name, value, *answer.intervals.get(name, nan), said=f"{value:.4g}") for name, value in answer.counts.items()
    ]
    most = 1.05 * max([*answer.counts.values(), *(high for _, high in answer.intervals.values()), 1e-9])
    figure = charts.bars({answer.unit: rows}, {answer.unit: "y"}, colours, most=most, mark=None)
    told = "; ".join(f"{name}: {value:.4g}" for name, value in answer.counts.items())
    table: charts.Table = {"what": list(answer.counts), answer.unit: list(answer.counts.values())}
    charts.show(figure, table, key=key, alt=f"{answer.unit}. {told}.")
    lines = " Line: 95 % interval." if answer.intervals else ""
    prose.caption(f"Measured here: {answer.source}.{lines}")


def _pager(lesson: Lesson, view: LessonsView, shown: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if view.step > 1:
            st.button("Step before", key="step_before", on_click=state.change, kwargs={"step": view.step - 1})
        if view.step < len(lesson.steps):
            st.button(
                "Next step",
                key="step_next",
                type="primary" if shown else "secondary",
                on_click=state.change,
                kwargs={"step": view.step + 1},
            )


def _count(lesson: Lesson, view: LessonsView) -> None:
    """How many predictions held, once all questions were answered."""
    asked = [(step, one.question) for step, one in enumerate(lesson.steps, 1) if one.question is not None]
    given = [(question, view.answer(step)) for step, question in asked]
    if not given or any(taken is None for _, taken in given):
        return
    held = 0
    for question, taken in given:
        answer = answers.measured(question.measure)
        if answer is None:
            return
        held += question.choices[taken or 0].holds(answer.value)
    prose.write(f"**{held} of {len(given)}** of your predictions held. The link of this page holds them all.")
