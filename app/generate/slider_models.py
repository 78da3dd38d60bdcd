"""Models as the sliders in the browser take them: the generative half exported, with held-out pairs to start from."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import streamlit as st
import torch

from app.elements.latent_sliders import latent_sliders
from app.elements.latent_sliders.latent_sliders import SliderModel
from app.generate import contrast, digit_model
from app.shared import origins, stored_models
from app.shared.pictures import Sprite, sprite
from app.shared.stored_models import about, dataset_of, elsewhere, models, stored_as, title
from mfm_core.lab.settings import run_of
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.browser_bundle import BrowserBundle, browser_bundle
from mfm_core.storage.folder import model_folder
from mfm_core.storage.slider_directions import load_directions

CONTRAST = "svhn_mnist_eq4"
PAIRS = 24
"""Real pairs that a visitor can go through."""


def offered() -> tuple[str, ...]:
    """Names of the model of the page and, beside it, of the one that was trained by Eq. 4 alone, if both are stored."""
    shown = digit_model.shown_name()
    beside = (CONTRAST,) if run_of(shown) is None else ()
    return (shown, *(name for name in beside if name != shown and name in models()))


def sizes(names: Iterable[str]) -> dict[str, dict[str, int]]:
    """Sizes of the blocks of Z of models of images, known without their weights."""
    return {name: stored_models.sizes(name) for name in names}


def load(name: str) -> SliderModel:
    """A stored model of images, exported for the browser.

    Raises:
        MissingModelError: If it is missing or damaged, in one sentence.
        OSError: If the files for the browser cannot be written.
    """
    stored = digit_model.load(stored_as(name))
    first, *_ = stored.shown
    others = [pairs[i] for i in range(PAIRS) for pairs in stored.digits if i < len(pairs)]
    pairs = [first, *(pair for pair in others if pair != first)][:PAIRS]
    tiles = stored_models.kept("pictures of the first pair", stored.name, lambda: _tiles(stored, first))
    return SliderModel(
        name,
        title(name),
        _note(name, stored),
        stored.label,
        bundle(stored.name, stored.version),
        stored.codes.latents[pairs],
        tiles,
    )


def _note(name: str, stored: digit_model.DigitModel) -> str:
    """Say what a model is and, of the one beside the page's own, how the two differ."""
    said, shown = about(name) or _origin(name, stored.label), digit_model.shown_name()
    if name != CONTRAST or name == shown:
        return said
    further = contrast.told(stored.model, stored.label), origins.confounded([name, shown])
    return " ".join(part for part in (said, *further) if part)


def _origin(name: str, label: str) -> str:
    """A sentence on a model that says nothing of itself; ``label`` is what its label is, a noun."""
    if run_of(name) is not None:
        what = "A model made on the page Lab"
    elif elsewhere():
        what = "A model of your own"
    else:
        what = f"Trained on {dataset_of(name).title or title(name)}"
    return f"{what}: does the {label} stay when you slide a Z_a?"


def _tiles(stored: digit_model.DigitModel, pair: int) -> dict[str, Sprite]:
    """The generated pictures of a held-out pair by modality."""
    with torch.inference_mode():
        return {name: sprite(x.numpy(), 1) for name, x in stored.model.decode(stored.pair(pair)).modalities.items()}


@st.cache_resource(max_entries=8, show_spinner="Naming directions …")
def bundle(name: str, files: Hashable) -> BrowserBundle:
    """The generative half, judges and directions of a stored model, exported once until a file of them changes."""
    del files  # changed ones make another key
    stored = digit_model.load(name)
    judges = {modality: judge for modality, judge in stored.judges.items() if _readable(judge)}
    try:
        directions = load_directions(model_folder(name))
    except ValueError as error:
        raise digit_model.MissingModelError(str(error)) from error
    return browser_bundle(stored.model, stored.codes, judges, latent_sliders.STATIC, directions)


def _readable(judge: Discriminative) -> bool:
    """Whether browsers are taught the layers of a judge."""
    return all(modality.fusion == "convolutional" for modality in judge.config.images.values())
