"""Model of digits with its held-out codes and judges, loaded once and shared by all visitors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st
import torch

import mfm_core as mfm
from app.generate.view import Allowed
from app.shared.stored_models import image_models, stored_as
from mfm_core.networks.classifier import Discriminative

__all__ = [
    "MODEL",
    "DigitModel",
    "MissingModelError",
    "load",
    "original",
    "originals",
    "posterior",
    "ranked",
    "stored_as",
]

MODEL = "svhn_mnist"
"""The model that the page shows where it is stored; elsewhere it shows the first model of images."""

RANKED = 8
"""Directions that are ranked for each block of Z."""

FIRST = (3, 7)
"""Digits of the two pairs that a visitor meets first."""

LOOKED_AT = 24
"""Pairs of a digit among which the clearest is shown first."""

RANKED_AT = 12
"""Held-out pairs whose Jacobians rank the directions."""


class MissingModelError(RuntimeError):
    """There is no stored model; the message is a sentence for the visitor."""


@dataclass(frozen=True)
class DigitModel:
    """A model and what belongs to it.

    Attributes:
        name: What ``mfm_core.load_pretrained`` takes: a name, or a folder.
        model: The model, frozen.
        codes: Z, labels and fingerprints of held-out real pairs.
        judges: Independent classifiers by modality; those that are stored.
        digits: The pairs of each digit, in the order they are stored.
        shown: The two pairs that a visitor meets first.
    """

    name: str
    model: mfm.MFM
    codes: mfm.Codes
    judges: Mapping[str, Discriminative]
    digits: tuple[tuple[int, ...], ...]
    shown: tuple[int, int]

    @property
    def limits(self) -> Allowed:
        """Values that a link may ask for."""
        return Allowed(self.model.modalities, self.model.sizes, RANKED, len(self.codes), self.shown)

    def pair(self, index: int) -> mfm.Latents:
        """Z of one held-out pair."""
        return self.codes.latents[[index]]

    def digit(self, index: int) -> int:
        """Label of one held-out pair."""
        return int(self.codes.labels[index])


def shown_name() -> str:
    """Name of the model that the page shows."""
    stored = image_models()
    return MODEL if MODEL in stored or not stored else stored[0]


@st.cache_resource(max_entries=4, show_spinner="Loading the model …")
def load(name: str) -> DigitModel:
    """Load a stored model for all visitors.

    Args:
        name: A name or a folder, see ``stored_as``.

    Raises:
        MissingModelError: If it is missing or damaged, in one sentence.
    """
    try:
        model = mfm.load_pretrained(name)
        codes = mfm.load_codes(name)
    except (FileNotFoundError, ValueError) as error:
        raise MissingModelError(str(error)) from error
    judges = {}
    for modality in model.modalities:
        try:
            judges[modality] = mfm.load_discriminative(stored_as(f"judge_{modality}"))
        except (FileNotFoundError, ValueError):
            continue
    labels = codes.labels.tolist()
    digits = tuple(
        tuple(i for i, label in enumerate(labels) if label == digit) for digit in range(model.config.label.size)
    )
    kinds = [pairs for pairs in digits if pairs]
    shown = [_clearest(model, codes, kinds[min(digit, len(kinds) - 1)]) for digit in FIRST]
    return DigitModel(name, model, codes, judges, digits, (shown[0], shown[1]))


def _clearest(model: mfm.MFM, codes: mfm.Codes, pairs: tuple[int, ...]) -> int:
    """Of the first few pairs, the one whose fainter picture has the most contrast."""
    few = list(pairs[:LOOKED_AT])
    with torch.inference_mode():
        pictures = model.decode(codes.latents[few]).modalities
    contrast = torch.stack([x.flatten(1).std(1) / x.flatten(1).std(1).max() for x in pictures.values()])
    return few[int(contrast.amin(0).argmax())]


@st.cache_resource(max_entries=4, show_spinner="Fitting the aggregate posterior …")
def posterior(name: str) -> mfm.AggregatePosterior:
    """The aggregate posterior of the stored codes."""
    return mfm.AggregatePosterior.fit(load(name).codes.latents)


@st.cache_resource(max_entries=32, show_spinner="Ranking directions …")
def ranked(name: str, factor: str) -> mfm.Directions:
    """Directions of a block of Z, the strongest first."""
    exhibit = load(name)
    at = exhibit.codes.latents[:RANKED_AT]
    return mfm.directions(exhibit.model, at, factor=factor, n_directions=min(RANKED, exhibit.model.sizes[factor]))


@st.cache_resource(max_entries=8, show_spinner="Looking for the original pictures …")
def originals(name: str, modality: str) -> tuple[torch.Tensor, tuple[int | None, ...]] | None:
    """Pictures of a modality and where each stored pair's original is among them; None without the real data."""
    try:
        pictures = mfm.load_dataset(modality).modalities[modality]
    except (FileNotFoundError, ValueError):
        return None
    return pictures, tuple(mfm.find_originals(load(name).codes.fingerprints[modality], pictures))


def original(name: str, modality: str, index: int) -> torch.Tensor | None:
    """The real picture ``(channels, height, width)`` that a pair was encoded from, where ``MFM_DATA`` has it."""
    found = originals(name, modality)
    if found is None or (place := found[1][index]) is None:
        return None
    return found[0][place]
