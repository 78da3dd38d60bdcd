"""The head of a section: the question, what to look for, the controls, and the diagram beside them."""

from __future__ import annotations

from contextlib import AbstractContextManager

import streamlit as st

from app.shared import prose


def section_header(question: str, hint: str) -> tuple[AbstractContextManager[object], AbstractContextManager[object]]:
    """Write the question and return the places of the controls and of the diagram."""
    left, right = st.columns(2, gap="medium", vertical_alignment="top")
    with left:
        st.header(question, anchor=False)
        prose.write(hint)
    return left, right
