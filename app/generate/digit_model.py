"""Model of digits with its held-out codes and judges, loaded once and shared by all visitors."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import streamlit as st
import torch

import mfm_core as mfm
from app.generate.view import Allowed
from app.shared import state, stored_models
from app.shared.stored_models import image_models, stored_as
from mfm_core.interpretation.examples import clearest_sample
from mfm_core.interpretation.typicality import MIN_CODES, Typicality
from mfm_core.lab.settings import model_name, run_of
from mfm_core.networks.classifier import Discriminative

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
        images = self.model.config.images
        photographs = frozenset(name for name, image in images.items() if image.shape[0] != 1)
        return Allowed(self.model.modalities, self.model.sizes, RANKED, len(self.codes), self.shown, photographs)

    @property
    def label(self) -> str:
        """Noun for the label, as the data set calls it."""
        return stored_models.label(self.name)

    @property
    def version(self) -> Hashable:
        """Identity of the files of the model and of its judges as they are now."""
        return stored_models.version(self.name), stored_models.judges_version(self.model.modalities)

    def pair(self, index: int) -> mfm.Latents:
        """Z of one held-out pair."""
        return self.codes.latents[[index]]

    def digit(self, index: int) -> int:
        """Label of one held-out pair."""
        return int(self.codes.labels[index])


def shown_name() -> str:
    """Name of the model that the page shows: of the page Lab where the link says so, else its own."""
    stored = image_models()
    if (name := _of_lab()) in stored:
        return name
    stored = tuple(one for one in stored if run_of(one) is None)
    return MODEL if MODEL in stored or not stored else stored[0]


def _of_lab() -> str:
    """The model of the page Lab that the link, or the view that was left, asks for."""
    left = state.left("Generate")
    asked = st.query_params.get("lab") or ("" if left is None or st.query_params.to_dict() else left.lab)
    return model_name(asked)


def load(name: str) -> DigitModel:
    """A stored model and what belongs to it; each file is read once for all visitors.

    Args:
        name: A name or a folder, see ``stored_as``.

    Raises:
        MissingModelError: If it is missing or damaged, in one sentence.
    """
    try:
        model, codes = stored_models.model(name), stored_models.codes(name)
    except (FileNotFoundError, ValueError) as error:
        raise MissingModelError(str(error)) from error
    judges = {}
    for modality in model.modalities:
        try:
            judges[modality] = stored_models.discriminative(stored_as(stored_models.judge_name(modality)))
        except FileNotFoundError:
            continue
        except ValueError as error:  # the page says that no judges are stored
            logging.getLogger(__name__).warning("%s", error)
    digits, shown = stored_models.kept("pairs of each digit", name, lambda: _pairs(model, codes, judges))
    return DigitModel(name, model, codes, judges, digits, shown)


def _pairs(
    model: mfm.MFM, codes: mfm.Codes, judges: Mapping[str, Discriminative]
) -> tuple[tuple[tuple[int, ...], ...], tuple[int, int]]:
    """The pairs of each digit, and the two that a visitor meets first."""
    labels = codes.labels.tolist()
    digits = tuple(
        tuple(i for i, label in enumerate(labels) if label == digit) for digit in range(model.config.label.size)
    )
    kinds = [pairs for pairs in digits if pairs]
    first, second = (_clearest(model, codes, judges, kinds[min(digit, len(kinds) - 1)]) for digit in FIRST)
    return digits, (first, second)


def _clearest(model: mfm.MFM, codes: mfm.Codes, judges: Mapping[str, Discriminative], pairs: tuple[int, ...]) -> int:
    """Of the first few pairs, among those that all who read them read rightly, the one of the most contrast.

    A picture's contrast is compared by the fainter of a pair; where no pair is read rightly, all are looked at.
    """
    few = torch.tensor(pairs[:LOOKED_AT])
    with torch.inference_mode():
        rebuilt = model.decode(codes.latents[few])
        read = [rebuilt.label.argmax(1)]
        read += [judge({name: rebuilt.modalities[name]}).argmax(1) for name, judge in judges.items()]
        right = (torch.stack(read) == codes.labels[few]).all(0)
        kept = right if right.any() else torch.ones_like(right)
        return int(few[kept][clearest_sample({name: x[kept] for name, x in rebuilt.modalities.items()})])


def posterior(name: str) -> mfm.AggregatePosterior:
    """The aggregate posterior of the stored codes."""
    return stored_models.kept(
        "aggregate posterior", name, lambda: mfm.AggregatePosterior.fit(stored_models.codes(name).latents)
    )


def typicality(name: str, modality: str) -> Typicality | None:
    """How far codes lie from those of the stored pairs, by Z_y and the Z_a of a modality; None of too few pairs."""
    codes = stored_models.codes(name)
    if len(codes) < MIN_CODES or codes.labels.ndim != 1:
        return None
    return stored_models.kept(
        "typicality", name, lambda: Typicality.fit(codes.latents, codes.labels, ("y", modality)), modality
    )


def ranked(name: str, factor: str) -> mfm.Directions:
    """Directions of a block of Z, the strongest first."""

    def rank() -> mfm.Directions:
        model, at = stored_models.model(name), stored_models.codes(name).latents[:RANKED_AT]
        return mfm.directions(model, at, factor=factor, n_directions=min(RANKED, model.sizes[factor]))

    return stored_models.kept("ranked directions", name, rank, factor)


def originals(name: str, modality: str) -> Mapping[int, torch.Tensor] | None:
    """The real picture of each stored pair that has one in the data; None without the real data."""

    def find() -> Mapping[int, torch.Tensor] | None:
        try:
            pictures = mfm.load_dataset(modality).modalities[modality]
        except FileNotFoundError:
            return None
        except ValueError as error:
            logging.getLogger(__name__).warning("%s", error)
            return None
        places = mfm.find_originals(stored_models.codes(name).fingerprints[modality], pictures)
        # Copies, so that the rest of the data is let go.
        return {pair: pictures[place].clone() for pair, place in enumerate(places) if place is not None}

    return stored_models.kept("originals", name, find, modality, stored_models.data_version())


def original(name: str, modality: str, index: int) -> torch.Tensor | None:
    """The real picture ``(channels, height, width)`` that a pair was encoded from, where ``MFM_DATA`` has it."""
    found = originals(name, modality)
    return None if found is None else found.get(index)
