"""How much sooner one training reaches an error than another, on made-up trainings whose answer is plain."""

from __future__ import annotations

import math
from itertools import combinations

import pytest

from benchmarks.quality_comparison import Point, Training, sooner


def training(*errors: float, seconds: float, test: float = 1.0) -> Training:
    """A validation every ``seconds`` of the processor, which take twice as long by the clock."""
    points = [Point(seconds * i, 2 * seconds * i, error, test) for i, error in enumerate(errors, start=1)]
    return Training(tuple(points), parameters=1)


def test_the_first_validation_that_is_good_enough_counts() -> None:
    theirs, ours = training(1.4, 1.3, 1.2, 1.25, 1.2, seconds=10), training(1.5, 1.1, 1.2, seconds=3)
    assert theirs.best.processor == 30
    assert sooner([theirs], [ours], [1.2]).ratios == (30 / 6,)
    assert sooner([theirs], [ours], [1.5]).ratios == (10 / 3,)


def test_by_the_clock_and_on_test_samples() -> None:
    theirs, ours = training(1.4, seconds=10, test=1.3), Training((Point(2, 20, 1.4, 1.3),), parameters=1)
    assert sooner([theirs], [ours], [1.4]).ratios == (5,)
    assert sooner([theirs], [ours], [1.4], time="clock").ratios == (1,)
    assert sooner([theirs], [ours], [1.3], "test").ratios == (5,)
    assert sooner([theirs], [ours], [1.3]).unreached_ours == 1


def test_what_is_never_reached_counts_against_ours() -> None:
    good, bad = training(1.3, 1.0, seconds=1), training(1.3, 1.2, 1.4, seconds=1)
    assert sooner([good], [bad], [1.0]).ratios == (0,)
    assert sooner([bad], [good], [1.0]).ratios == (3 / 2,)  # all of its time, a lower bound
    neither = sooner([bad], [bad], [1.0])
    assert (neither.ratios, neither.unreached_theirs, neither.unreached_ours) == ((0,), 1, 1)


@pytest.mark.parametrize("n", [5, 6, 8, 10])
def test_the_interval_of_the_median_is_that_of_all_outcomes_of_coins(n: int) -> None:
    theirs = [training(1.0, seconds=float(i)) for i in range(1, n + 1)]
    found = sooner(theirs, [training(1.0, seconds=1)] * n, [1.0] * n)
    # Of all ways in which each seed may lie below or above the median: how often it lies below the k-th of the sorted.
    missed = [sum(1 for below in range(k) for _ in combinations(range(n), below)) / 2**n for k in range(1, n // 2 + 1)]
    ranks = [k for k, share in enumerate(missed, start=1) if share <= 0.025]
    if ranks:
        assert (found.low, found.high) == (ranks[-1], n + 1 - ranks[-1])
    else:
        assert math.isnan(found.low)
        assert math.isnan(found.high)
    assert found.median == (n + 1) / 2
