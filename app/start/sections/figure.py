"""A model to play with, inside Figure 1 of the paper."""

from __future__ import annotations

import streamlit as st

from app.elements.figure_one import figure_one
from app.generate import digit_model, slider_models
from app.shared import stored_figures, stored_models
from app.start import nodes
from mfm_core.evaluation.figures import shown, shown_with_interval

HINT = "Drag the blue dot to another {label}: both styles stay. Drag a slider: one picture changes, the {label} stays."
ORIGINALS = (
    "The picture is not shown: those of the data set may not be passed on with this app. Who runs the app "
    "can show them in Generate, Translate: the README tells how, by MFM_DATA."
)


def show() -> None:
    """The section."""
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
    figure_one.show(figure)


def _probed(name: str, classes: int) -> dict[str, str]:
    """Say what the best probe reads from each measured Z_a of a model, with its interval, and what a guess reaches."""
    probed = [one for one in stored_figures.of_model(name).figures if one.key == "probe_accuracy" and one.subject]
    return {
        one.subject: f"{shown_with_interval(one.value, one.low, one.high, one.unit)} of held-out codes, where a guess "
        f"of the most frequent one reaches at least {shown(1 / classes, one.unit)}"
        for one in probed
    }


def _figure(name: str) -> bytes:
    model = slider_models.load(name)
    told = nodes.nodes(tuple(model.bundle.model.shapes), model.label, _probed(name, model.bundle.model.label.size))
    return figure_one.figure_of(
        model,
        told,
        {place: nodes.target(place) for place in (*(node.id for node in told), figure_one.SLIDERS)},
        hint=HINT.format(label=model.label),
        originals=ORIGINALS,
    )
