"""What the page Dependency says of a ratio and of a world."""

from __future__ import annotations

from typing import Any

import pytest

from app.dependency import charts as dependency_charts
from app.dependency import summary
from app.dependency.sections import ratios as ratios_section
from mfm_core.data.registry import DatasetInfo
from mfm_core.interpretation.dependency import DependencyRatio


def ratio(value: float, low: float, high: float, **more: Any) -> DependencyRatio:
    given = {"p_value": 0.005, "depends_on_y": 0.5, "depends_on_a": 0.5, "n": 9, "bandwidth": 1.0, "kernel": "averaged"}
    rest = {"bandwidths": (1.0,) * 3, "off_diagonal": (0.1,) * 3, "ratio_at_median": 1.0, "warning": None, "n_units": 9}
    return DependencyRatio(ratio=value, low=low, high=high, **(given | rest | more))  # type: ignore[arg-type]


NAN = float("nan")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (ratio(3.1, 2.5, 4.0), "Language depends more on F_y, what all modalities share."),
        (ratio(0.3, 0.2, 0.4), "Language depends more on the modality's own factor."),
        (ratio(1.0, 0.8, 1.2), "For language the interval contains 1, and which it is cannot be decided."),
        (ratio(float("inf"), NAN, NAN), "Language depends on F_y only."),
        (ratio(NAN, NAN, NAN), "For language the ratio is not defined, because a factor or what is generated is"),
        (ratio(2.0, NAN, NAN), "For language there is no interval."),
        (ratio(0.9, 0.8, 0.95, nearly_identity=True), "For language the Gram matrices are nearly the identity"),
        (
            ratio(0.3, 0.2, 0.4, p_value=0.57),
            "For language it is not shown that there is any dependence on F_y beyond chance (p > 0.05).",
        ),
    ],
)
def test_a_ratio_is_summed_up_however_it_fell(found: DependencyRatio, said: str) -> None:
    assert said in summary.summary({"language": found})


def test_what_each_stream_weighs_in_a_world_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratios_section.stored_models, "dataset_of", lambda name: DatasetInfo(name, unit="word"))
    (said,) = ratios_section._worlds({"studio_face_led": {}, "pom": {}})
    assert "language 5 %, acoustic 15 %, visual 80 %." in said
    assert ratios_section._worlds({"pom": {}}) == []


def test_the_median_bandwidth_of_every_variable_is_said() -> None:
    own = ratio(0.3, 0.2, 0.4, bandwidth="median", bandwidths=(3.14, 0.5, 7.0))
    told = "F_y 3.1; F_a of language 0.5, generated language 7."
    assert summary.bandwidths({"language": own}).endswith(told)
    assert summary.bandwidths({"language": ratio(0.3, 0.2, 0.4)}) == "bandwidth 1 for every variable."


def test_what_must_not_be_quoted_is_hatched_and_in_brackets() -> None:
    one = {"model": {"language": ratio(0.9, 0.8, 0.95, nearly_identity=True), "visual": ratio(0.3, 0.2, 0.4)}}
    groups = dependency_charts.bars(one, {})
    doubtful, sound = groups["Language"][0], groups["Visual"][0]
    assert (doubtful.doubtful, sound.doubtful) == (True, False)
    assert doubtful.said.startswith("not to be quoted (0.90)")
    assert summary.table(one, {})["r"] == ["(0.90)", "0.30"]
    hatched = [
        shape for trace in dependency_charts.ratio_figure(groups).figure.data for shape in trace.marker.pattern.shape
    ]
    assert hatched.count("/") == 1


def test_clips_of_fewer_videos_are_told_so() -> None:
    found = {"m": {"language": ratio(0.5, 0.4, 0.6), "acoustic": ratio(0.5, 0.4, 0.6, n=686, n_units=31)}}
    assert summary.table(found, {})["clips"] == ["9", "686 of 31 videos"]
