"""Charts of the page Dependency: ratios as bars beside the paper's, curves, and Gram matrices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from app.dependency import summary
from app.dependency.figures import Ratios, spoken
from app.shared import charts, hues, names, stored_models
from app.shared.charts import Bar, Line, Table
from app.shared.made_once import DrawnChart
from mfm_core.evaluation.paper_ratios import PAPER_RATIOS
from mfm_core.interpretation.dependency import DependencyRatio
from mfm_core.interpretation.sensitivity import Curve

ROOM = 1.08
"""How far the longest bar or interval is from the end of the axis, as a factor."""


def bars(found: Mapping[str, Ratios], before: Mapping[str, Ratios]) -> dict[str, list[Bar]]:
    """The bars of each modality, by its title: ours, then the paper's."""
    modalities = list(dict.fromkeys(name for one in found.values() for name in one))
    groups: dict[str, list[Bar]] = {}
    for name in modalities:
        rows = [
            _bar(stored_models.title(model), one[name], before.get(model, {}).get(name))
            for model, one in found.items()
            if name in one
        ]
        rows += [
            Bar(f"paper, {data}", known[name], said=f"{known[name]:.3f}", hollow=True)
            for data, known in PAPER_RATIOS.items()
            if name in known
        ]
        groups[names.title(name)] = rows
    return groups


def ratio_figure(groups: Mapping[str, Sequence[Bar]]) -> DrawnChart:
    """The bars on one axis, which ends so that a few wide intervals do not make all bars short."""
    rows = [row for group in groups.values() for row in group]
    widest = max([1.0, *(row.value for row in rows if math.isfinite(row.value))])
    ends = max([1.0, *(row.high for row in rows if math.isfinite(row.high))])
    coloured = {title: hues.hue(i) for i, title in enumerate(groups)}
    return charts.bars(
        groups, coloured, charts.palette(), most=ROOM * max(widest, min(ends, 2 * widest)), mark=1.0, across="ratio r"
    )


def aloud(groups: Mapping[str, Sequence[Bar]]) -> str:
    """The bars as a text alternative."""
    said = [f"{title}, {row.who}: {row.said}" for title, rows in groups.items() for row in rows]
    return f"Dependency ratios as bars. {'; '.join(said)}."


def ratio_table(groups: Mapping[str, Sequence[Bar]]) -> Table:
    """The numbers of the bars, the paper's as well."""
    rows = [(title, row) for title, group in groups.items() for row in group]
    return {
        "modality": [title for title, _ in rows],
        "of": [row.who for _, row in rows],
        "ratio": [_finite(row.value) for _, row in rows],
        "low": [_finite(row.low) for _, row in rows],
        "high": [_finite(row.high) for _, row in rows],
        "note": ["nearly the identity: not to be quoted" if row.doubtful else "" for _, row in rows],
    }


def curve_figure(curve: Curve, title: str, label: str, here: float | None, *, band: bool) -> DrawnChart:
    """A curve of each modality, with the range of the draws as its band; hollow marks must not be quoted."""
    inside = here if here is not None and curve.at[0] <= here <= curve.at[-1] else None
    drawn = [
        Line(
            names.title(name),
            hues.hue(i),
            values,
            curve.low[name] if band else (),
            curve.high[name] if band else (),
            curve.nearly_identity[name],
        )
        for i, (name, values) in enumerate(curve.ratios.items())
    ]
    return charts.lines(curve.at, drawn, charts.palette(), title=title, label=label, here=inside)


def curve_table(curve: Curve, label: str) -> Table:
    """The numbers of a curve."""
    columns: dict[str, Sequence[object]] = {label: list(curve.at)}
    for name, values in curve.ratios.items():
        columns[names.title(name)] = [_finite(value) for value in values]
        columns[f"{names.title(name)}, nearly the identity"] = list(curve.nearly_identity[name])
    return columns


def curve_aloud(curve: Curve, title: str, label: str) -> str:
    """A curve as a text alternative."""
    said = [
        f"{label} {x:g}: " + ", ".join(f"{names.title(name)} {_spoken(y[i])}" for name, y in curve.ratios.items())
        for i, x in enumerate(curve.at)
    ]
    return f"{title}. {'; '.join(said)}."


def gram_figure(title: str, matrix: Tensor, labels: Sequence[str], hue: str) -> DrawnChart:
    """A Gram matrix as a heat map."""
    heading = f"{title}<br><span style='font-size:14px'>mean off the diagonal {off_diagonal(matrix):.2f}</span>"
    return charts.heat(
        matrix.numpy(), labels, labels, charts.palette(), title=heading, hue=hue, square=True, height=350
    )


def gram_table(matrix: Tensor, labels: Sequence[str]) -> Table:
    """The cells of a Gram matrix, a row and a column a clip, named by place and label."""
    clips = [f"{i + 1} · label {label}" for i, label in enumerate(labels)]
    values = np.round(matrix.double().numpy(), 3)
    return {"clip": clips} | {name: values[:, i].tolist() for i, name in enumerate(clips)}


def off_diagonal(matrix: Tensor) -> float:
    """Mean of a Gram matrix off its diagonal."""
    n = len(matrix)
    return float((matrix.sum() - matrix.trace()) / max(n * (n - 1), 1))


def _bar(who: str, ratio: DependencyRatio, before: DependencyRatio | None) -> Bar:
    known = f" [{spoken(ratio.low)}, {spoken(ratio.high)}]" if summary.has_interval(ratio) else ""
    p = "" if math.isnan(ratio.p_value) else f", p = {summary.p_value(ratio)}"
    said = f"{summary.said(ratio)}{known}{p}"
    if ratio.nearly_identity:
        said = f"not to be quoted {summary.said(ratio)}{p}"
    return Bar(
        who,
        ratio.ratio if math.isfinite(ratio.ratio) else math.nan,
        ratio.low,
        ratio.high,
        said,
        doubtful=ratio.nearly_identity,
        before=before.ratio if before is not None and math.isfinite(before.ratio) else math.nan,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _spoken(value: float) -> str:
    return spoken(value) if math.isfinite(value) else "not defined"
