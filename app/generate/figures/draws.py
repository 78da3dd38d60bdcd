"""Draws of Z, from the source that the view names."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from app.generate import digit_model
from app.generate.view import Source
from mfm_core import Latents

SOURCES: Mapping[str, str] = {"posterior": "the aggregate posterior", "prior": "the prior N(0, I)"}


def draw(shown: digit_model.DigitModel, source: Source, seed: int, n: int) -> Latents:
    """``n`` samples of Z; the same seed gives the same samples."""
    generator = torch.Generator().manual_seed(seed)
    if source == "prior":
        return shown.model.sample(n, generator=generator)
    return digit_model.posterior(shown.name).sample(n, generator=generator)
