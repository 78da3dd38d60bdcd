"""The page Start: what MFM is, a model to play with inside Figure 1, the equations, where to read on, and the words."""

from __future__ import annotations

import streamlit as st

from app.shared import prose, sidebar, state
from app.start.sections import equations, figure, links, words
from app.start.view import StartLinks, of_generate


def main() -> None:
    """The page."""
    if of_generate(params := st.query_params.to_dict()):
        st.switch_page("generate/page.py", query_params=params)
    state.open_view(StartLinks(), "Start")
    st.header("MFM explorer", anchor=False)
    prose.write(
        "The Multimodal Factorization Model explains views of one thing by a latent Z_y that they share, which alone "
        "decides the label, and by one Z_a for each modality, its style. Move one: see what changes and what stays."
    )
    for notice in state.notices():
        st.warning(notice)
    figure.show()
    equations.show()
    links.show()
    words.show()
    sidebar.show("**MFM explorer**", "Tsai et al., ICLR 2019")
    state.write_link()


main()
