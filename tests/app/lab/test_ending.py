"""A run whose swaps are at chance says so, and whether it was shorter than the page's own."""

from __future__ import annotations

import math

import pytest

from app.lab.ending import at_chance, too_short
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.statistics import Estimate

CHANCE = figure("most_frequent_class", "", Estimate(0.12, 0.1, 0.14, 360))


def swap(name: str, value: float, low: float, key: str = "swap_accuracy") -> Figure:
    return figure(key, name, Estimate(value, low, value + 0.1, 360))


def test_a_run_at_chance_is_told_its_steps_and_those_of_a_run_as_the_page_offers_it() -> None:
    figures = [swap("plain", 0.1, 0.07), swap("colour", 0.15, 0.11), CHANCE]
    assert too_short(figures, 56, 112) == (
        "After 56 steps swapped samples follow their Z_y no more than chance (Plain 10.00 %, Colour 15.00 %; chance "
        "12.00 %): the training was too short to show anything. A run of the minutes that the page offers would have "
        "taken some 112 steps here; ask for those or more."
    )
    assert too_short(figures, 1_200, 1_200).endswith(
        "(Plain 10.00 %, Colour 15.00 %; chance 12.00 %). "
        "More minutes may change that, unless the settings hold it there."
    )


def test_a_run_with_one_modality_that_follows_is_not_called_too_short() -> None:
    assert too_short([swap("plain", 0.1, 0.07), swap("colour", 0.3, 0.25), CHANCE], 56, 112) == ""
    assert too_short([CHANCE], 56, 112) == "", "nothing was measured of swaps"


@pytest.mark.parametrize(("low", "n"), [(-0.1, 1), (0.2, 0), (math.nan, 0)])
def test_scores_follow_by_a_correlation_above_0(low: float, n: int) -> None:
    found = at_chance([swap("language", 0.3, low, "swap_r")])
    assert len(found) == n
    assert all(chance == 0 for _, chance in found)
