"""The glossary as a list: every word that pages mark."""

from __future__ import annotations

from functools import cache

import streamlit as st

from app.shared import glossary, prose

STYLE = """<style>
.mfm-words { columns: 24rem 2; column-gap: 2.5rem; margin: 0.75rem 0 0; padding: 0 !important; }
.mfm-words div { break-inside: avoid; margin-bottom: 0.7rem; }
.mfm-words dt { font-weight: 600; }
.mfm-words dd { margin: 0; }
</style>"""


@st.fragment
def show() -> None:
    """The section, which is sent to those who open it."""
    place = st.expander("The words of these pages", key="start_words", on_change="rerun")
    if place.open:
        place.html(_listed())


@cache
def _listed() -> str:
    rows = "".join(
        f"<div><dt>{prose.markup(term.names[0])}</dt><dd>{prose.markup(term.meaning)}</dd></div>"
        for term in sorted(glossary.terms(), key=lambda term: term.names[0].lower())
    )
    hint = prose.quiet("Dotted words on every page show these sentences to a pointer, or to the Tab key.")
    return f'{STYLE}{hint}<dl class="mfm-words">{rows}</dl>'
