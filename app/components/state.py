"""The view of a session: read from the link, changed by controls, written back to the link."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.view import Limits, View, fit, link, parse


def open_view(limits: Limits, page: str) -> View:
    """The view of this run. It is read from the link unless the link is the one that we wrote ourselves.

    Args:
        limits: What the model in use allows.
        page: The page that is shown; going to another keeps the view although Streamlit clears the link.
    """
    params = st.query_params.to_dict()
    turned = st.session_state.get("page", page) != page
    st.session_state["page"] = page
    st.session_state["limits"] = limits
    if "view" not in st.session_state or (params != st.session_state["written"] and not (turned and not params)):
        st.session_state["view"], st.session_state["notices"] = parse(params, limits)
    write_link()
    return view()


def view() -> View:
    """The view as it is now."""
    current: View = st.session_state["view"]
    return current


def limits() -> Limits:
    """What the model in use allows."""
    known: Limits = st.session_state["limits"]
    return known


def change(**fields: str | int) -> None:
    """Change the view, for instance from a callback."""
    changed = View.model_validate(view().model_dump() | fields)
    st.session_state["view"] = fit(changed, st.session_state["limits"])
    st.session_state["notices"] = []


def write_link() -> None:
    """Put the view into the address of the page."""
    written = link(view(), st.session_state["limits"])
    if written != st.query_params.to_dict():
        st.query_params.from_dict(written)
    st.session_state["written"] = written


def notices() -> list[str]:
    """What was put right when the link was read, until the visitor changes something."""
    found: list[str] = st.session_state["notices"]
    return found


def choose(label: str, field: str, options: Mapping[str, str], *, hidden: bool = False, stretch: bool = False) -> str:
    """A row of buttons for one field of the view.

    Args:
        label: What is chosen.
        field: The field.
        options: Its values, and what each is called.
        hidden: Whether the label is for screen readers only.
        stretch: Whether the row takes the width of the page.
    """
    key = _place(field)
    st.segmented_control(
        label,
        list(options),
        format_func=lambda value: options[value],
        key=key,
        required=True,
        on_change=_take,
        args=(field, key),
        label_visibility="collapsed" if hidden else "visible",
        width="stretch" if stretch else "content",
    )
    return str(getattr(view(), field))


def select(label: str, field: str, options: Mapping[str, str]) -> str:
    """A list to choose one field of the view from."""
    key = _place(field)
    names = list(options)
    st.selectbox(label, names, format_func=lambda value: options[value], key=key, on_change=_take, args=(field, key))
    return str(getattr(view(), field))


def number(label: str, field: str, lowest: int, highest: int, *, description: str | None = None) -> None:
    """A whole number of the view."""
    key = _place(field)
    st.number_input(label, lowest, highest, step=1, key=key, on_change=_take, args=(field, key), help=description)


def slide(label: str, field: str, lowest: int, highest: int) -> None:
    """A small whole number of the view, on a slider."""
    key = _place(field)
    st.slider(label, lowest, highest, key=key, on_change=_take, args=(field, key))


def _place(field: str) -> str:
    """Set a control to what the view says, before it is drawn."""
    key = f"view_{field}"
    st.session_state[key] = getattr(view(), field)
    return key


def _take(field: str, key: str) -> None:
    change(**{field: st.session_state[key]})
