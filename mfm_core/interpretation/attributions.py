"""Attributions of the label to the steps of the input, which the gradient-norm flow is judged against."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from mfm_core.model import MFM
from mfm_core.networks.steps import real_steps


def saliency(
    model: MFM, inputs: Mapping[str, Tensor], mask: Tensor | None = None, *, target: int | None = None
) -> dict[str, Tensor]:
    """Input gradients: |d score / d x_t| of every step of every given modality (Simonyan et al., 2014).

    Args:
        model: A model of sequences.
        inputs: Modalities ``(N, T, d)`` by name, any non-empty subset.
        mask: Which steps are real, ``(N, T)``; None for all.
        target: Which score, or logit of a class; None for what :func:`score` takes.

    Returns:
        By modality, ``(N, T)``, 0 at steps that are not real.

    Raises:
        ValueError: If the model is one of images, or the inputs or the target do not fit it.
    """
    real = _check(model, inputs, mask)
    gradients = _input_gradients(model, inputs, real, _target(model, inputs, real, target))
    return {name: gradient.norm(dim=2) for name, gradient in gradients.items()}


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
        inputs: As for :func:`saliency`.
        mask: Which steps are real, ``(N, T)``; None for all.
        target: Which score, or logit of a class; None for what :func:`score` takes.
        n_steps: Points of the quadrature.

    Returns:
        By modality, ``(N, T)``, with signs. All together they sum to the score less that of the mean input, up to the
        quadrature's error.

    Raises:
        ValueError: If the model is one of images, the inputs or the target do not fit it, or there are no points.
    """
    if n_steps < 1:
        raise ValueError(f"n_steps: expected 1 or more, got {n_steps}")
    real = _check(model, inputs, mask)
    index = _target(model, inputs, real, target)
    # What padding holds, be it NaN, must not come in by way of 0 * NaN.
    clean = {name: torch.where(real.unsqueeze(2), x, 0) for name, x in inputs.items()}
    total = {name: torch.zeros_like(x) for name, x in clean.items()}
    for point, weight in zip(*np.polynomial.legendre.leggauss(n_steps), strict=True):
        between = {name: x * float(0.5 + point / 2) for name, x in clean.items()}
        for name, gradient in _input_gradients(model, between, real, index).items():
            total[name] += gradient * float(weight / 2)
    return {name: (total[name] * x).sum(dim=2) for name, x in clean.items()}


def leave_one_out(
    model: MFM, inputs: Mapping[str, Tensor], mask: Tensor | None = None, *, target: int | None = None
) -> dict[str, Tensor]:
    """How much the score falls when one step of one modality is put to 0, the mean of standardised features.

    Occlusion of Zeiler and Fergus (2014) by whole steps, each on its own.

    Args:
        model: A model of sequences.
        inputs: As for :func:`saliency`.
        mask: Which steps are real, ``(N, T)``; None for all.
        target: Which score, or logit of a class; None for what :func:`score` takes.

    Returns:
        By modality, ``(N, T)``, with signs, 0 at steps that are not real.

    Raises:
        ValueError: If the model is one of images, or the inputs or the target do not fit it.
    """
    real = _check(model, inputs, mask)
    index = _target(model, inputs, real, target)
    n, length = real.shape
    fallen = {name: x.new_zeros(n, length) for name, x in inputs.items()}
    with torch.no_grad():
        whole = score(model, inputs, real, index)
        for t in real.any(dim=0).nonzero().flatten().tolist():
            rows = real[:, t].nonzero().flatten()
            among = {name: x[rows] for name, x in inputs.items()}
            for name, x in among.items():
                without = x.clone()
                without[:, t] = 0
                changed = score(model, {**among, name: without}, real[rows], index[rows])
                fallen[name][rows, t] = whole[rows] - changed
    return fallen


def score(model: MFM, inputs: Mapping[str, Tensor], mask: Tensor, target: Tensor) -> Tensor:
    """Output that attributions differentiate, ``(N,)``: D(G_y(Z_y)) at ``target`` ``(N,)``.

    Unless one is named it is the first score, or the logit of the class that the model takes each sample for.
    """
    return model.decide(model.encode(inputs, mask).y).gather(1, target.unsqueeze(1)).squeeze(1)


def _check(model: MFM, inputs: Mapping[str, Tensor], mask: Tensor | None) -> Tensor:
    if not model.config.sequences:
        raise ValueError("model: expected a model of sequences, got one of images, which have no steps")
    model.checked_inputs(inputs, mask)
    return real_steps(next(iter(inputs.values())), mask)


def _target(model: MFM, inputs: Mapping[str, Tensor], mask: Tensor, target: int | None) -> Tensor:
    size = model.config.label.size
    if target is not None and not 0 <= target < size:
        raise ValueError(f"target: expected 0 to {size - 1}, got {target}")
    if target is None and model.config.label.kind == "classes":
        with torch.no_grad():
            return model.decide(model.encode(inputs, mask).y).argmax(dim=1)
    return torch.full((len(mask),), target or 0, device=mask.device)


def _input_gradients(model: MFM, inputs: Mapping[str, Tensor], mask: Tensor, target: Tensor) -> dict[str, Tensor]:
    """The gradients by modality, ``(N, T, d)``, of samples that do not know of each other."""
    with torch.enable_grad():
        leaves = {name: x.detach().clone().requires_grad_() for name, x in inputs.items()}
        total = score(model, leaves, mask, target).sum()
        gradients = torch.autograd.grad(total, list(leaves.values()))
    return {name: torch.where(mask.unsqueeze(2), gradient, 0) for name, gradient in zip(leaves, gradients, strict=True)}
