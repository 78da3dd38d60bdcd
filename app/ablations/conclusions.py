"""The conclusion under a chart of small models: which is best by the swap, and whether probe and coherence agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.shared.charts import Bar
from mfm_core.evaluation.figures import shown

MODALITIES = ("house numbers", "handwriting")


class Best(NamedTuple):
    """The best bar of a group.

    Attributes:
        who: Of whom.
        told: Who, the value, and whether the interval is apart from all others', in words.
    """

    who: str
    told: str


def best(bars: Sequence[Bar], *, higher: bool) -> Best:
    """Find the best of at least two bars.

    Args:
        bars: Shares, each with its interval.
        higher: Whether a greater value is better.
    """
    ordered = sorted(bars, key=lambda bar: bar.value, reverse=higher)
    first, others = ordered[0], ordered[1:]
    overlapping = sum(bar.low <= first.high and first.low <= bar.high for bar in others)
    apart = f"its interval overlaps {overlapping} of {len(others)} others'" if overlapping else "its interval apart"
    return Best(first.who, f"**{first.who}** ({shown(first.value, 'share')}, {apart})")


def conclusion(
    groups: Mapping[str, Sequence[Bar]],
    swaps: Sequence[str],
    probes: Sequence[str],
    coherence: str,
    marks: Mapping[str, float],
) -> str:
    """Conclude from the bars, in sentences; empty where there are not two of each to compare.

    Args:
        groups: The bars by the title of their group.
        swaps: Titles of the groups of the swap, in the order of :data:`MODALITIES`: higher is better.
        probes: Titles of those of the probe of Z_a: lower is better.
        coherence: Title of that of the coherence: higher is better. It is left out where there are not two of it.
        marks: What is reached without any knowledge, by the title of the group.
    """
    if any(len(groups.get(name, ())) < 2 for name in (*swaps, *probes)):
        return ""
    by_swap = [best(groups[name], higher=True) for name in swaps]
    by_probe = [best(groups[name], higher=False) for name in probes]
    agree = [name for name, one, other in zip(MODALITIES, by_swap, by_probe, strict=True) if one.who == other.who]
    both = len({one.who for one in by_swap}) == 1
    said = {0: "in neither modality", 1: f"only in {''.join(agree)}", 2: "in both modalities"}[len(agree)]
    return (
        f"Swap: {_in_each(by_swap)}; {'so one' if both else 'none'} is best in both.{_guessed(groups, swaps, marks)} "
        f"Probe of Z_a, where lower is better: {_in_each(by_probe)}. "
        f"The best by the swap is the best by the probe {said}."
        + _by_coherence(groups.get(coherence, ()), [one.who for one in by_swap])
    )


def _guessed(groups: Mapping[str, Sequence[Bar]], swaps: Sequence[str], marks: Mapping[str, float]) -> str:
    """Whose swap is not told apart from knowing nothing, a sentence after a space; empty where that is nobody's."""
    found = [
        f"{bar.who} in {modality}"
        for name, modality in zip(swaps, MODALITIES, strict=True)
        for bar in groups[name]
        if name in marks and bar.low <= marks[name]
    ]
    return f" Not above the dashed line by its interval: {', '.join(found)}." if found else ""


def _by_coherence(bars: Sequence[Bar], best_by_swap: Sequence[str]) -> str:
    """Which is best by the coherence, and what the best by the swap have, a sentence after a space."""
    if len(bars) < 2:
        return ""
    first, places = best(bars, higher=True), sorted(bars, key=lambda bar: bar.value, reverse=True)
    others = [
        f"{bar.who}, best by a swap, has {shown(bar.value, 'share')} and is number {place} of {len(bars)}"
        for place, bar in enumerate(places, start=1)
        if bar.who in best_by_swap and bar.who != first.who
    ]
    return f" Coherence of the prior: {'; '.join([first.told, *others])}."


def _in_each(found: Sequence[Best]) -> str:
    return ", and ".join(f"{one.told} in {name}" for name, one in zip(MODALITIES, found, strict=True))
