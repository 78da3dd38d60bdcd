"""View of the whole app: what a link says of every page at once, kept when the visitor goes from page to page."""

from __future__ import annotations

from typing import Annotated, Literal

import streamlit as st
from pydantic import Field

from app.shared.links import Linked, fields, read_fields, write_fields


class AppView(Linked):
    """View of the app; its fields must not be called as those of a page's view are.

    Attributes:
        presenter: Whether someone presents: ``"1"`` enlarges the type and hides the sidebar.
        mine: The visitor's token, by which jobs that they asked for are known to be theirs; empty for none.
    """

    presenter: Literal["0", "1"] = "0"
    mine: Annotated[str, Field(pattern=r"^([0-9a-f]{16})?$")] = ""


def open_app() -> None:
    """Read the app's parts of the link, and put back those that Streamlit cleared when the page was changed."""
    params = st.query_params.to_dict()
    view, notices = read_fields(params, seen(), lambda _: (0, 0), {})
    st.session_state.update(app_view=view, app_notices=notices)
    for name, value in parts().items():
        if params.get(name) != value:
            st.query_params[name] = value


def seen() -> AppView:
    """The view of the app as it is now."""
    view: AppView = st.session_state.get("app_view", AppView())
    return view


def change(**values: str) -> None:
    """Change the view of the app, from a callback; the link follows at once, for the next run reads it."""
    view = AppView.model_validate(seen().model_dump() | values)
    st.session_state["app_view"] = view
    for name in fields(AppView):
        if name in parts():
            st.query_params[name] = parts()[name]
        elif name in st.query_params:
            del st.query_params[name]


def parts() -> dict[str, str]:
    """The parts of the link that open the app as it is."""
    return write_fields(seen(), AppView())


def of_page(params: dict[str, str]) -> dict[str, str]:
    """The parts of a link that are the page's own."""
    return {name: value for name, value in params.items() if name not in fields(AppView)}


def notices() -> list[str]:
    """A sentence for each of the app's parts that was put right in this run."""
    found: list[str] = st.session_state.get("app_notices", [])
    return found
