"""The codes that the page Dependency measures: Z of held-out clips of a stored model of sequences, loaded once."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
import torch
from torch import Tensor

import mfm_core as mfm
from app.dependency.view import DependencyAllowed
from app.shared.stored_models import sequence_models, stored_as

MOST = 1_000
"""Clips that are measured at most: a page should answer while somebody looks."""


@dataclass(frozen=True)
class HeldOutCodes:
    """A model and codes of held-out clips.

    Attributes:
        name: The model's name.
        model: The model, frozen.
        latents: Z, with the mask.
        labels: Classes ``(N,)`` or scores ``(N, size)``.
    """

    name: str
    model: mfm.MFM
    latents: mfm.Latents
    labels: Tensor

    @property
    def limits(self) -> DependencyAllowed:
        """Values that a link may ask for."""
        return DependencyAllowed(self.model.modalities, min(len(self.labels), MOST))

    def order(self, seed: int) -> Tensor:
        """An order of the clips that the seed chooses; the first n of it are measured."""
        return torch.randperm(len(self.labels), generator=torch.Generator().manual_seed(seed))


def load(name: str) -> HeldOutCodes:
    """Load a model of sequences and its codes, once for all visitors.

    Raises:
        OSError: If a file is missing.
        ValueError: If one is damaged, or holds something else.
    """
    return _load(stored_as(name), name)


@st.cache_resource(max_entries=8, show_spinner="Loading the codes …")
def _load(place: str, name: str) -> HeldOutCodes:
    model, codes = mfm.load_pretrained(place), mfm.load_codes(place)
    if codes.latents.mask is None or len(codes) < 2:
        raise ValueError(f"{name}: expected codes of at least 2 sequences")
    return HeldOutCodes(name, model, codes.latents, codes.labels)


def measurable() -> tuple[str, ...]:
    """The stored models that have codes to measure."""
    there = []
    for name in sequence_models():
        try:
            load(name)
        except (OSError, ValueError):
            continue
        there.append(name)
    return tuple(there)
