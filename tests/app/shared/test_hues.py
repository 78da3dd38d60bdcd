"""Colours of modalities: legible in both themes, each another, the same in charts and elements."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from app.shared import charts, hues
from mfm_core.storage.folder import MAX_MODALITIES


def parts(colour: str) -> np.ndarray:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    x = parts(colour)
    return float(np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_modality_that_a_model_may_have_has_a_legible_colour_of_its_own(theme: str) -> None:
    palette = charts.palettes()[theme]
    assert set(palette.hues) == {"y", *(hues.hue(place) for place in range(MAX_MODALITIES))}
    for colour in palette.hues.values():
        low, high = sorted((luminance(colour), luminance(palette.paper)))
        assert (high + 0.05) / (low + 0.05) >= 3
    for one, other in combinations(palette.hues.values(), 2):
        assert np.abs(parts(one) - parts(other)).sum() > 0.2


def test_elements_have_a_class_for_each_mixed_as_charts_mix_it() -> None:
    rules = dict(re.findall(r"^\.(\w+) \{ --hue: (.*); \}$", hues.rules(), re.MULTILINE))
    assert set(rules) == set(charts.palettes()["light"].hues)
    assert rules["a0"] == "var(--st-orange-color)"
    assert rules["a4"] == "color-mix(in srgb, var(--st-orange-color) 50%, var(--st-text-color))"
    theme = {"blueColor": "#000001", "textColor": "#000000"} | {f"{name}Color": "#204060" for name in hues.BASE}
    assert hues.colours(theme)["a4"] == "#102030"
