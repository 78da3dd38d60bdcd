"""The pages of the app as Streamlit's navigation takes them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cache, partial
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

APP = Path(__file__).resolve().parents[1]


def pages(titles: Mapping[str, str]) -> list[StreamlitPage]:
    """Pages of a run; their files are looked for once, not in each run of each visitor.

    Args:
        titles: Title of each page by its folder; the first page opens first.
    """
    return [copy(page) for page in _pages(tuple(titles.items()))]  # a run marks the page that it shows


@cache
def _pages(titles: tuple[tuple[str, str], ...]) -> tuple[StreamlitPage, ...]:
    shown = [
        st.Page(APP / folder / "page.py", title=title, url_path=_address(title) if place else None, default=place == 0)
        for place, (folder, title) in enumerate(titles)
    ]
    # The first page has the root for its address; its name leads there too.
    folder, title = titles[0]
    return *shown, st.Page(partial(_go, folder), title=title, url_path=_address(title), visibility="hidden")


def _address(title: str) -> str:
    return title.lower().replace(" ", "_")


def _go(folder: str) -> None:
    """Go to a page, with all parts of the link."""
    st.switch_page(f"{folder}/page.py", query_params=st.query_params.to_dict())
