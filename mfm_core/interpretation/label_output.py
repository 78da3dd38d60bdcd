"""Output of the label head that attributions explain, as a function of the input, and its gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from mfm_core.model import MFM
from mfm_core.networks.steps import real_steps
from mfm_core.printing import short_repr


class Explained(NamedTuple):
    """Output that is explained.

    Attributes:
        mask: Which steps are real, ``(N, T)``.
        target: Which score, or logit of a class, of each sample, ``(N,)``.
    """

    mask: Tensor
    target: Tensor

    def __repr__(self) -> str:
        return short_repr(self)


def explained(model: MFM, inputs: Mapping[str, Tensor], mask: Tensor | None, target: int | None) -> Explained:
    """Check what an attribution is given, and choose the output that it is of.

    Args:
        model: A model of sequences.
        inputs: Modalities ``(N, T, d)`` by name, any non-empty subset.
        mask: Which steps are real, ``(N, T)``; None for all.
        target: Which score, or logit of a class; None for the first score, or the class that the model takes each
            sample for.

    Raises:
        ValueError: If the model is one of images, or the inputs or the target do not fit it.
    """
    if not model.config.sequences:
        raise ValueError("model: expected a model of sequences, got one of images, which have no steps")
    model.checked_inputs(inputs, mask)
    real = real_steps(next(iter(inputs.values())), mask)
    size = model.config.label.size
    if target is not None and not 0 <= target < size:
        raise ValueError(f"target: expected 0 to {size - 1}, got {target}")
    if target is None and model.config.label.kind == "classes":
        with torch.no_grad():
            return Explained(real, model.decide(model.encode(inputs, real).y).argmax(dim=1))
    return Explained(real, torch.full((len(real),), target or 0, device=real.device))


def label_output(model: MFM, inputs: Mapping[str, Tensor], mask: Tensor, target: Tensor) -> Tensor:
    """D(G_y(Z_y)) at ``target`` ``(N,)`` of each sample, ``(N,)``."""
    return model.decide(model.encode(inputs, mask).y).gather(1, target.unsqueeze(1)).squeeze(1)


def input_gradients(model: MFM, inputs: Mapping[str, Tensor], mask: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Gradients of that output by modality, ``(N, T, d)``, of samples that do not know of each other."""
    with torch.enable_grad():
        leaves = {name: x.detach().clone().requires_grad_() for name, x in inputs.items()}
        total = label_output(model, leaves, mask, target).sum()
        gradients = torch.autograd.grad(total, list(leaves.values()))
    return {name: torch.where(mask.unsqueeze(2), gradient, 0) for name, gradient in zip(leaves, gradients, strict=True)}
