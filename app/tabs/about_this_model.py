"""The page About this model: its card, with every measured figure, its interval, its n and the seed."""

from __future__ import annotations

import streamlit as st

import mfm_core as mfm
from app.exhibit import MODEL, stored_as


def main() -> None:
    """The page."""
    try:
        card = mfm.load_card(stored_as(MODEL))
    except (FileNotFoundError, ValueError):
        st.info("This model has no card: how it was made and what was measured of it is not recorded.")
        return
    with st.container(width=900):
        st.markdown(card)


main()
