"""Slide along every latent factor, live in the visitor's browser."""

from __future__ import annotations

import logging
from collections.abc import Hashable

import streamlit as st

import mfm_core as mfm
from app.elements.latent_sliders import latent_sliders
from app.elements.latent_sliders.latent_sliders import SliderLink
from app.generate import digit_model, slider_models
from app.generate.figures import translate
from app.generate.sections import slide_on_server
from app.generate.view import View
from app.shared import prose, state
from app.shared.pictures import UnreadablePictureError
from app.shared.stored_models import stored_as
from mfm_core.storage.browser_map import BrowserMap, browser_map
from mfm_core.storage.folder import model_folder
from mfm_core.storage.map_pairs import load_pairs
from mfm_core.storage.umap_layout import load_umap


def show(shown: digit_model.DigitModel) -> None:
    """The section."""
    reason = unable()
    if not reason:
        try:
            offered = [slider_models.load(name) for name in slider_models.offered()]
        except OSError as error:
            reason = f"the weights could not be written for it ({error.strerror})"
        except digit_model.MissingModelError as error:
            reason = str(error)
    if reason:
        st.info(f"The server decodes here, for the browser cannot: {prose.harmless(reason)}.")
        slide_on_server.show(shown)
        return
    st.header("Slide any latent factor", anchor=False)
    prose.write(
        "Every slider is live: your browser decodes the pictures itself. In a model that factorizes, turning the wheel "
        f"changes the {shown.label} and no style, and moving a style leaves the {shown.label} as it is."
    )
    view = state.seen(View)
    link = SliderLink(view.z, view.model, view.locks, view.names)
    wanted: list[str] = st.session_state.get("wanted_maps", [])
    maps = {model.name: map_of(stored_as(model.name)) for model in offered if model.name in wanted}
    latent_sliders.show(offered, link, maps, _own(shown, view), on_map=_want, on_unable=_keep)


def unable() -> str:
    """Why this visitor's browser cannot decode, where it has said so."""
    return str(st.session_state.get("unable_to_decode", ""))


def _keep(reason: str) -> None:
    st.session_state["unable_to_decode"] = reason


def _want(name: str) -> None:
    if name not in (wanted := st.session_state.setdefault("wanted_maps", [])):
        wanted.append(name)


def _own(shown: digit_model.DigitModel, view: View) -> mfm.Latents | None:
    """Z of the picture that the visitor drew or uploaded in Translate, as the model infers it; None without one."""
    try:
        given = translate.start(shown, view) if view.from_ != "pair" else None
    except UnreadablePictureError:  # which Translate tells of
        return None
    return None if given is None else translate.infer(shown, view.given, given)


def map_of(place: str) -> BrowserMap:
    """The map of a stored model's codes, laid out once until a file of the model or of its judges changes."""
    return _map(place, digit_model.load(place).version)


@st.cache_resource(max_entries=8, show_spinner=False)  # the element says so itself
def _map(name: str, files: Hashable) -> BrowserMap:
    del files  # changed ones make another key
    stored = digit_model.load(name)
    try:
        umap = load_umap(model_folder(name), stored.codes)
    except ValueError as error:  # the map is shown by its other axes
        logging.getLogger(__name__).warning("%s", error)
        umap = None
    try:
        pairs = load_pairs(model_folder(name), stored.codes, stored.judges)
    except ValueError as error:  # the map shows the pairs of the codes
        logging.getLogger(__name__).warning("%s", error)
        pairs = None
    return browser_map(stored.model, stored.codes, stored.judges, latent_sliders.STATIC, umap, pairs)
