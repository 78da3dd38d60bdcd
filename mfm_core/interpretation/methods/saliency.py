"""Saliency: the gradient of the label's score by each step that was given (Simonyan et al., 2014)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from mfm_core.interpretation.base import Attribution
from mfm_core.interpretation.label_output import explained, input_gradients
from mfm_core.interpretation.registry import register_interpretation
from mfm_core.model import MFM


def saliency(
    model: MFM, inputs: Mapping[str, Tensor], mask: Tensor | None = None, *, target: int | None = None
) -> dict[str, Tensor]:
    """Input gradients: |d score / d x_t| of every step of every given modality (Simonyan et al., 2014).

    Args:
        model: A model of sequences.
        inputs: Modalities ``(N, T, d)`` by name, any non-empty subset.
        mask: Which steps are real, ``(N, T)``; None for all.
        target: Which score, or logit of a class; None for the first score, or the class that the model takes each
            sample for.

    Returns:
        By modality, ``(N, T)``, 0 at steps that are not real.

    Raises:
        ValueError: If the model is one of images, or the inputs or the target do not fit it.
    """
    real, index = explained(model, inputs, mask, target)
    return {name: gradient.norm(dim=2) for name, gradient in input_gradients(model, inputs, real, index).items()}


register_interpretation(
    Attribution(
        key="saliency",
        title="Saliency (input gradients)",
        way="input gradients",
        meaning="how steeply the score changes with the step that was given",
        unit="score a standard deviation of the features",
        measure=saliency,
    )
)
