"""The place of a system among others by one metric."""

from __future__ import annotations

import pandas as pd
import pytest

from mfm_core.evaluation.standing import Standing, best_first, standing


def rows(*, higher: bool = True) -> pd.DataFrame:
    means = {"a": 0.5, "mfm": 0.7, "b": 0.9, "c": 0.7, "d": 0.8, "e": float("nan")}
    return pd.DataFrame(
        {
            "system": system,
            "mean": mean,
            "higher_is_better": higher,
            "difference": mean - 0.7,
            "p_holm": {"a": 0.01, "b": 0.04, "d": 0.05}.get(system),
        }
        for system, mean in means.items()
    )


@pytest.mark.parametrize(
    ("higher", "wanted"),
    [
        (True, Standing(3, 5, "b", better=("b",), worse=("a",))),
        (False, Standing(2, 5, "a", better=("a",), worse=("b",))),
    ],
)
def test_equal_means_share_a_place_and_an_error_is_better_when_low(higher: bool, wanted: Standing) -> None:
    table = rows(higher=higher)
    assert standing(table, "mfm") == wanted
    tied = standing(table, "c")
    assert tied is not None
    assert tied.place == wanted.place


def test_without_a_comparison_none_is_told_apart_and_a_system_without_a_mean_has_no_place() -> None:
    bare = standing(rows().drop(columns=["difference", "p_holm"]), "mfm")
    assert bare == Standing(3, 5, "b", (), ())
    assert standing(rows(), "e") is None
    assert standing(rows()[:0], "mfm") is None


def test_the_best_stands_first() -> None:
    assert best_first(rows())["system"].tolist()[:3] == ["b", "d", "mfm"]
    assert best_first(rows(higher=False))["system"].tolist()[:3] == ["a", "mfm", "c"]
