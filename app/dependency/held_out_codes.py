"""The codes that the page Dependency measures: Z of held-out clips of a stored model of sequences, loaded once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

import mfm_core as mfm
from app.dependency.view import DependencyAllowed
from app.shared import stored_models

MOST_CODES = 1_000
"""Clips that are measured at most: a page should answer while somebody looks."""


@dataclass(frozen=True)
class HeldOutCodes:
    """A model and codes of held-out clips.

    Attributes:
        name: The model's name.
        model: The model, frozen.
        latents: Z, with the mask.
        labels: Classes ``(N,)`` or scores ``(N, size)``.
        units: Of each the number of its video, ``(N,)``; None where each is a video of its own.
    """

    name: str
    model: mfm.MFM
    latents: mfm.Latents
    labels: Tensor
    units: Tensor | None = None

    @property
    def limits(self) -> DependencyAllowed:
        """Values that a link may ask for."""
        return DependencyAllowed(self.model.modalities, min(len(self.labels), MOST_CODES))

    def order(self, seed: int) -> Tensor:
        """An order of the clips that the seed chooses; the first n of it are measured."""
        return torch.randperm(len(self.labels), generator=torch.Generator().manual_seed(seed))


class MissingCodesError(RuntimeError):
    """The model or its codes are missing or damaged; the message is a sentence for the visitor."""


def load(name: str) -> HeldOutCodes:
    """A model of sequences and its codes; each file is read once for all visitors.

    Raises:
        MissingCodesError: If a file is missing or damaged, or holds something else.
    """
    place = stored_models.stored_as(name)
    try:
        model, codes = stored_models.model(place), stored_models.codes(place)
    except (OSError, ValueError) as error:
        raise MissingCodesError(str(error)) from error
    if codes.latents.mask is None or len(codes) < 2:
        raise MissingCodesError(f"{name}: expected codes of at least 2 sequences")
    return HeldOutCodes(name, model, codes.latents, codes.labels, codes.units)


def measurable() -> tuple[str, ...]:
    """The stored models that have codes to measure, known without loading any."""
    models = stored_models.sequence_models()
    return tuple(name for name in models if stored_models.has_codes(name) and stored_models.damage(name) is None)
