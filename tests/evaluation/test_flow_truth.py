"""Judgement of step values by known evidence, against scikit-learn and closed cases."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from mfm_core.evaluation.flow_truth import flow_against_truth, weighted_auc


@pytest.fixture
def clips(generator):
    mask = torch.rand(60, 12, generator=generator) < 0.8
    evidence = torch.randn(60, 12, generator=generator) * (torch.rand(60, 12, generator=generator) < 0.3)
    flow = evidence.abs() + torch.rand(60, 12, generator=generator)
    return flow, evidence, mask


def judged(evidence, mask):
    truth = (evidence != 0) & mask
    return truth.any(dim=1) & ~(truth | ~mask).all(dim=1)


def test_figures_are_scikit_learns_and_counted_by_hand(clips):
    flow, evidence, mask = clips
    found = flow_against_truth(flow, evidence, mask)
    keep = judged(evidence, mask)
    steps = mask & keep[:, None]
    assert found.auc.value == pytest.approx(roc_auc_score(evidence[steps] != 0, flow[steps]), abs=1e-12)
    within, hits = [], []
    for x, e, m in zip(flow[keep], evidence[keep], mask[keep], strict=True):
        within.append(roc_auc_score(e[m] != 0, x[m]))
        hits.append(bool(e[m][x[m].argmax()] != 0))
    assert found.auc_within.value == pytest.approx(np.mean(within), abs=1e-12)
    assert found.hits.value == pytest.approx(np.mean(hits), abs=1e-12)
    assert found.hits.n == int(keep.sum())
    for figure in found:
        assert figure.low < figure.value < figure.high


def test_the_truth_itself_is_found_and_its_sign_does_not_matter(clips):
    _, evidence, mask = clips
    found = flow_against_truth(-3 * evidence, evidence, mask)
    assert (found.hits.value, found.auc.value, found.auc_within.value) == (1, 1, 1)


@pytest.mark.parametrize("found_in", [0, 1])
def test_hits_that_are_all_alike_have_wilsons_interval(found_in):
    """28 of 28, or none: the ends by Wilson's formula at p of 0 or 1, n / (n + z^2) and z^2 / (n + z^2)."""
    evidence = torch.zeros(28, 5)
    evidence[:, 2] = 1.0
    flow = torch.zeros(28, 5)
    flow[:, 2 if found_in else 0] = 1.0
    hits = flow_against_truth(flow, evidence, torch.ones(28, 5, dtype=torch.bool)).hits
    z2 = 1.959964**2
    ends = (28 / (28 + z2), 1.0) if found_in else (0.0, z2 / (28 + z2))
    assert (hits.value, hits.n) == (found_in, 28)
    assert (hits.low, hits.high) == (pytest.approx(ends[0], abs=1e-6), pytest.approx(ends[1], abs=1e-6))


def test_noise_finds_as_much_as_chance(generator):
    evidence = (torch.rand(3000, 10, generator=generator) < 0.3).float()
    noise = torch.rand(3000, 10, generator=generator)
    found = flow_against_truth(noise, evidence, torch.ones(3000, 10, dtype=torch.bool), n_bootstrap=200)
    assert found.hits.low < found.hits_by_chance.value < found.hits.high
    assert found.auc.low < 0.5 < found.auc.high
    assert found.auc_within.low < 0.5 < found.auc_within.high


def test_equal_values_count_their_part():
    evidence = torch.tensor([[1.0, 0.0, 0.0, 2.0]])
    found = flow_against_truth(torch.ones(1, 4), evidence, torch.ones(1, 4, dtype=torch.bool))
    assert (found.hits.value, found.hits_by_chance.value, found.auc.value) == (0.5, 0.5, 0.5)


def test_padding_does_not_count(clips):
    flow, evidence, mask = clips
    filled = flow_against_truth(torch.where(mask, flow, math.nan), torch.where(mask, evidence, math.inf), mask)
    assert filled == flow_against_truth(flow, evidence, mask)


def test_the_interval_covers_what_it_should(generator):
    """Of the share of hits of random flow: 95 % intervals of 60 samples of 40 clips cover the truth nearly as often."""
    covered = 0
    for _ in range(60):
        evidence = torch.zeros(40, 4)
        evidence[:, 0] = 1
        flow = torch.rand(40, 4, generator=generator)
        found = flow_against_truth(flow, evidence, torch.ones(40, 4).bool(), n_bootstrap=300, generator=generator)
        covered += found.hits.low <= 0.25 <= found.hits.high
    assert covered >= 49


def test_weighted_areas_are_scikit_learns_with_ties(generator):
    values = torch.randint(5, (80,), generator=generator).double().numpy()
    truth = (torch.rand(80, generator=generator) < 0.4).numpy()
    weights = torch.randint(3, (7, 80), generator=generator).double().numpy()
    expected = [roc_auc_score(truth, values, sample_weight=w) for w in weights]
    np.testing.assert_allclose(weighted_auc(values, truth, weights), expected, rtol=1e-12)


ONES = torch.ones(2, 3)


@pytest.mark.parametrize(
    ("flow", "evidence", "mask", "n", "message"),
    [
        (
            ONES,
            ONES,
            torch.ones(2, 4).bool(),
            9,
            "flow, evidence, mask: expected one shape (N, T), got (2, 3), (2, 3), (2, 4)",
        ),
        (ONES, ONES, ONES, 9, "mask: expected torch.bool, got torch.float32"),
        (ONES, ONES, ONES.bool(), 0, "n_bootstrap: expected 1 or more, got 0"),
        (ONES / 0, ONES, ONES.bool(), 9, "flow: expected finite values at real steps, got NaN or infinity"),
        (ONES, ONES * math.nan, ONES.bool(), 9, "evidence: expected finite values at real steps, got NaN or infinity"),
        (ONES, ONES, ONES.bool(), 9, "evidence: expected a clip with evidence at some of its real steps, got none"),
        (ONES, 0 * ONES, ONES.bool(), 9, "evidence: expected a clip with evidence at some of its real steps, got none"),
    ],
)
def test_bad_input_gives_one_sentence(flow, evidence, mask, n, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        flow_against_truth(flow, evidence, mask, n_bootstrap=n)
