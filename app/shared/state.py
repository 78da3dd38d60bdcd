"""The view of a session: read from the link, changed by controls, written back to the link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import streamlit as st

from app.shared import app_view
from app.shared.links import LinkCodec, Linked

V = TypeVar("V", bound=Linked)
NOTHING: Mapping[str, str | int] = {}


def open_view(codec: LinkCodec, page: str) -> None:
    """Find the view of this run. It is read from the link unless the link is the one that we wrote ourselves.

    Args:
        codec: How the page reads and writes its links.
        page: The page that is shown; each keeps its own view while others are shown, although Streamlit clears the
            link.
    """
    params, before = app_view.of_page(st.query_params.to_dict()), st.session_state.get("page")
    turned = before != page
    known = st.session_state.get("kept", {}).get(page) if turned else st.session_state["view"]
    ours = (turned and not params) or (not turned and params == st.session_state["written"])
    if known is not None and ours:
        opened, notices = codec.fit(known), [] if turned else st.session_state["notices"]
    else:
        opened, notices = codec.parse(params)
    if turned and before is not None:
        st.session_state.setdefault("kept", {})[before] = st.session_state["view"]
    st.session_state.update(page=page, book=codec, view=opened, notices=notices + app_view.notices())
    write_link()


def seen(kind: type[V]) -> V:
    """The view as it is now.

    Raises:
        TypeError: If the page shows views of another kind.
    """
    current = st.session_state["view"]
    if not isinstance(current, kind):
        raise TypeError(f"view: expected {kind.__name__}, got {type(current).__name__}")
    return current


def change(**fields: str | int) -> None:
    """Change the view, for instance from a callback."""
    now: Linked = st.session_state["view"]
    changed = type(now).model_validate(now.model_dump() | fields)
    st.session_state["view"] = st.session_state["book"].fit(changed)
    st.session_state["notices"] = []


def write_link() -> None:
    """Put the view into the address of the page."""
    written = st.session_state["book"].link(st.session_state["view"])
    whole = written | app_view.parts()
    if whole != st.query_params.to_dict():
        st.query_params.from_dict(whole)
    st.session_state["written"] = written


def notices() -> list[str]:
    """Corrections made when the link was read, until the visitor changes something."""
    found: list[str] = st.session_state["notices"]
    return found


def choose(
    label: str,
    field: str,
    options: Mapping[Any, str],
    *,
    hidden: bool = False,
    stretch: bool = False,
    resets: Mapping[str, str | int] = NOTHING,
) -> str:
    """A row of buttons for one field of the view.

    Args:
        label: What is chosen.
        field: The field.
        options: Its values, and what each is called.
        hidden: Whether the label is for screen readers only.
        stretch: Whether the row takes the width of the page.
        resets: Fields that another choice sets back, and to what.
    """
    key = _place(field)
    st.segmented_control(
        label,
        list(options),
        format_func=lambda value: options[value],
        key=key,
        required=True,
        on_change=_take,
        args=(field, key, resets),
        label_visibility="collapsed" if hidden else "visible",
        width="stretch" if stretch else "content",
    )
    return str(getattr(st.session_state["view"], field))


def select(
    label: str,
    field: str,
    options: Mapping[Any, str],
    *,
    resets: Mapping[str, str | int] = NOTHING,
    description: str | None = None,
) -> str:
    """A list to choose one field of the view from; see ``choose`` for ``resets``."""
    key = _place(field)
    names = list(options)
    st.selectbox(
        label,
        names,
        format_func=lambda value: options[value],
        key=key,
        on_change=_take,
        args=(field, key, resets),
        help=description,
    )
    return str(getattr(st.session_state["view"], field))


def toggle(label: str, field: str, off: str, on: str, *, description: str | None = None) -> None:
    """A switch between two values of a field of the view."""
    key = f"view_{field}"
    st.session_state[key] = getattr(st.session_state["view"], field) == on

    def take() -> None:
        change(**{field: on if st.session_state[key] else off})

    st.toggle(label, key=key, on_change=take, help=description)


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
    st.session_state[key] = getattr(st.session_state["view"], field)
    return key


def _take(field: str, key: str, resets: Mapping[str, str | int] = NOTHING) -> None:
    change(**(dict(resets) | {field: st.session_state[key]}))
