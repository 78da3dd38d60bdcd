"""Values with their intervals as bars, a group a modality; dependency ratios beside those of the paper."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence

from app.dependency.figures import Ratios, spoken
from app.elements.element import Data, define
from app.shared import names, stored_models
from mfm_core.evaluation.paper_ratios import PAPER_RATIOS

mount = define("ratios")
ROOM = 1.08
"""How far the longest bar or interval is from the end of the row, as a factor."""


def row(who: str, value: float, interval: tuple[float, float] | None, *, kind: str, what: str) -> Data:
    """One bar.

    Args:
        who: What it is of.
        value: Its length.
        interval: Its ends, where there is one.
        kind: ``"ours"`` or ``"paper"``, which is drawn hollow.
        what: What it is of, in a sentence for screen readers.
    """
    low, high = interval or (None, None)
    ends = f"{spoken(interval[0])} to {spoken(interval[1])}" if interval else ""
    alt = f"{what}: {spoken(value)}" + (f", 95 % interval {ends}" if ends else ", without an interval")
    return {
        "who": who,
        "value": value,
        "low": low,
        "high": high,
        "said": spoken(value),
        "range": ends,
        "kind": kind,
        "alt": alt,
    }


def show(groups: Sequence[Data], *, most: float, foot: str, title: str, key: str) -> None:
    """Hang the bars.

    Args:
        groups: Each with ``title``, ``hue`` and ``rows``.
        most: What the whole width stands for.
        foot: Under them.
        title: Of the whole, for screen readers.
        key: Of the element.
    """
    alt = f"{title}. " + "; ".join(one["alt"] for group in groups for one in group["rows"])
    data: Data = {"groups": list(groups), "most": most, "foot": foot, "alt": alt}
    data["version"] = hashlib.sha256(json.dumps(data).encode()).hexdigest()[:16]
    mount(data=data, key=key)


def of_models(found: Mapping[str, Ratios]) -> tuple[list[Data], float]:
    """Dependency ratios of models beside the paper's, and what the whole width stands for."""
    modalities = list(dict.fromkeys(name for one in found.values() for name in one))
    groups: list[Data] = []
    for i, modality in enumerate(modalities):
        rows = [_ours(model, modality, one[modality]) for model, one in found.items() if modality in one]
        rows += [
            row(f"paper, {data}", known[modality], None, kind="paper", what=f"{names.title(modality)}, paper, {data}")
            | {"said": f"{known[modality]:.3f}"}
            for data, known in PAPER_RATIOS.items()
            if modality in known
        ]
        groups.append({"title": names.title(modality), "hue": names.hue(i), "rows": rows})
    values = [one["value"] for group in groups for one in group["rows"]]
    ends = [one["high"] for group in groups for one in group["rows"] if one["high"] is not None]
    widest = max([1.0, *values])
    return groups, ROOM * max(widest, min(max([1.0, *ends]), 2 * widest))


def _ours(model: str, modality: str, ratio: object) -> Data:
    value, low, high = (float(getattr(ratio, part)) for part in ("ratio", "low", "high"))
    what = f"{names.title(modality)}, {stored_models.title(model)}"
    if not math.isfinite(value):
        return row(stored_models.title(model), 0.0, None, kind="ours", what=f"{what}, not defined") | {
            "said": "not defined"
        }
    interval = (low, high) if math.isfinite(low) and math.isfinite(high) else None
    return row(stored_models.title(model), value, interval, kind="ours", what=what)
