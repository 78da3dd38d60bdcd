"""Dependency ratios in words and in one table: what each modality depends on more, how surely, and what changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from app.dependency.figures import Ratios, spoken
from app.shared import names, stored_models
from app.shared.charts import Table
from mfm_core.interpretation.dependency import DependencyRatio

ALPHA = 0.05
"""p-values from which on chance explains a dependence on F_y as well."""


def verdict(ratio: DependencyRatio) -> str:
    """Side that a modality depends on more, as far as its interval can tell."""
    if math.isnan(ratio.ratio):
        return "not defined"
    if ratio.nearly_identity:
        return "not to be quoted"
    if math.isinf(ratio.ratio):
        return "shared only"
    if not has_interval(ratio):
        return "no interval"
    return "shared" if ratio.low > 1 else "own" if ratio.high < 1 else "undecided"


VERDICTS = {
    "shared": "{} more on F_y, what all modalities share",
    "own": "{} more on the modality's own factor",
    "undecided": "for {} the interval contains 1, and which it is cannot be decided",
    "shared only": "{} on F_y only",
    "no interval": "for {} there is no interval",
    "not defined": "for {} the ratio is not defined, because a factor or what is generated is the same for all clips",
    "not to be quoted": "for {} the Gram matrices are nearly the identity, and the ratio says nothing",
}


def summary(ratios: Ratios) -> str:
    """One sentence of a model: its modalities by what they depend on more, and where chance explains it as well."""
    parts = []
    for key, said in VERDICTS.items():
        if alike := [names.title(name).lower() for name, ratio in ratios.items() if verdict(ratio) == key]:
            word = _and(alike)
            verb = "depends" if len(alike) == 1 else "depend"
            parts.append(said.format(f"{word} {verb}" if said.startswith("{}") else word))
    chance = [names.title(name).lower() for name, ratio in ratios.items() if ratio.p_value > ALPHA]
    text = "; ".join(parts) + "."
    if chance:
        text += (
            f" For {_and(chance)} it is not shown that there is any dependence on F_y beyond chance (p > {ALPHA:g})."
        )
    return text[0].upper() + text[1:]


def table(found: Mapping[str, Ratios], before: Mapping[str, Ratios]) -> Table:
    """A row a model and modality: r, interval, p, n and what to beware of; and what the settings before gave."""
    rows = [(model, name, ratio) for model, one in found.items() for name, ratio in one.items()]
    columns: dict[str, Sequence[object]] = {
        "model": [stored_models.title(model) for model, _, _ in rows],
        "modality": [names.title(name) for _, name, _ in rows],
        "r": [said(ratio) for _, _, ratio in rows],
        "95 % interval": [interval(ratio) for _, _, ratio in rows],
        "p": [p_value(ratio) for _, _, ratio in rows],
        "depends more on": [verdict(ratio) for _, _, ratio in rows],
        "clips": [_counted(ratio) for _, _, ratio in rows],
    }
    if before:
        columns["r before"] = [
            said(before[model][name]) if name in before.get(model, {}) else "" for model, name, _ in rows
        ]
        columns["difference"] = [_difference(before.get(model, {}).get(name), ratio) for model, name, ratio in rows]
    return columns


def _counted(ratio: DependencyRatio) -> str:
    """Clips that a ratio is of, and of how many videos they are where those are fewer: ``686 of 31 videos``."""
    return str(ratio.n) if ratio.n_units == ratio.n else f"{ratio.n} of {ratio.n_units} videos"


def said(ratio: DependencyRatio) -> str:
    """A ratio as it is read; in brackets where it must not be quoted."""
    if math.isnan(ratio.ratio):
        return "not defined"
    if math.isinf(ratio.ratio):
        return "infinite"
    return f"({spoken(ratio.ratio)})" if ratio.nearly_identity else spoken(ratio.ratio)


def has_interval(ratio: DependencyRatio) -> bool:
    """Whether both ends of the interval of a ratio are numbers."""
    return math.isfinite(ratio.low) and math.isfinite(ratio.high)


def interval(ratio: DependencyRatio) -> str:
    """The interval of a ratio, or that there is none."""
    return f"{spoken(ratio.low)} to {spoken(ratio.high)}" if has_interval(ratio) else "none"


def p_value(ratio: DependencyRatio) -> str:
    """The p-value of the permutation test, or that there is none."""
    return "none" if math.isnan(ratio.p_value) else f"{ratio.p_value:.3f}"


def warnings(found: Mapping[str, Ratios]) -> Sequence[str]:
    """Every warning, each once."""
    return tuple(dict.fromkeys(ratio.warning for one in found.values() for ratio in one.values() if ratio.warning))


def bandwidths(ratios: Ratios) -> str:
    """A sentence of the bandwidths that were used: one of all, or the median distance of each variable, its own."""
    first = next(iter(ratios.values()))
    if first.bandwidth != "median":
        return f"bandwidth {first.bandwidth:g} for every variable."
    parts = [f"F_y {first.bandwidths[0]:.2g}"]
    for name, ratio in ratios.items():
        title = names.title(name).lower()
        parts.append(f"F_a of {title} {ratio.bandwidths[1]:.2g}, generated {title} {ratio.bandwidths[2]:.2g}")
    return f"the median bandwidth is the median distance between clips, of each variable its own: {'; '.join(parts)}."


def at_median(ratios: Ratios) -> str:
    """The ratios where each bandwidth is the median distance, of those modalities that must not be quoted."""
    return ", ".join(
        f"{names.title(name).lower()} {spoken(ratio.ratio_at_median)}"
        for name, ratio in ratios.items()
        if ratio.nearly_identity and math.isfinite(ratio.ratio_at_median)
    )


def _difference(before: DependencyRatio | None, now: DependencyRatio) -> str:
    if before is None or not (math.isfinite(before.ratio) and math.isfinite(now.ratio)):
        return ""
    return f"{now.ratio - before.ratio:+.3f}".replace("-", "\N{MINUS SIGN}")


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
