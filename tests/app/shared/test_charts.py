"""Charts that pages share: legible in either theme, axes that say what they are, symbols as the paper sets them."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from app.shared import charts
from app.shared.charts import Bar
from app.shared.legible import legible, symbols

NARROW = 360
"""Pixels of a chart on a phone."""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_at_the_axes_are_in_the_ink_of_the_theme(theme: str) -> None:
    colours = charts.palettes()[theme]
    drawn = [
        charts.bars({"A": [Bar("x", 0.5)]}, {"A": "y"}, colours, most=1.0, mark=None, across="share"),
        charts.lines([1, 2], [charts.Line("a", "y", [1, 2])], colours, title="t", label="n"),
        charts.heat(np.eye(2), ["1", "2"], ["0", "1"], colours, title="t", hue="y", across="digit"),
    ]
    for figure in (one.figure for one in drawn):
        for axis in (figure.layout.xaxis, figure.layout.yaxis):
            assert axis.tickfont.color == colours.ink == axis.title.font.color
    assert [one.figure.layout.xaxis.title.text for one in drawn] == ["share", "n", "digit"]


def test_the_title_of_a_group_has_room_on_a_phone() -> None:
    title = "Digit read from handwriting Z_a: lower is better"
    rows = [Bar("Eq. 4 and our added terms", 0.74, said="73.77 % (71.01 % to 76.81 %)")]
    chart = charts.bars({title: rows}, {title: "a1"}, charts.palettes()["light"], most=1.0, mark=None)
    (heading,) = chart.figure.layout.annotations
    widest_names = 7.2 * len(rows[0].said)  # of a letter of 14 pixels, where the plot begins at the latest
    assert widest_names + heading.xshift + 6.6 * len(title) <= NARROW + 12
    assert heading.xshift < 0
    assert heading.text == "Digit read from handwriting Z<sub>a</sub>: lower is better"


def test_a_chart_without_its_own_table_has_a_text_alternative() -> None:
    def page() -> None:
        from app.shared import charts

        figure = charts.bars({"A": [charts.Bar("x", 0.5)]}, {"A": "y"}, charts.palette(), most=1.0, mark=None)
        charts.draw(figure, key="drawn", alt="One bar, a half")

    (chart,) = AppTest.from_function(page).run().get("plotly_chart")
    assert chart.proto.alt == "One bar, a half"


def test_short_names_of_columns_stand_upright_and_long_ones_are_turned() -> None:
    colours = charts.palettes()["light"]
    angles = [
        charts.heat(np.eye(2), ["1", "2"], columns, colours, title="t", hue="y").figure.layout.xaxis.tickangle
        for columns in (["0", "10"], ["the", "film"])
    ]
    assert angles == [0, -60]


def test_symbols_are_set_wherever_a_chart_has_words() -> None:
    assert symbols("flow of F_y, M_B, own_set") == "flow of F<sub>y</sub>, M<sub>B</sub>, own_set"
    figure = go.Figure(go.Scatter(x=[0], y=[0], name="read from Z_a"))
    figure.update_yaxes(tickvals=[0], ticktext=["F_y"])
    figure.update_layout(title={"text": "F_a of language"})
    legible(figure)
    told = (figure.data[0].name, figure.layout.yaxis.ticktext[0], figure.layout.title.text)
    assert told == ("read from Z<sub>a</sub>", "F<sub>y</sub>", "F<sub>a</sub> of language")


def test_names_of_the_rows_of_a_heat_map_never_touch() -> None:
    colours = charts.palettes()["light"]
    for n, height in ((12, 342), (50, 600)):
        rows = [f"feature {i}" for i in range(n)]
        axis = charts.heat(np.zeros((n, 2)), rows, ["a", "b"], colours, title="t", height=height).figure.layout.yaxis
        apart = (height - 150) / n * (axis.tickvals[1] - axis.tickvals[0])
        assert apart >= 16
        assert [rows[i] for i in axis.tickvals] == list(axis.ticktext)
