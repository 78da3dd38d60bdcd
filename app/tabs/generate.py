"""The page Generate: five questions to one model."""

from __future__ import annotations

import streamlit as st

from app.components import state
from app.exhibit import MODEL, load, stored_as
from app.sections import read, sample, slide, swap, translate

SECTIONS = {
    "sample": ("Sample", sample.show),
    "swap": ("Swap", swap.show),
    "slide": ("Slide", slide.show),
    "read": ("Read", read.show),
    "translate": ("Translate", translate.show),
}


def main() -> None:
    """The page."""
    titles = {name: title for name, (title, _) in SECTIONS.items()}
    section = state.choose("What to ask the model", "section", titles, hidden=True, stretch=True)
    for notice in state.notices():
        st.warning(notice)
    SECTIONS[section][1](load(stored_as(MODEL)))
    state.write_link()


main()
