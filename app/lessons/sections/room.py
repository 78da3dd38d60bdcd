"""A room in which a class predicts: the projector's side, and that of each who joins."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from app.lessons.poll_rooms import CODE, Poll, PollRooms, Seen, is_code
from app.lessons.view import LessonsView
from app.shared import charts, job_store, prose, state
from app.shared.charts import Bar
from app.shared.teacher_link import link
from mfm_core.jobs.store import default_folder
from mfm_core.lessons.lesson import Question

LIVE = 1.5
"""Seconds between two counts on the projector."""
FOLLOW = 5.0
"""Seconds between two looks of who has joined; hundreds look at once."""
NO_ROOM = "There is no room of this code now. Ask for the code on the projector; rooms are closed after the lesson."


def rooms() -> PollRooms:
    """The rooms of this server, and of its replicas."""
    return PollRooms(default_folder())


def hosted(view: LessonsView) -> bool:
    """Whether the visitor has opened the room of a view."""
    with suppress(ValueError):  # who looks into the room is told
        return bool(view.lesson and view.host) and rooms().is_host(view.room, view.host)
    return False


def host(question: Question, view: LessonsView) -> None:
    """The room of a step's question on the projector; a button that opens one where there is none."""
    poll = Poll(question.ask, tuple(choice.text for choice in question.choices))
    with st.container(border=True):
        st.subheader("With a class", anchor=False)
        if not hosted(view):
            prose.write(
                "Open a room, and everyone predicts on their own device. Answers are counted without names, and "
                "forgotten with the room."
            )
            st.button("Open a room", key="open_room", on_click=_open, args=(poll,))
            if refused := st.session_state.pop("room_refused", ""):
                st.warning(refused)
            return
        try:
            rooms().ask(view.room, view.host, poll)
        except ValueError as error:
            st.warning(f"The question is not asked: {error}.")
        address = link(st.context.url or "", {"room": view.room})
        st.html(f'<p class="mfm-room-code" aria-label="Code of the room">{view.room}</p>')
        st.code(address, language=None, wrap_lines=True)
        st.toggle("Show the bars", key="room_bars", help="Off, so that first votes do not lead the others.")
        _live(view.room)
        st.button("Close the room", key="close_room", on_click=_close, args=(view.room, view.host))


def join(view: LessonsView) -> None:
    """The question of a room, for one who has joined."""
    st.button(
        "Leave the room", key="leave_room", on_click=state.change, kwargs={"room": "", "host": ""}, type="tertiary"
    )
    if not _is_open(view.room):
        st.header("Join your class", anchor=False)
        st.info(NO_ROOM)
        ask_for_code()
        return
    st.header(f"Room {view.room}", anchor=False)
    _follow(view.room)


def ask_for_code() -> None:
    """The field that takes the code of a room and leads there; it says where there is no such room."""
    st.text_input(
        f"Code on the projector, {CODE} letters and digits", max_chars=CODE, key="room_code", on_change=_enter
    )
    code = _typed()
    if code and not is_code(code):
        st.warning(f"A code has {CODE} letters and digits, from 2 on, and no I, L, O.")
    elif code and not _is_open(code):
        st.warning(f"There is no room {code} now. Compare it with the code on the projector, and type it again.")


def _typed() -> str:
    code: str = st.session_state["room_code"].strip().upper()
    return code


def _enter() -> None:
    code = _typed()
    if is_code(code) and _is_open(code):
        state.change(room=code, host="")


def _is_open(code: str) -> bool:
    """Whether there is a room of a code; yes where it cannot be read, which is told there."""
    with suppress(ValueError):
        return rooms().look(code, job_store.visitor()) is not None
    return True


@st.fragment(run_every=LIVE)
def _live(code: str) -> None:
    seen = _look(code, "The room is closed.")
    if seen is None:
        return
    st.html(f'<p class="mfm-room-count" role="status">{seen.total} answered</p>')
    if st.session_state.get("room_bars"):
        _bars(seen)


def _look(code: str, none: str) -> Seen | None:
    """The room of a code, or None and a sentence: ``none``, or why it cannot be read."""
    try:
        seen = rooms().look(code, job_store.visitor())
    except ValueError as error:
        st.warning(f"The room cannot be read now: {error}.")
        return None
    if seen is None:
        st.info(none)
    return seen


def _bars(seen: Seen) -> None:
    title = "answers"
    rows = [Bar(choice, n, said=str(n)) for choice, n in zip(seen.poll.choices, seen.counts, strict=True)]
    most = max(5.0, 1.05 * max(seen.counts))
    figure = charts.bars({title: rows}, {title: "y"}, charts.palette(), most=most, mark=None)
    told = "; ".join(f"{choice}: {n}" for choice, n in zip(seen.poll.choices, seen.counts, strict=True))
    table: charts.Table = {"answer": list(seen.poll.choices), title: list(seen.counts)}
    charts.show(figure, table, key="room", alt=f"Answers of the class. {told}.")


@st.fragment(run_every=FOLLOW)
def _follow(code: str) -> None:
    seen = _look(code, NO_ROOM)
    if seen is None:
        return
    prose.write(f"**{seen.poll.ask}**")
    for place, choice in enumerate(seen.poll.choices):
        st.button(
            prose.harmless(choice),
            key=f"choice_{seen.round}_{place}",
            type="primary" if seen.mine == place else "secondary",
            width="stretch",
            on_click=_answer,
            args=(code, seen.round, place),
        )
    if refused := st.session_state.pop("answer_refused", ""):
        st.warning(refused)
    if seen.mine is not None:
        prose.write("Your answer is counted. Another takes its place until the next question is asked.")


def _answer(code: str, round_: int, place: int) -> None:
    try:
        rooms().answer(code, job_store.named_visitor(), round_, place)
    except ValueError as error:
        st.session_state["answer_refused"] = f"Not counted: {error}."


def _open(poll: Poll) -> None:
    try:
        code, key = rooms().open(poll)
    except ValueError as error:
        st.session_state["room_refused"] = f"{error}."
    else:
        state.change(room=code, host=key)


def _close(code: str, key: str) -> None:
    with suppress(ValueError):  # it was over already
        rooms().close(code, key)
    state.change(room="", host="")
