"""Charts of the Lab: maps with axes that are named, in the colours of the theme, classes told apart."""

from __future__ import annotations

import json

import pytest
import torch

from app.lab import charts
from app.shared.charts import palettes
from app.shared.made_once import DrawnChart


def drawn(chart: DrawnChart) -> dict[str, list[dict[str, object]]]:
    return json.loads(chart.description)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("n_classes", [10, 30])
def test_a_map_of_classes_has_the_colours_of_the_theme_and_tells_all_classes_apart(theme: str, n_classes: int) -> None:
    colours, labels = palettes()[theme], torch.arange(60.0) % n_classes
    tensors = {"labels": labels, "map.y": torch.randn(60, 2), "map.plain": torch.randn(60, 2)}
    chart = drawn(charts.maps(tensors, ("plain",), colours, classes=True)[0])
    marks = [(trace["marker"]["color"], trace["marker"]["symbol"]) for trace in chart["data"]]
    assert len(marks) == 2 * n_classes
    assert len(set(marks)) == n_classes
    assert {colour for colour, _ in marks} <= set(colours.hues.values())
    assert [trace["name"] for trace in chart["data"] if trace["showlegend"]] == [f"{i}" for i in range(n_classes)]
    layout = chart["layout"]
    assert [layout[axis]["title"]["text"] for axis in ("xaxis", "xaxis2", "yaxis")] == [
        "component 1", "component 1", "component 2",
    ]  # fmt: skip


def test_a_map_of_scores_goes_from_one_colour_of_the_theme_to_another_and_says_which_is_high() -> None:
    colours, labels = palettes()["light"], torch.linspace(-3, 3, 40)
    tensors = {"labels": labels, "map.y": torch.randn(40, 2)}
    (trace,) = drawn(charts.maps(tensors, (), colours, classes=False)[0])["data"]
    marker = trace["marker"]
    assert {colour for _, colour in marker["colorscale"]} <= set(colours.hues.values())
    assert (marker["cmin"], marker["cmax"]) == (-3, 3)
    assert marker["colorbar"]["title"]["text"] == "label"
