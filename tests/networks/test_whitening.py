"""Whitening by class: the codes of each have mean 0 and covariance I, by NumPy's count of either."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mfm_core.networks.whitening import ClassWhitening


def codes_of_two_classes(n: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    labels = torch.arange(n) % 2
    mixed = torch.tensor([[1.0, 0.5, 0.0], [0.0, 2.0, 0.3], [0.0, 0.0, 0.4]])
    x = torch.randn(n, 3, generator=generator)
    x = torch.where(labels[:, None] == 0, x @ mixed + 3.0, 0.5 * x - 1.0)
    return x, torch.nn.functional.one_hot(labels, 2).float()


def test_each_class_has_mean_0_and_covariance_i(generator: torch.Generator) -> None:
    x, probabilities = codes_of_two_classes(400, generator)
    whitening = ClassWhitening(3, 2)
    assert torch.equal(whitening(x, probabilities), x)
    whitening.fit(x, probabilities)
    z = whitening(x, probabilities)
    for label in range(2):
        mine = z[probabilities[:, label] == 1].double().numpy()
        np.testing.assert_allclose(mine.mean(0), 0, atol=1e-5)
        np.testing.assert_allclose(np.cov(mine.T, bias=True), np.eye(3), atol=1e-4)


def test_a_doubtful_code_is_counted_for_both_classes(generator: torch.Generator) -> None:
    x, _ = codes_of_two_classes(400, generator)
    whitening = ClassWhitening(3, 2)
    whitening.fit(x, torch.full((400, 2), 0.5))
    assert torch.allclose(whitening.mean, x.mean(0).expand(2, 3), atol=1e-5)
    z = whitening(x, torch.full((400, 2), 0.5)).double().numpy()
    np.testing.assert_allclose(np.cov(z.T, bias=True), np.eye(3), atol=1e-4)


def test_a_class_of_too_few_codes_is_named() -> None:
    with pytest.raises(ValueError, match=r"^x: expected over 4 codes of each class, got 3 of 1$"):
        ClassWhitening(2, 2).fit(torch.rand(13, 2), torch.eye(2)[[0] * 10 + [1] * 3])
