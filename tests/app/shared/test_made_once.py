"""Charts that were drawn before are the same object; others are not, whatever differs."""

from __future__ import annotations

import json
import math

import numpy as np
import plotly.io
import pytest

from app.shared import charts
from app.shared.byte_cache import n_bytes
from app.shared.charts import Bar
from app.shared.made_once import DrawnChart, drawn_once

PALETTE = charts.palettes()["light"]
GROUPS = {"one": [Bar("a", 0.5, 0.4, 0.6), Bar("b", 0.7, math.nan, math.nan)], "two": [Bar("c", 0.1)]}
HUES = {"one": "y", "two": "a0"}


def draw(groups: dict[str, list[Bar]] = GROUPS, most: float = 1.0) -> DrawnChart:
    chart = charts.bars(groups, HUES, PALETTE, most=most, mark=None)
    assert isinstance(chart, DrawnChart)
    return chart


def test_the_same_numbers_are_drawn_once() -> None:
    again = {title: [Bar(**vars(bar)) for bar in bars] for title, bars in GROUPS.items()}
    assert draw() is draw(again)


@pytest.mark.parametrize(
    "groups",
    [
        {"two": GROUPS["two"], "one": GROUPS["one"]},
        {"one": GROUPS["one"][::-1], "two": GROUPS["two"]},
        {"one": [Bar("a", 0.5, 0.4, 0.600001), GROUPS["one"][1]], "two": GROUPS["two"]},
        {"one": GROUPS["one"], "two": [Bar("c", 0.1, hollow=True)]},
    ],
)
def test_another_order_or_number_is_drawn_anew(groups: dict[str, list[Bar]]) -> None:
    assert draw(groups) is not draw()
    assert draw(groups).description != draw().description


def test_one_value_of_a_heat_map_is_told_apart() -> None:
    values = np.zeros((3, 3), np.float32)
    first = charts.heat(values, "abc", "abc", PALETTE, title="t")
    values[1, 1] = 1e-6
    assert charts.heat(values, "abc", "abc", PALETTE, title="t") is not first


def test_the_axes_of_a_heat_map_say_what_they_are_of() -> None:
    layout = charts.heat(np.zeros((2, 2)), "ab", "cd", PALETTE, title="t", across="x of", down="y of").figure.layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("x of", "y of")


def test_what_is_kept_of_a_chart_is_its_description_and_is_counted() -> None:
    """Plotly's own objects take eight times as much, and would have to be measured each anew."""
    chart = draw()
    assert {type(part) for part in vars(chart).values()} == {str}
    assert len(chart.description) < n_bytes(chart) < 1.2 * len(chart.description) + 1_000


def test_the_description_is_made_once_and_is_that_of_the_chart() -> None:
    calls = []

    @drawn_once
    def plain(height: int) -> charts.go.Figure:
        calls.append(height)
        return charts.go.Figure(charts.go.Bar(x=[1, 2], y=[3, 4]), {"height": height})

    chart = plain(200)
    assert plain(200) is chart
    assert calls == [200]
    told = json.loads(plotly.io.to_json(chart.shown(), validate=False))
    assert told["layout"]["height"] == 200
    assert told["data"][0]["y"] == [3, 4]
    assert told == json.loads(chart.description)
    assert chart.figure.layout.height == 200
