"""Intervals over clusters, against SciPy's bootstrap and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import bootstrap

from mfm_core.evaluation.crossed_bootstrap import connected_clusters, crossed_mean, difference, mean_over
from mfm_core.evaluation.statistics import share


def test_of_samples_that_stand_for_themselves_it_is_scipys_percentile_interval(generator):
    values = torch.rand(200, generator=generator)
    found = crossed_mean(values, [torch.arange(200)])
    theirs = bootstrap((values.numpy(),), np.mean, method="percentile", n_resamples=5000, rng=1).confidence_interval
    assert found.value == pytest.approx(values.mean().item(), abs=1e-6)
    assert [found.low, found.high] == pytest.approx([theirs.low, theirs.high], abs=0.004)
    assert found.n == 200


def test_of_clusters_it_is_scipys_interval_over_clusters(generator):
    clusters = torch.arange(50).repeat_interleave(8)
    values = torch.randn(50, generator=generator)[clusters] + 0.3 * torch.randn(400, generator=generator)
    found = crossed_mean(values, [clusters])
    means = values.reshape(50, 8).mean(1).numpy()
    theirs = bootstrap((means,), np.mean, method="percentile", n_resamples=5000, rng=1).confidence_interval
    assert [found.low, found.high] == pytest.approx([theirs.low, theirs.high], abs=0.03)
    assert found.n == 50
    alone = crossed_mean(values, [torch.arange(400)])
    assert found.high - found.low > 2 * (alone.high - alone.low)


def test_repeating_every_sample_makes_nothing_surer():
    values = torch.arange(40.0)
    once = crossed_mean(values, [torch.arange(40)])
    often = crossed_mean(values.repeat(25), [torch.arange(40).repeat(25)])
    assert (often.low, often.high, often.n) == pytest.approx((once.low, once.high, once.n))


@pytest.mark.parametrize("hit", [True, False])
def test_hits_that_are_all_alike_are_as_sure_as_so_many_clusters_make_them(hit):
    hits, clusters = torch.full((200,), hit), torch.arange(50).repeat(4)
    assert crossed_mean(hits, [torch.arange(200), clusters]) == share(torch.full((50,), hit))
    assert mean_over(hits, [clusters]) == share(torch.full((50,), hit))


def test_of_two_factors_that_cross_the_variances_add(generator):
    rows, columns = torch.arange(40).repeat_interleave(30), torch.arange(30).repeat(40)
    a, b = torch.randn(40, generator=generator), torch.randn(30, generator=generator)
    found = crossed_mean(a[rows] + b[columns], [rows, columns])
    wanted = 2 * 1.96 * float((a.var(correction=0) / 40 + b.var(correction=0) / 30).sqrt())
    assert found.high - found.low == pytest.approx(wanted, rel=0.08)
    assert found.n == 30


def test_the_difference_of_two_systems_of_one_seed_is_scipys_paired_interval(generator):
    ours, theirs = (torch.rand(300, generator=generator) < p for p in (0.9, 0.8))
    found, p = difference(ours[None], theirs[None], torch.arange(300))
    gain = ours.double().numpy() - theirs.double().numpy()
    theirs_too = bootstrap((gain,), np.mean, method="percentile", n_resamples=5000, rng=1).confidence_interval
    assert found.value == pytest.approx(gain.mean())
    assert [found.low, found.high] == pytest.approx([theirs_too.low, theirs_too.high], abs=0.01)
    assert found.n == 300
    assert p < 0.01


def test_seeds_that_differ_widen_a_difference_and_seeds_that_agree_do_not(generator):
    hits = torch.rand(400, generator=generator) < 0.8
    alike = torch.stack([hits] * 3)
    apart = torch.stack([hits, hits | (torch.arange(400) < 80), hits & (torch.arange(400) > 80)])
    narrow, p = difference(alike, alike, torch.arange(400))
    assert (narrow.value, narrow.low, narrow.high, p) == (0, 0, 0, 1)
    wide, _ = difference(apart, alike, torch.arange(400))
    means = apart.double().mean(1).numpy()
    assert wide.high - wide.low > 2 * 1.96 * means.std() / 3**0.5 * 0.8


def test_seeds_that_read_the_same_samples_are_no_further_evidence(generator):
    """Pooled, 20 seeds that err on the same 3 of 30 samples would be 60 discordant pairs, p = 2e-18 by McNemar."""
    ours, theirs = torch.ones(30, dtype=torch.bool), torch.arange(30) > 2
    once, often = (difference(ours.expand(n, -1), theirs.expand(n, -1), torch.arange(30)) for n in (1, 20))
    assert often.estimate.value == pytest.approx(once.estimate.value)
    assert (often.estimate.low, often.estimate.high) == pytest.approx((once.estimate.low, once.estimate.high), abs=0.04)
    assert often.p == pytest.approx(2 * 0.9**30, abs=0.03)  # no resample without the three finds a difference


@pytest.mark.parametrize("n", [1, 2, 4, 5])
def test_fewer_than_five_clusters_have_no_interval_and_say_why(n):
    clusters = torch.arange(20) % n
    mean = crossed_mean(torch.arange(20.0), [torch.arange(20), clusters])
    gap, p = difference(torch.ones(2, 20), torch.arange(20.0)[None] / 20, clusters)
    for found, value in ((mean, 9.5), (gap, 0.525)):
        assert found.value == pytest.approx(value)
        assert np.isfinite([found.low, found.high]).tolist() == [n == 5] * 2
        assert found.reason == ("" if n == 5 else f"an interval needs at least 5 clusters, got {n}")
        assert found.n == n
    assert np.isnan(p) == (n < 5)


def test_few_trainings_widen_the_interval_of_their_mean():
    values = torch.cat([torch.zeros(40), torch.ones(40)])
    pairs, trainings = torch.arange(40).repeat(2), torch.arange(2).repeat_interleave(40)
    alone = crossed_mean(values, [pairs])
    both = crossed_mean(values, [pairs], trainings=trainings)
    assert (alone.low, alone.high, alone.n) == (0.5, 0.5, 40)
    assert (both.low, both.high, both.n) == (0, 1, 40)


def test_a_difference_of_other_samples_is_refused():
    with pytest.raises(
        ValueError, match=r"^ours, theirs, clusters: expected shapes .*, got \[\(1, 3\), \(1, 2\), \(3,\)\]$"
    ):
        difference(torch.ones(1, 3), torch.ones(1, 2), torch.arange(3))


@pytest.mark.parametrize(
    ("values", "factors", "message"),
    [
        (torch.zeros(0), [torch.zeros(0)], "values: expected at least one sample, got none"),
        (torch.zeros(3), [], r"factors: expected at least one of shape \(3,\), got \[\]"),
        (torch.zeros(3), [torch.arange(2)], r"factors: expected at least one of shape \(3,\), got \[\(2,\)\]"),
    ],
)
def test_what_has_no_samples_or_clusters_is_refused(values, factors, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        crossed_mean(values, factors)


def test_connected_clusters_are_those_of_sets_that_are_merged_as_long_as_they_meet(generator):
    factors = [torch.randint(40, (60,), generator=generator) - 20, torch.randint(30, (60,), generator=generator)]
    sets = [{i} for i in range(60)]
    for factor in factors:
        for level in factor.unique():
            meeting = [one for one in sets if any(factor[i] == level for i in one)]
            sets = [one for one in sets if one not in meeting] + [set.union(*meeting)]
    found = connected_clusters(factors)
    members = {frozenset((found == one).nonzero().flatten().tolist()) for one in found.unique()}
    assert members == {frozenset(one) for one in sets}
    assert 1 < len(sets) < len(factors[0].unique())


def test_connected_clusters_of_no_factor_or_of_unequal_lengths_are_refused():
    for factors in ([], [torch.arange(3), torch.arange(4)]):
        with pytest.raises(ValueError, match=r"factors: expected some of one shape \(N,\), got"):
            connected_clusters(factors)
