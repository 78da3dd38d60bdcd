"""The card of a model as the page shows it, and what its figures say in a few sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from mfm_core.data.registry import modality_info
from mfm_core.evaluation.figures import Figure, shown, shown_with_interval
from mfm_core.evaluation.quantities import title

HEADING = re.compile(r"^(## [^(\n]+?) \((python -m [^,)\n]+), ([^)\n]+)\)$", re.MULTILINE)
TERM = re.compile(r"^- `(\w+)`: ")


def as_shown(card: str) -> str:
    """The card without its title, which the page says, with commands below headings and the terms of its tables alone.

    Args:
        card: Markdown, as ``mfm_core.reports.card`` writes it.
    """
    text = re.sub(r"\A# [^\n]*\n+", "", card)
    text = HEADING.sub(r"\1\n\nMeasured by `\2`, \3.", text)
    lines = text.splitlines()
    heads = [line for line, rule in pairwise(lines) if line.startswith("|") and rule[:4] == "|---"]
    kept = [line for line in lines if (term := TERM.match(line)) is None or any(f"no {term[1]} " in h for h in heads)]
    return "\n".join(re.sub(r"^## ", "### ", line) for line in kept)


def summary(figures: Sequence[Figure]) -> str:
    """The most telling figures: what a swap shows, what a probe reads from Z_a, and which targets were not reached.

    Args:
        figures: Of a model; none where it was not measured.
    """
    parts = [_swaps(figures), _probes(figures), _scores(figures), _targets(figures)]
    return " ".join(part for part in parts if part)


def _of(figures: Sequence[Figure], key: str) -> list[Figure]:
    return [figure for figure in figures if figure.key == key]


def _named(figure: Figure) -> str:
    return " and ".join(modality_info(name).title for name in figure.modalities)


def _swaps(figures: Sequence[Figure]) -> str:
    said = [f"{shown(one.value, one.unit)} of {_named(one)} pictures" for one in _of(figures, "swap_accuracy")]
    return f"After a swap, independent judges read the digit that gave Z_y in {' and '.join(said)}." if said else ""


def _probes(figures: Sequence[Figure]) -> str:
    frequent = {one.subject: shown(one.value, one.unit) for one in _of(figures, "most_frequent_class")}
    said = [
        f"{shown(one.value, one.unit)} from that of {_named(one)}"
        + (f" (always guessing its most frequent digit: {frequent[one.subject]})" if one.subject in frequent else "")
        for one in _of(figures, "probe_accuracy")
    ]
    return f"The best probe of Z_a, which should not know the digit, reads it at {' and '.join(said)}." if said else ""


def _scores(figures: Sequence[Figure]) -> str:
    """The prediction of a model of spoken videos, and which code tells the score."""
    whole = next((one for one in _of(figures, "r") if not one.subject), None)
    from_y = next(iter(_of(figures, "probe_r2_y")), None)
    from_a = _of(figures, "probe_r2")
    said = ""
    if whole is not None:
        correlation = shown_with_interval(whole.value, whole.low, whole.high, whole.unit)
        said = f"The predicted score correlates with the rated one at r = {correlation}."
    if from_y is not None and from_a:
        most = max(from_a, key=lambda one: one.value)
        said += f" A probe explains {shown(from_y.value, from_y.unit)} of the score's variance (R2) from Z_y, and "
        from_most = f"at most {shown(most.value, most.unit)} from a Z_a, that of {_named(most)}."
        said += from_most if most.value > 0 else "none of it from any Z_a."
    return said.strip()


def _targets(figures: Sequence[Figure]) -> str:
    aimed = [figure for figure in figures if figure.target is not None]
    if not aimed:
        return ""
    missed = [figure for figure in aimed if not figure.reached]
    said = f"{len(aimed) - len(missed)} of {len(aimed)} targets are reached, by the value alone"
    if missed:
        said += f"; not reached: {'; '.join(_against(figure) for figure in missed)}"
    over = [figure for figure in aimed if figure.reached and _reaches_over(figure)]
    if over:
        said += f". The 95 % interval of {len(over)} that are reached goes past the target: "
        said += "; ".join(title(figure) for figure in over)
    return f"{said}."


def _against(figure: Figure) -> str:
    bound = "at least" if figure.higher_is_better else "at most"
    aim = "" if figure.target is None else f", wanted {bound} {shown(figure.target, figure.unit)}"
    return f"{title(figure)} ({shown(figure.value, figure.unit)}{aim})"


def _reaches_over(figure: Figure) -> bool:
    """Whether the interval goes past the target to the side that is worse; what has no interval does not."""
    if figure.target is None:
        return False
    return figure.low < figure.target if figure.higher_is_better else figure.high > figure.target
