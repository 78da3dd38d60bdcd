"""Multiple kernel learning: with one kernel it is the machine of scikit-learn; with two, no other weights do better."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.svm import SVC, SVR
from torch import Tensor

from mfm_core.systems.parts.kernels import fit_lp_mkl, fit_machine, rbf

P = 1.5


def problem() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(80, 3, generator=generator)
    y = (x[:, 0] + 0.3 * torch.randn(80, generator=generator) > 0).long()
    return torch.stack([rbf(x[:, :1], x[:, :1], 0.5), rbf(x[:, 1:], x[:, 1:], 0.5)]), y


@pytest.mark.parametrize("machine", [SVC(kernel="precomputed"), SVR(kernel="precomputed")])
def test_one_kernel_is_a_support_vector_machine(machine: SVC | SVR) -> None:
    kernels, y = problem()
    found = fit_lp_mkl(kernels[:1], y, machine, P)
    alone = machine.fit(kernels[0].numpy(), y.numpy())
    assert found.weights.tolist() == [1.0]
    ours = kernels[0] @ found.dual + found.intercept
    theirs = alone.decision_function(kernels[0].numpy()) if isinstance(machine, SVC) else alone.predict(kernels[0])
    assert np.allclose(ours, theirs, atol=1e-6)


def dual_objective(kernels: Tensor, y: Tensor, weights: Tensor) -> float:
    """Least cost of the machine with these weights: the largest value of its dual."""
    weighed = weights.view(-1, 1, 1) * kernels
    dual, _ = fit_machine(weighed, y, SVC(kernel="precomputed", tol=1e-6))
    return float(dual.abs().sum() - 0.5 * dual @ weighed.sum(0) @ dual)


def test_no_other_weights_of_the_same_norm_cost_less() -> None:
    kernels, y = problem()
    found = fit_lp_mkl(kernels, y, SVC(kernel="precomputed", tol=1e-6), P, iterations=50)
    assert float((found.weights**P).sum()) == pytest.approx(1)
    assert found.weights[0] > found.weights[1]  # the second kernel is noise
    least = dual_objective(kernels, y, found.weights)
    for share in np.linspace(0.02, 0.98, 25):
        other = torch.tensor([share, 1 - share]).double() ** (1 / P)
        assert dual_objective(kernels, y, other) >= least - 1e-2
