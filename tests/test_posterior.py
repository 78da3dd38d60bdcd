"""The aggregate posterior, against the sampler of scikit-learn and the moments of the mixture."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from mfm_core import AggregatePosterior, Latents
from mfm_core.posterior import Mixture


def clusters(n: int, seed: int = 0) -> torch.Tensor:
    """Points about four corners of a square, two of them rarer."""
    generator = torch.Generator().manual_seed(seed)
    corners = torch.tensor([[-3.0, -3.0], [3.0, -3.0], [-3.0, 3.0], [3.0, 3.0]])
    rows = torch.multinomial(torch.tensor([0.4, 0.3, 0.2, 0.1]), n, replacement=True, generator=generator)
    return corners[rows] + torch.randn(n, 2, generator=generator) @ torch.tensor([[0.5, 0.4], [0.0, 0.2]])


@pytest.fixture(scope="module")
def codes() -> Latents:
    generator = torch.Generator().manual_seed(1)
    return Latents(clusters(2000), {"svhn": torch.randn(2000, 3, generator=generator), "mnist": clusters(2000, 2)})


@pytest.fixture(scope="module")
def posterior(codes: Latents) -> AggregatePosterior:
    return AggregatePosterior.fit(codes, n_components=4)


def test_moments_of_samples_are_those_of_the_mixture(posterior: AggregatePosterior) -> None:
    mixture = posterior.mixtures["y"]
    n = 200_000
    drawn = mixture.sample(n, torch.Generator().manual_seed(3))
    mean = mixture.weights @ mixture.means
    within = torch.einsum("k,kij,klj->il", mixture.weights, mixture.scales, mixture.scales)
    between = torch.einsum("k,ki,kj->ij", mixture.weights, mixture.means - mean, mixture.means - mean)
    torch.testing.assert_close(drawn.mean(0), mean, atol=0.03, rtol=0)
    torch.testing.assert_close(drawn.T.cov(), within + between, atol=0.06, rtol=0)


def test_samples_are_distributed_as_those_of_scikit_learn(codes: Latents, posterior: AggregatePosterior) -> None:
    theirs = GaussianMixture(4, reg_covar=1e-4, max_iter=500, random_state=0).fit(codes.y.double().numpy())
    n = 40_000
    expected, _ = theirs.sample(n)
    ours = posterior.sample(n, generator=torch.Generator().manual_seed(4)).y.double().numpy()
    # Projections on many directions have the same quantiles.
    angles = np.linspace(0, np.pi, 12, endpoint=False)
    levels = [0.02, 0.1, 0.15, 0.85, 0.9, 0.98]
    for direction in np.stack([np.cos(angles), np.sin(angles)], axis=1):
        spread = np.std(expected @ direction)
        gap = np.quantile(ours @ direction, levels) - np.quantile(expected @ direction, levels)
        assert np.abs(gap).max() < 0.06 * spread
    assert theirs.score(ours) == pytest.approx(theirs.score(expected), abs=0.03)


def test_samples_lie_where_codes_lie_and_not_between(posterior: AggregatePosterior) -> None:
    drawn = posterior.sample(5000, generator=torch.Generator().manual_seed(5)).y
    assert (drawn.norm(dim=1) < 1).float().mean() < 0.01


def test_blocks_are_independent(posterior: AggregatePosterior) -> None:
    drawn = posterior.sample(50_000, generator=torch.Generator().manual_seed(6))
    correlation = torch.corrcoef(drawn.joint().T)
    assert list(drawn.blocks()) == ["y", "svhn", "mnist"]
    assert correlation[:2, 2:].abs().max() < 0.02
    assert correlation[2:5, 5:].abs().max() < 0.02


def test_a_style_takes_as_many_components_as_it_has_modes(posterior: AggregatePosterior) -> None:
    assert len(posterior.mixtures["svhn"].weights) == 1
    assert len(posterior.mixtures["mnist"].weights) == 4


def test_fits_and_samples_follow_their_seeds(codes: Latents, posterior: AggregatePosterior) -> None:
    again = AggregatePosterior.fit(codes, n_components=4)
    ours, theirs = (p.sample(10, generator=torch.Generator().manual_seed(7)).joint() for p in (posterior, again))
    assert torch.equal(ours, theirs)


def test_few_codes_are_fitted_with_few_components(generator: torch.Generator) -> None:
    few = Latents(torch.randn(3, 2, generator=generator), {"svhn": torch.randn(3, 2, generator=generator)})
    fitted = AggregatePosterior.fit(few, n_components=1)
    assert fitted.sample(5, generator=generator).joint().shape == (5, 4)


def test_a_mixture_of_one_is_a_gaussian(generator: torch.Generator) -> None:
    scale = torch.tensor([[[2.0, 0.0], [1.0, 0.5]]])
    mixture = Mixture(torch.ones(1), torch.tensor([[1.0, -1.0]]), scale)
    drawn = mixture.sample(100_000, generator)
    torch.testing.assert_close(drawn.mean(0), torch.tensor([1.0, -1.0]), atol=0.03, rtol=0)
    torch.testing.assert_close(drawn.T.cov(), scale[0] @ scale[0].T, atol=0.06, rtol=0)


@pytest.mark.parametrize("n_components", [0, 2001])
def test_as_many_components_as_there_are_codes_at_most(codes: Latents, n_components: int) -> None:
    message = f"n_components: expected 1 to 2000, the number of samples, got {n_components}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        AggregatePosterior.fit(codes, n_components=n_components)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_components": 2.5}, "n_components: expected a whole number, got 2.5"),
        ({"seed": "x"}, "seed: expected a whole number, got a str"),
        ({"latents": 3}, "latents: expected Latents, got an int"),
    ],
)
def test_arguments_of_a_fit_are_checked(codes: Latents, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        AggregatePosterior.fit(**{"latents": codes, **wrong})


def test_a_negative_number_of_samples_is_refused(posterior: AggregatePosterior, generator: torch.Generator) -> None:
    assert len(posterior.sample(0, generator=generator)) == 0
    with pytest.raises(ValueError, match=r"^n: expected 0 or more samples, got -1$"):
        posterior.sample(-1, generator=generator)
