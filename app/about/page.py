"""The page About this model: its card, with every measured figure, its interval, its n and the seed."""

from __future__ import annotations

import logging

import streamlit as st

import mfm_core as mfm
from app.about.card import as_shown, summary
from app.about.view import AboutLinks, AboutView
from app.shared import missing, prose, sidebar, state, stored_figures, stored_models, tables


def main() -> None:
    """The page."""
    models = stored_models.models()
    if not models:
        missing.show()
        return
    state.open_view(AboutLinks(models), "About this model")
    st.title("About this model", anchor=False)
    prose.write("The card of a stored model: how it was trained, and what was measured of it on held-out data.")
    if len(models) > 1:
        with st.container(width=420):
            state.select("Model", "model", {name: stored_models.title(name) for name in models})
    for notice in state.notices():
        st.warning(notice)
    name = state.seen(AboutView).model
    try:
        card = mfm.load_card(stored_models.stored_as(name))
    except FileNotFoundError:
        st.info("This model has no card: how it was made and what was measured of it is not recorded.")
    except (OSError, ValueError) as error:
        logging.getLogger(__name__).warning("%s", error)
        st.warning("The card of this model cannot be read: its file is damaged. The log of the server says how.")
    else:
        with st.container(width=900):
            st.header(prose.harmless(stored_models.title(name)), anchor=False)
            _summary(name)
            tables.markdown(as_shown(card), label=f"Figures of {stored_models.title(name)}")
    sidebar.show(f"**Model** {name}")
    state.write_link()


def _summary(name: str) -> None:
    """The most telling figures of a model, before its card; nothing where it was not measured."""
    found = stored_figures.of_model(name)
    if found.damage:
        st.warning(prose.harmless(found.damage))
    if not found.figures:
        return
    prose.write(f"**In short.** {summary(found.figures)}")
    prose.caption(
        "Each row of the table of figures is one quantity, measured on data that no training saw, with its 95 % "
        "interval, its n (of clusters, such as photographs, where the interval is over them) and, where one was set, "
        "its target. A table that is wider than the page fades at the right and scrolls to the side."
    )


main()
