"""Clips of the page Flow: a stored model of sequences with the clips that belong to it, loaded once for all."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

import mfm_core as mfm
from app.flow import clips, studio_clips
from app.flow.clips import Clip
from app.flow.view import FlowAllowed
from app.shared import stored_models
from app.shared.stored_models import sequence_models, stored_as
from mfm_core.data.dataset import Unit
from mfm_core.data.registry import DatasetInfo, data_folder
from mfm_core.interpretation.registry import interpretations

FIRST = "studio_balanced"
"""The model that a visitor meets first."""

SHOWN = 120
"""Clips of a data set that are offered."""


REFERENCE = 64
"""Held-out clips that the scales and means of a reading are of."""


class Range(NamedTuple):
    """Scores that held-out clips have.

    Attributes:
        low: The lowest.
        neutral: Neither positive nor negative.
        high: The highest.
    """

    low: float
    neutral: float
    high: float


class MissingClipsError(RuntimeError):
    """The model or its clips are missing; the message is a sentence for the visitor."""


@dataclass(frozen=True)
class ClipSource:
    """Facts of the clips of a model; the model and the clips themselves are kept once, and asked for when needed.

    Attributes:
        name: The model's name.
        place: The model, as ``stored_models.stored_as`` gives it.
        titles: What each clip is called.
        lengths: Steps of each clip.
        clip: Makes the clip at an index ready.
        what_if: What the what-if is made with, for studio clips.
        about: What there is to know of the clips, in a sentence or two.
        unit: What a step is.
        reference: Held-out clips that a reading may refer to; None where there are no two of them.
        inputs: Whether the features of the clips are known, and not only their Z.
        range: Between which scores held-out clips lie, and which is neutral; None where the label is not one score.
    """

    name: str
    place: str
    titles: tuple[str, ...]
    lengths: tuple[int, ...]
    clip: Callable[[int], Clip]
    what_if: studio_clips.WhatIf | None = None
    about: str = ""
    unit: Unit = "step"
    reference: mfm.Latents | None = None
    inputs: bool = True
    range: Range | None = None

    @property
    def model(self) -> mfm.MFM:
        """The model, frozen; loaded once for all visitors."""
        return stored_models.model(self.place)

    @property
    def readings(self) -> tuple[str, ...]:
        """The readings that the lanes can show."""
        return tuple(
            key
            for key, entry in interpretations().items()
            if (self.inputs or not entry.needs_features) and (self.reference is not None or not entry.needs_reference)
        )

    @property
    def limits(self) -> FlowAllowed:
        """Values that a link may ask for."""
        words = self.what_if.words if self.what_if else frozenset()
        opening = self.what_if.opening if self.what_if else 0
        return FlowAllowed(self.model.modalities, self.lengths, words, opening, self.readings)


def load(name: str) -> ClipSource:
    """A model of sequences and its clips; each file is read once for all visitors.

    Raises:
        MissingClipsError: If something is missing or damaged, in one sentence.
    """
    place = stored_as(name)
    try:
        return stored_models.kept("clip source", place, lambda: _load(name, place), clips_version(name))
    except (OSError, ValueError) as error:
        raise MissingClipsError(str(error)) from error


def _load(name: str, place: str) -> ClipSource:
    info = stored_models.dataset_of(name)
    if not stored_models.model(place).config.sequences:
        raise MissingClipsError(f"The model {name} is not one of sequences.")
    if info.clips == "studio":
        return _of_studio(name, place, info)
    if info.clips == "data":
        return _of_data(name, place, info)
    return _of_codes(name, place, info)


def clips_version(name: str) -> Hashable:
    """Identity of the clips of a model that are stored apart from it."""
    clips = stored_models.dataset_of(name).clips
    if clips == "studio":
        return stored_models.version(stored_as("studio_clips"))
    return stored_models.data_version() if clips == "data" else None


def _held_out(data: str, place: str) -> mfm.Dataset:
    """The held-out part of a data set, read once for all visitors until another folder holds it."""
    return stored_models.kept(
        "held-out data", place, lambda: mfm.load_dataset(data).part("test"), stored_models.data_version()
    )


def playable() -> tuple[tuple[str, ...], dict[str, str]]:
    """The models that can be shown now, and why each other stored one cannot; known without loading any."""
    reasons = {name: _obstacle(name) for name in sequence_models()}
    there = tuple(name for name, reason in reasons.items() if not reason)
    return there, {name: reason for name, reason in reasons.items() if reason}


def _obstacle(name: str) -> str:
    """Why a model cannot be shown; nothing where it can."""
    if damaged := stored_models.damage(name):
        return damaged
    info = stored_models.dataset_of(name)
    if info.clips == "studio":
        return studio_clips.obstacle(stored_as("studio_clips"), info.name)
    if info.clips == "data":
        missing = [file for file in info.files if not (data_folder() / file).is_file()]
        return f"{data_folder()}: expected {' and '.join(missing)}, got no such file" if missing else ""
    return "" if stored_models.has_codes(name) else f"{name}: no codes are stored with it"


def clips_of(name: str) -> str:
    """Of which clips a model is, known without loading it; models of the same can be set side by side."""
    return "studio_clips" if stored_models.dataset_of(name).clips == "studio" else name


def ordered(models: tuple[str, ...]) -> tuple[str, ...]:
    """The models with the one that is shown first in front."""
    return tuple(sorted(models, key=lambda name: name != FIRST))


def _of_studio(name: str, place: str, info: DatasetInfo) -> ClipSource:
    what_if = studio_clips.open_what_if(stored_as("studio_clips"), info.name)
    return ClipSource(
        name,
        place,
        what_if.titles,
        what_if.lengths,
        what_if.clip,
        what_if,
        info.about_clips,
        "word",
        reference=_reference(name, place),
        range=_range(what_if.scores, info.neutral),
    )


def _reference(name: str, place: str) -> mfm.Latents | None:
    """A copy of the first stored codes of a model of sequences; None where there are no two of them."""
    if not stored_models.has_codes(name):
        return None
    latents = stored_models.codes(place).latents[:REFERENCE]
    return latents.map(torch.clone) if len(latents) > 1 and latents.mask is not None else None


def _range(labels: Tensor, neutral: float) -> Range | None:
    """Between which scores clips lie; None of classes, or of several scores."""
    if labels.is_floating_point() and labels.ndim == 2 and labels.shape[1] == 1:
        known = labels[~labels.isnan()]
        if len(known):
            return Range(min(float(known.min()), neutral), neutral, max(float(known.max()), neutral))
    return None


def _of_codes(name: str, place: str, info: DatasetInfo) -> ClipSource:
    codes = stored_models.codes(place)
    if codes.latents.mask is None:
        raise MissingClipsError(f"The codes of {name} are not those of sequences.")
    lengths = tuple(codes.latents.mask.sum(1).tolist())
    unit: Unit = info.unit or "step"
    titles = tuple(f"held-out clip {i + 1} · {n} {unit}{'' if n == 1 else 's'}" for i, n in enumerate(lengths))
    about = f"{info.about_clips} {WITHOUT_WORDS}".lstrip()

    def make(index: int) -> Clip:
        return clips.of_codes(name, stored_models.codes(place), index, unit, titles[index])

    return ClipSource(
        name,
        place,
        titles,
        lengths,
        make,
        about=about,
        unit=unit,
        reference=_reference(name, place),
        inputs=False,
        range=_range(codes.labels, info.neutral),
    )


def _of_data(name: str, place: str, info: DatasetInfo) -> ClipSource:
    part = _held_out(info.name, place)
    if part.mask is None:
        raise MissingClipsError(f"The data set {info.name} is not one of sequences.")
    lengths = tuple(part.mask.sum(1).tolist())[:SHOWN]
    titles = tuple(_opening(part, i) for i in range(len(lengths)))
    return ClipSource(
        name,
        place,
        titles,
        lengths,
        lambda index: clips.of_dataset(_held_out(info.name, place), index),
        about=info.about_clips,
        unit=part.steps.unit if part.steps else "step",
        reference=_reference(name, place),
        range=_range(part.labels, info.neutral),
    )


def _opening(data: mfm.Dataset, index: int) -> str:
    words = " ".join(data.steps.words[index]) if data.steps else ""
    return f"{index + 1} · {words if len(words) <= 60 else words[:57] + '…'}"


WITHOUT_WORDS = (
    "There are no words and no sound here: what is stored is what the model made of the clips, the codes Z of those "
    "held out."
)


def missing_data(name: str) -> str:
    """How to have the clips of a model that are the user's copy of its data, a sentence; empty of any other model."""
    info = stored_models.dataset_of(name)
    if info.clips != "data":
        return ""
    return (
        f"The model **{stored_models.title(name)}** is stored as well, but cannot be shown here: it needs the words "
        "and features of its data set, which may not be passed on with this app. Who runs the app can add it to the "
        f"list: set MFM_DATA to the folder that holds {', '.join(info.files)}, see the README."
    )
