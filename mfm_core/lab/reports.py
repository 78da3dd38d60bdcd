"""Figures in the reports of a training in the lab, and how they were stored before each had a key and a subject."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from mfm_core.evaluation.figures import Figure, read_figures
from mfm_core.evaluation.quantities import exact, figure

_BEFORE: Mapping[str, tuple[str, str]] = {
    "label": ("label_accuracy", "label_r"),
    "follow": ("swap_accuracy", "swap_r"),
    "error": ("reconstruction_error", "reconstruction_error"),
    "probe": ("quick_probe_accuracy", "quick_probe_r2"),
}
"""Quantity of each name that older reports began with: of classes, and of scores."""


def figures_of(report: Mapping[str, JsonValue]) -> tuple[Figure, ...]:
    """Figures that a report tells; none in one of costs alone.

    Raises:
        ValueError: If they are something else, in one sentence.
    """
    told = report.get("figures")
    return _of_names(told) if isinstance(told, dict) else read_figures(told, "report")


def _of_names(told: Mapping[str, JsonValue]) -> tuple[Figure, ...]:
    """Figures of a run before they had keys and subjects: ``follow_NAME: 0.9``, without n; 0 ``chance`` of scores."""
    values = {name: float(value) for name, value in told.items() if isinstance(value, int | float)}
    classes, found = values.pop("chance", 0.0), []
    if classes:
        found.append(figure("most_frequent_class", "", exact(classes, 0)))
    for name, value in values.items():
        kind, _, block = name.partition("_")
        if kind in _BEFORE:
            key = _BEFORE[kind][0 if classes else 1]
            key, subject = (key, block) if block != "y" else (f"{key}_y" if kind == "probe" else key, "")
            found.append(figure(key, subject, exact(value, 0)))
    return tuple(found)
