"""Slide along every latent factor, live in the visitor's browser."""

from __future__ import annotations

import streamlit as st

from app.elements.latent_sliders import latent_sliders
from app.elements.latent_sliders.latent_sliders import SliderLink
from app.generate import digit_model, slider_models
from app.generate.sections import slide_on_server
from app.generate.slider_models import CONTRAST
from app.generate.view import View
from app.shared import prose, state
from app.shared.stored_models import LAB, models, stored_as
from mfm_core.storage.browser_map import BrowserMap, browser_map


def show(shown: digit_model.DigitModel) -> None:
    """The section."""
    unable = st.session_state.get("unable_to_decode")
    if unable is None:
        try:
            offered = [slider_models.load(name) for name in _offered()]
        except OSError as error:
            unable = f"the weights could not be written for it ({error.strerror})"
    if unable is not None:
        st.info(f"The server decodes here, for the browser cannot: {unable}.")
        slide_on_server.show(shown)
        return
    st.header("Slide any latent factor", anchor=False)
    prose.write(
        "Every slider is live: your browser decodes the pictures itself. Turn the wheel and the digit changes while "
        "the style stays; move a style and the digit stays."
    )
    view = state.seen(View)
    link = SliderLink(view.z, view.model, view.locks, view.names)
    wanted: list[str] = st.session_state.get("wanted_maps", [])
    maps = {model.name: _map(stored_as(model.name)) for model in offered if model.name in wanted}
    latent_sliders.show(offered, link, maps, on_map=_want, on_unable=_keep)


def _keep(reason: str) -> None:
    st.session_state["unable_to_decode"] = reason


def _want(name: str) -> None:
    st.session_state["wanted_maps"] = [*st.session_state.get("wanted_maps", []), name]


def _offered() -> list[str]:
    """The model of the page and, beside it, the one that was trained by Eq. 4 alone, if both are stored."""
    shown = digit_model.shown_name()
    beside = (CONTRAST,) if not shown.startswith(LAB) else ()
    return [shown, *(name for name in beside if name != shown and name in models())]


@st.cache_resource(max_entries=8, show_spinner="Laying out the codes …")
def _map(name: str) -> BrowserMap:
    stored = digit_model.load(name)
    return browser_map(stored.model, stored.codes, stored.judges, latent_sliders.STATIC)
