"""What is said of the model of Eq. 4 alone, from figures made by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from app.generate.contrast import measured

TITLES = {"svhn": "SVHN", "mnist": "MNIST"}
SHARES = {"swap_accuracy": (0.251, 0.604), "probe_accuracy": (0.24, 0.84), "probe_chance": (0.2, 0.2)}


def figures(objective: str = "joint", seed: str = "all") -> pd.DataFrame:
    rows = [
        {"objective": objective, "seed": seed, "key": key, "subject": subject, "value": value}
        for key, values in SHARES.items()
        for subject, value in zip(TITLES, values, strict=True)
    ]
    return pd.DataFrame(rows)


def test_the_figures_of_eq_4_alone_over_all_seeds_are_said() -> None:
    said = measured(figures(), TITLES, "digit")
    assert "the new digit in 25 % of SVHN and 60 % of MNIST" in said
    assert "SVHN in 24 % and MNIST in 84 % (the most frequent one: 20 %)" in said


@pytest.mark.parametrize("other", [figures("shipped"), figures(seed="0"), figures().iloc[:2]])
def test_nothing_is_said_where_it_was_not_measured(other: pd.DataFrame) -> None:
    assert measured(other, TITLES, "digit") == ""
