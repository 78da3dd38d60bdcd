"""The dialog that makes a teacher's link: what is shown, with a title, and with controls hidden or locked."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from app.shared import state
from app.shared.app_view import AppView
from app.shared.links import OWN_PARTS, write_fields
from app.shared.page_frame import LONGEST_TITLE, PageFrame


def offer() -> None:
    """A button that opens the dialog; not on a page whose controls a teacher's link holds already."""
    if not state.frame().held:
        st.button("Make a teacher's link", key="teacher_link", type="tertiary", on_click=_ask)
    if st.session_state.pop("teacher_link_asked", False):
        st.dialog("A teacher's link")(compose)(state.controls(), state.address())


def _ask() -> None:
    st.session_state["teacher_link_asked"] = True


def compose(controls: Mapping[str, str], shown: Mapping[str, str]) -> None:
    """Ask what to hold, and show the link.

    Args:
        controls: What each control of the page is called, by its name in links.
        shown: The query parameters that open what is shown.
    """
    st.write(
        "The link opens this page as it is now. Controls that are hidden or locked keep the values they have now. "
        "It guides a class; it is no lock, for who edits the address has every control back."
    )
    title = st.text_input("Title above the page", max_chars=LONGEST_TITLE, key="teacher_title")
    hide, lock = _held(controls) if controls else ([], [])
    presented = AppView(presenter="1" if st.toggle("Presenter view", key="teacher_presenter") else "0")
    frame = PageFrame(title=title.strip(), hide=tuple(hide), lock=tuple(lock))
    others = {name: value for name, value in shown.items() if name not in OWN_PARTS}
    parts = others | frame.link() | write_fields(presented, AppView())
    st.code(link(st.context.url or "", parts), language=None, wrap_lines=True)


def _held(controls: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Ask which controls to hide, and which of the others to lock."""
    hide = st.multiselect("Controls to hide", list(controls), format_func=controls.__getitem__, key="teacher_hide")
    rest = [name for name in controls if name not in hide]
    return hide, st.multiselect("Controls to lock", rest, format_func=controls.__getitem__, key="teacher_lock")


def link(address: str, params: Mapping[str, str]) -> str:
    """The address that opens a page with query parameters.

    Args:
        address: Of the page; its own query parameters are left out.
        params: Those of the view, of its frame and of the app.
    """
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(params), ""))
