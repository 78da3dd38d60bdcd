"""Approximations of the HSIC: their error is what they say, and falls with the number of features."""

from __future__ import annotations

import re

import pytest
import torch

from mfm_core import normalized_hsic
from mfm_core.interpretation.approximate import approximate_normalized_hsic


@pytest.fixture
def pair(generator):
    f = torch.randn(1000, 4, generator=generator)
    return f, f[:, :2] + 0.5 * torch.randn(1000, 2, generator=generator)


@pytest.mark.parametrize("method", ["nystroem", "fourier"])
def test_the_error_is_told_and_falls_with_the_features(pair, method):
    exact = normalized_hsic(*pair, "median")
    generator = torch.Generator().manual_seed(0)
    few, many = (
        approximate_normalized_hsic(*pair, "median", method=method, n_features=m, n_draws=2, generator=generator)
        for m in (8, 600)
    )
    assert abs(many.value - exact) < 0.05
    assert many.error < few.error / 3
    for found in (few, many):
        assert abs(found.value - exact) < 3 * found.error + 1e-3


def test_with_all_samples_as_landmarks_it_is_exact(pair):
    few = [v[:200] for v in pair]
    found = approximate_normalized_hsic(*few, n_features=200, generator=torch.Generator().manual_seed(0))
    assert found.value == pytest.approx(normalized_hsic(*few), abs=1e-6)
    assert found.error < 1e-6


def test_a_constant_depends_on_nothing(pair):
    found = approximate_normalized_hsic(pair[0], torch.ones(1000), generator=torch.Generator().manual_seed(0))
    assert found == (0, 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "exact"}, "method: expected 'nystroem' or 'fourier', got 'exact'"),
        ({"n_features": 0}, "n_features, n_draws: expected 1 or more, got 0 and 4"),
        ({"x": torch.zeros(7)}, "f, x: expected as many samples of both, got 1000 and 7"),
        ({"x": torch.zeros(1)}, "x: expected shape (n, ...) with n > 1 samples, got (1,)"),
        ({"bandwidth": -1.0}, "bandwidth: expected a positive number or 'median', got -1.0"),
    ],
)
def test_bad_input_gives_one_sentence(pair, changes, message):
    given = {"f": pair[0], "x": pair[1], "generator": torch.Generator()} | changes
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        approximate_normalized_hsic(**given)
