"""The page Claims: what section 3 of the paper claims, and what was measured here."""

from __future__ import annotations

import streamlit as st

from app.claims import results, sections, small_table
from app.shared import prose, sidebar, state, stored_figures

SECTIONS = {"claims": "Claims", "systems": "Systems", "tables": "The paper's tables"}


def main() -> None:
    """The page."""
    state.open_view(results.links(), "Claims")
    st.header("Does what the paper claims hold here?", anchor=False)
    prose.write(
        "Each claim of section 3 stands beside what was measured on the data that are published, or on clips of our "
        "own where it says so, with its interval and the test behind the verdict. Verdicts are computed from stored "
        "results."
    )
    section = state.choose("What is shown", "section", SECTIONS, hidden=True)
    for notice in state.notices():
        st.warning(notice)
    if damaged := results.damage():
        st.error(prose.harmless(damaged))
    for damaged in stored_figures.damages():
        st.warning(prose.harmless(damaged))
    {"claims": sections.claims, "systems": sections.systems, "tables": sections.tables}[section]()
    if section == "systems":
        small_table.show()
    sidebar.show("**Claims** of Tsai et al. (2019)")
    state.write_link()


main()
