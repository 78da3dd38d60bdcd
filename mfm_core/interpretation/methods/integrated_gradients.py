"""Integrated gradients of the label's score (Sundararajan et al., 2017)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from mfm_core.interpretation.base import Attribution
from mfm_core.interpretation.label_output import explained, input_gradients
from mfm_core.interpretation.registry import register_interpretation
from mfm_core.model import MFM


def integrated_gradients(
    model: MFM,
    inputs: Mapping[str, Tensor],
    mask: Tensor | None = None,
    *,
    target: int | None = None,
    n_steps: int = 32,
) -> dict[str, Tensor]:
    """Integrated gradients of the score from the mean input, summed over features (Sundararajan et al., 2017, Eq. 1).

    The integral of the gradient along the straight line from 0, which of standardised features is their mean, times
    the input; by Gauss-Legendre quadrature.

    Args:
        model: A model of sequences.
        inputs: Modalities ``(N, T, d)`` by name, any non-empty subset.
        mask: Which steps are real, ``(N, T)``; None for all.
        target: Which score, or logit of a class; None for the first score, or the class that the model takes each
            sample for.
        n_steps: Points of the quadrature.

    Returns:
        By modality, ``(N, T)``, with signs. All together they sum to the score less that of the mean input, up to the
        quadrature's error.

    Raises:
        ValueError: If the model is one of images, the inputs or the target do not fit it, or there are no points.
    """
    if n_steps < 1:
        raise ValueError(f"n_steps: expected 1 or more, got {n_steps}")
    real, index = explained(model, inputs, mask, target)
    # What padding holds, be it NaN, must not come in by way of 0 * NaN.
    clean = {name: torch.where(real.unsqueeze(2), x, 0) for name, x in inputs.items()}
    total = {name: torch.zeros_like(x) for name, x in clean.items()}
    for point, weight in zip(*np.polynomial.legendre.leggauss(n_steps), strict=True):
        between = {name: x * float(0.5 + point / 2) for name, x in clean.items()}
        for name, gradient in input_gradients(model, between, real, index).items():
            total[name] += gradient * float(weight / 2)
    return {name: (total[name] * x).sum(dim=2) for name, x in clean.items()}


register_interpretation(
    Attribution(
        key="integrated_gradients",
        title="Integrated gradients",
        way="integrated gradients",
        meaning=(
            "what the step that was given adds to the score, from the mean input on; all bars sum to the difference"
        ),
        unit="score",
        signed=True,
        measure=integrated_gradients,
    )
)
