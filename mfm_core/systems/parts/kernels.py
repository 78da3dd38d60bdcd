"""Support vector machines, one a class or score; multiple kernel learning: how much each of several kernels counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from mfm_core.printing import short_repr
from mfm_core.systems.base import DataSpec

if TYPE_CHECKING:
    from sklearn.svm import SVC, SVR

TOLERANCE = 1e-3


@dataclass(frozen=True)
class KernelMachine:
    """A machine on a weighed sum of kernels.

    Attributes:
        weights: Of the kernels, ``(M,)`` float64, at least 0 and of p-norm 1.
        dual: Signed dual coefficients of the training samples, ``(N,)`` float64.
        intercept: What is added.
    """

    weights: Tensor
    dual: Tensor
    intercept: float

    __repr__ = short_repr


def rbf(a: Tensor, b: Tensor, gamma: float) -> Tensor:
    """``exp(-gamma |a - b|^2)``, ``(N, D)`` and ``(S, D)`` -> ``(N, S)`` float64."""
    return torch.exp(-gamma * torch.cdist(a.double(), b.double()).square())


def fit_machine(kernels: Tensor, target: Tensor, machine: SVC | SVR) -> tuple[Tensor, float]:
    """Fit a machine of scikit-learn's on the sum of ``kernels`` ``(M, N, N)``: dual coefficients and intercept."""
    machine.fit(kernels.sum(0).numpy(), target.numpy())
    dual = torch.zeros(len(target), dtype=torch.float64)
    dual[torch.from_numpy(np.asarray(machine.support_)).long()] = torch.from_numpy(machine.dual_coef_[0])
    return dual, float(machine.intercept_[0])


def fit_lp_mkl(kernels: Tensor, target: Tensor, machine: SVC | SVR, p: float, iterations: int = 12) -> KernelMachine:
    """Learn the weights of kernels and the machine in turns: lp-norm MKL, Kloft et al. (2011), Algorithm 1.

    With weights d of p-norm 1 the machine on ``sum_m d_m K_m`` is fitted, and then d_m is set to the minimiser for that
    machine, in proportion to ``|w_m|^(2 / (p + 1))`` with ``|w_m|^2 = d_m^2 a' K_m a``.

    Args:
        kernels: ``(M, N, N)`` float64.
        target: Two classes 0 and 1, or scores, ``(N,)``.
        machine: With ``kernel="precomputed"``.
        p: Above 1; near 1 weights are sparse, large ones are alike.
        iterations: Turns at most; fewer when no weight changes by more than 0.001.
    """
    weights = torch.full((len(kernels),), len(kernels) ** (-1 / p), dtype=torch.float64)
    for _ in range(iterations):
        dual, _ = fit_machine(weights.view(-1, 1, 1) * kernels, target, machine)
        norms = weights.square() * (kernels @ dual @ dual).clamp_min(0)
        if float(norms.sum()) <= 0:
            break
        shares = norms ** (1 / (p + 1))
        before, weights = weights, shares / float((shares**p).sum()) ** (1 / p)
        if float((weights - before).abs().max()) < TOLERANCE:
            break
    dual, intercept = fit_machine(weights.view(-1, 1, 1) * kernels, target, machine)
    return KernelMachine(weights, dual, intercept)


def machine_targets(targets: Tensor, spec: DataSpec) -> list[Tensor]:
    """Of each machine, what it learns ``(N,)``: its class or not as 1 or 0, or a standardised score as float64."""
    if spec.classes:
        return [(targets == k).long() for k in range(spec.label.size)]
    return list(targets.double().T)


def validation_error(out: Tensor, labels: Tensor, label_scale: Tensor, spec: DataSpec) -> float:
    """Share of wrong classes, or the mean absolute error of the scores in their standard deviations.

    Args:
        out: Predictions ``(N, size)``.
        labels: Classes ``(N,)``, or scores ``(N, size)``.
        label_scale: Mean and standard deviation of the scores, ``(2, size)``.
        spec: What the labels are.
    """
    if spec.classes:
        return float((out.argmax(1) != labels).float().mean())
    return float(((out - labels) / label_scale[1]).abs().mean())
