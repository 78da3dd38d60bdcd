"""The sidebar: the model on show, the seed where anything is drawn, the link to it all, and the presenter's switch."""

from __future__ import annotations

import streamlit as st

from app.elements.share import share
from app.shared import presenter, state, teacher_link


def show(*lines: str, seed: str | None = None) -> None:
    """Fill the sidebar; while someone presents there is none.

    Args:
        lines: What is on show, Markdown of our own writing.
        seed: What the seed does on this page; no seed is offered where it does nothing.
    """
    if presenter.on():
        return
    with st.sidebar:
        st.markdown("  \n".join(lines))
        if seed is not None:
            state.number("Seed", "seed", description=seed)
        share.show()
        teacher_link.offer()
        presenter.switch()
