"""A model to play with, inside Figure 1 of the paper."""

from __future__ import annotations

import streamlit as st

from app.elements.figure_one import figure_one
from app.elements.figure_one.figure_one import FigureOne
from app.generate import digit_model, slider_models
from app.shared import stored_models
from app.start import nodes

HINT = "Drag the blue dot to another {label}: both styles stay. Drag a slider: one picture changes, the {label} stays."
ORIGINALS = (
    "The data set is not shipped; where MFM_DATA has it, the section Translate of the page Generate shows the picture."
)
ASKED = "start_go"


def show() -> None:
    """The section; where a page was asked for, that page."""
    if (asked := st.session_state.pop(ASKED, None)) is not None:
        folder, params = asked
        st.switch_page(f"{folder}/page.py", query_params=params)
    name = digit_model.shown_name()
    try:
        shown = digit_model.load(stored_models.stored_as(name))
        figure = stored_models.kept(figure_one.KEY, shown.name, lambda: _figure(name), shown.version)
    except digit_model.MissingModelError as reason:
        st.info(f"There is no trained model to play with here: {reason}")
        return
    except OSError as error:
        st.info(f"The weights could not be written for the browser ({error.strerror}); see the page Generate.")
        return
    figure_one.show(figure, on_go=_go)


def _figure(name: str) -> FigureOne:
    model = slider_models.load(name)
    return figure_one.figure_of(
        model,
        nodes.nodes(tuple(model.bundle.model.shapes), model.label),
        hint=HINT.format(label=model.label),
        originals=ORIGINALS,
    )


def _go(node: str, z: str) -> None:
    target = nodes.target(node)
    st.session_state[ASKED] = (target.folder, {**target.params, **({"z": z} if target.z else {})})
