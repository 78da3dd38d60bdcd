"""Dependency ratios over a row of values, as lines with their bands."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence

from app.dependency.figures import Curve, spoken
from app.elements.element import Data, define
from app.shared import names

mount = define("curves")
TALL = 1.15
MOST_TICKS = 4


def describe(curve: Curve, title: str, label: str, here: float | None) -> Data:
    """One chart.

    Args:
        curve: What is drawn.
        title: Of the chart.
        label: Of its horizontal axis.
        here: The value in use.
    """
    modalities = list(curve.ratios[0])
    lines: list[Data] = []
    for i, name in enumerate(modalities):
        found = [ratios[name] for ratios in curve.ratios]
        known = all(math.isfinite(one.low) and math.isfinite(one.high) for one in found)
        lines.append(
            {
                "title": names.title(name),
                "hue": names.hue(i),
                "y": [_finite(one.ratio) for one in found],
                "low": [one.low for one in found] if known else None,
                "high": [one.high for one in found] if known else None,
            }
        )
    said = [
        f"{label} {x:g}: " + ", ".join(f"{names.title(name)} {_say(ratios[name].ratio)}" for name in modalities) + "."
        for x, ratios in zip(curve.x, curve.ratios, strict=True)
    ]
    most = TALL * max([1.0, *(y for line in lines for y in line["y"] if y is not None)])
    inside = here if here is not None and curve.x[0] <= here <= curve.x[-1] else None
    return {
        "title": title,
        "label": label,
        "log": True,
        "x": list(curve.x),
        "here": inside,
        "lines": lines,
        "most": most,
        "ticks_x": list(curve.x),
        "ticks_y": _ticks(most),
        "said": said,
        "alt": f"{title}. {' '.join(said)}",
        "hint": "Walk along the lines with the arrow keys or the pointer.",
    }


def show(charts: Sequence[Data], *, key: str) -> None:
    """Hang the charts side by side."""
    data: Data = {"charts": list(charts)}
    data["version"] = hashlib.sha256(json.dumps(data).encode()).hexdigest()[:16]
    mount(data=data, key=key)


def _ticks(most: float) -> list[float]:
    """Round numbers from 0 up."""
    rough = most / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= rough)
    return [round(step * i, 6) for i in range(int(most / step) + 1)]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _say(value: float) -> str:
    return spoken(value) if math.isfinite(value) else "not defined"
