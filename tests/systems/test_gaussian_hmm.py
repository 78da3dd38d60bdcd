"""Hidden Markov models of one view against hmmlearn, and of a missing view against the definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hmmlearn.hmm import GaussianHMM
from torch import Tensor

from mfm_core.systems.parts.gaussian_hmm import GaussianHmms, baum_welch, beliefs, fit_models

LENGTHS = (6, 4, 1, 5)


def drawn(models: int = 2, states: int = 3, width: int = 2) -> GaussianHmms:
    g = torch.Generator().manual_seed(0)
    return GaussianHmms(
        torch.randn(models, states, generator=g, dtype=torch.float64).log_softmax(1),
        torch.randn(models, states, states, generator=g, dtype=torch.float64).log_softmax(2),
        torch.randn(models, states, width, generator=g, dtype=torch.float64),
        0.5 + torch.rand(models, states, width, generator=g, dtype=torch.float64),
    )


def sequences(width: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    x = torch.randn(len(LENGTHS), 6, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    mask = torch.arange(6) < torch.tensor(LENGTHS)[:, None]
    return torch.where(mask.unsqueeze(2), x, 0), torch.ones(len(LENGTHS), width, dtype=torch.float64), mask


def of_hmmlearn(models: GaussianHmms, k: int, **options: object) -> GaussianHMM:
    hmm = GaussianHMM(
        n_components=models.start.shape[1], covariance_type="diag", init_params="", implementation="log", **options
    )
    hmm.startprob_, hmm.transmat_ = models.start[k].exp().numpy(), models.transitions[k].exp().numpy()
    hmm.means_, hmm.covars_ = models.means[k].numpy(), models.variances[k].numpy()
    return hmm


def test_likelihoods_and_posteriors_are_those_of_hmmlearn() -> None:
    models, (x, seen, mask) = drawn(), sequences()
    found = beliefs(models, x, seen, mask)
    for k in range(2):
        hmm = of_hmmlearn(models, k)
        for n, length in enumerate(LENGTHS):
            one = x[n, :length].numpy()
            assert float(found.log_partition[k, n]) == pytest.approx(hmm.score(one))
            assert np.allclose(found.marginals[k, n, :length], hmm.predict_proba(one))


def test_a_step_of_baum_welch_without_prior_is_that_of_hmmlearn() -> None:
    models, (x, seen, mask) = drawn(), sequences()
    after, _ = baum_welch(models, x, seen, mask, torch.ones(2, len(LENGTHS), dtype=torch.float64), prior=0)
    for k in range(2):
        hmm = of_hmmlearn(models, k, n_iter=1, tol=-np.inf, min_covar=0, covars_prior=0, covars_weight=0)
        hmm.fit(x[mask].numpy(), list(LENGTHS))
        assert np.allclose(after.start[k].exp(), hmm.startprob_)
        assert np.allclose(after.transitions[k].exp(), hmm.transmat_)
        assert np.allclose(after.means[k], hmm.means_)
        # The floor of variances is ours.
        assert np.allclose(after.variances[k], np.maximum([np.diag(c) for c in hmm.covars_], 1e-2), atol=1e-6)


def test_a_missing_modality_is_summed_out() -> None:
    models, (x, seen, mask) = drawn(width=3), sequences(width=3)
    seen[:, 2] = 0
    without = GaussianHmms(models.start, models.transitions, models.means[..., :2], models.variances[..., :2])
    expected = beliefs(without, x[..., :2], seen[:, :2], mask)
    assert torch.allclose(beliefs(models, x, seen, mask).log_partition, expected.log_partition)


def test_the_likelihood_grows() -> None:
    x, seen, mask = sequences()
    weights = torch.rand(2, len(LENGTHS), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    _, history = fit_models(x, seen, mask, weights, 2, 20, torch.Generator().manual_seed(0))
    assert len(history) > 2
    assert history[-1] > history[0]
