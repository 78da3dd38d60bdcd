"""Sentences about a run that has ended without having learnt what it was to show."""

from __future__ import annotations

import math
from collections.abc import Sequence

from app.shared import names
from mfm_core.evaluation.figures import Figure, shown

FOLLOWED = {"swap_accuracy": "most_frequent_class", "swap_r": ""}
"""Figures of how far swapped samples follow their Z_y, and the figure of what chance gives; where none is, 0."""


def at_chance(figures: Sequence[Figure]) -> list[tuple[Figure, float]]:
    """Swaps that follow their Z_y no more than chance by their interval, each with what chance gives.

    Args:
        figures: The final figures of a run.
    """
    by_key = {figure.key: figure.value for figure in figures}
    found = []
    for figure in figures:
        if figure.key in FOLLOWED:
            chance = by_key.get(FOLLOWED[figure.key], 0.0)
            least = figure.low if math.isfinite(figure.low) else figure.value
            if not least > chance:
                found.append((figure, chance))
    return found


def too_short(figures: Sequence[Figure], steps: int, usual: int) -> str:
    """A sentence where no modality's swaps follow their Z_y; empty where one's do.

    Args:
        figures: The final figures of the run.
        steps: That it took.
        usual: Steps that there is time for where a run takes as long as the page offers.
    """
    low = at_chance(figures)
    if not low or len(low) < sum(figure.key in FOLLOWED for figure in figures):
        return ""
    each = ", ".join(f"{names.title(one.subject)} {shown(one.value, one.unit)}" for one, _ in low)
    chance = shown(low[0][1], low[0][0].unit)
    said = f"After {steps:,} steps swapped samples follow their Z_y no more than chance ({each}; chance {chance})"
    if steps >= usual:
        return f"{said}. More minutes may change that, unless the settings hold it there."
    return (
        f"{said}: the training was too short to show anything. A run of the minutes that the page offers would have "
        f"taken some {usual:,} steps here; ask for those or more."
    )
