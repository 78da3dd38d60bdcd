"""Figures of reports, as they are stored now and as they were before."""

from __future__ import annotations

import pytest

from mfm_core.evaluation.quantities import exact, figure
from mfm_core.lab.reports import figures_of

BEFORE = {"label_y": 0.9, "follow_plain": 0.8, "error_plain": 0.01, "probe_y": 0.7, "probe_plain": None}


def test_figures_are_read_back_as_they_were_stored() -> None:
    told = (figure("swap_accuracy", "my_mod", exact(0.5, 7)), figure("quick_probe_r2_y", "", exact(float("nan"), 7)))
    read = figures_of({"step": 1, "figures": [one.stored() for one in told]})
    assert [one.stored() for one in read] == [one.stored() for one in told]
    assert figures_of({"step": 1, "terms": {"cost": 1.0}}) == ()


@pytest.mark.parametrize(
    ("chance", "keys"),
    [
        (0.1, ["most_frequent_class", "label_accuracy", "swap_accuracy", "quick_probe_accuracy_y"]),
        (0.0, ["label_r", "swap_r", "quick_probe_r2_y"]),
    ],
)
def test_runs_stored_before_still_open(chance: float, keys: list[str]) -> None:
    found = {one.key: one for one in figures_of({"step": 5, "figures": BEFORE | {"chance": chance}})}
    assert [key for key in found if key != "reconstruction_error"] == keys
    assert (found["reconstruction_error"].subject, found["reconstruction_error"].value) == ("plain", 0.01)
    assert (found[keys[-2]].subject, found[keys[-2]].value) == ("plain", 0.8)
