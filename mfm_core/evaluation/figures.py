"""A measured figure: a key, a subject, a unit and numbers; titles and percent signs are made when it is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue, PlainSerializer, TypeAdapter, ValidationError

from mfm_core.config import Config, first_problem

Unit = Literal["share", "score", "correlation", "explained", "area", "squared_error", "distance", "nats"]
"""Unit of a value.

``share`` of samples, 0 to 1; ``score``, the label's own scale; ``correlation``, -1 to 1; ``explained``, a share of
variance, at most 1; ``area`` under a curve, 0 to 1; ``squared_error`` of a pixel; ``distance``; ``nats``.
"""
_SHOWN: Mapping[Unit, str] = {
    "share": ".2%",
    "score": ".3f",
    "correlation": ".3f",
    "explained": ".3f",
    "area": ".3f",
    "squared_error": ".5f",
    "distance": ".2f",
    "nats": ".3f",
}
Number = Annotated[
    float,
    BeforeValidator(lambda given: math.nan if given is None else given),
    PlainSerializer(lambda value: value if math.isfinite(value) else None, when_used="json"),
]
"""A number that JSON holds as null where it is not known."""


class Figure(Config):
    """One measured figure.

    Attributes:
        key: What was measured, such as ``mae``; the same for all figures that may be compared.
        subject: What it was measured of: modalities joined by ``+``, after ``>`` what was inferred from them, and after
            ``:`` the way it was made, such as ``language+acoustic>visual`` or ``svhn:prior``; empty where the key says
            all.
        unit: What the value is read in.
        higher_is_better: Whether a greater value is better.
        value: The figure; NaN where it could not be measured.
        low: Lower end of its 95 % interval; NaN where it has none.
        high: Upper end of its 95 % interval; NaN where it has none.
        n: Number of samples; of clusters, such as photographs, where the interval is over clusters.
        target: Value aimed at, reached from the side that is worse; None where the figure is only printed.
        reason: Why the value or the interval is not a number; empty where both are.
    """

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    subject: Annotated[str, Field(max_length=200)] = ""
    unit: Unit
    higher_is_better: bool
    value: Number
    low: Number
    high: Number
    n: Annotated[int, Field(ge=0)]
    target: float | None = None
    reason: Annotated[str, Field(max_length=300)] = ""

    @property
    def reached(self) -> bool | None:
        """Whether the value reaches its target; None where there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.higher_is_better else self.value <= self.target

    @property
    def modalities(self) -> tuple[str, ...]:
        """Modalities that it was measured of; empty where the key says all."""
        names = self.subject.partition(":")[0].partition(">")[0]
        return tuple(names.split("+")) if names else ()

    @property
    def inferred(self) -> str:
        """Modality that was inferred; empty where none was."""
        return self.subject.partition(":")[0].partition(">")[2]

    @property
    def way(self) -> str:
        """Way it was made; empty where there is but one."""
        return self.subject.partition(":")[2]

    def stored(self) -> dict[str, JsonValue]:
        """The figure as JSON holds it; what is as by default is left out."""
        return self.model_dump(mode="json", exclude_defaults=True)


_FIGURES = TypeAdapter(tuple[Figure, ...])


def read_figures(stored: JsonValue | None, source: str = "metrics") -> tuple[Figure, ...]:
    """Figures as ``metrics.json`` holds them; none where there are none.

    Args:
        stored: A list of what :meth:`Figure.stored` gives, or None.
        source: Where it came from, for the message.

    Raises:
        ValueError: If it is something else, in one sentence.
    """
    try:
        return _FIGURES.validate_python([] if stored is None else stored)
    except ValidationError as error:
        raise ValueError(f"{source}: figures: {first_problem(error)}") from None


def shown(value: float, unit: Unit) -> str:
    """A value as its unit is read: ``99.69 %``, ``0.413``; ``none`` where it is not a number."""
    if not math.isfinite(value):
        return "none"
    text = format(value, _SHOWN[unit])
    return text.replace("%", " %")


def shown_difference(value: float, unit: Unit) -> str:
    """A difference of two values as it is read: of shares in points, ``+9.83 points``; else signed, ``-0.041``."""
    if not math.isfinite(value):
        return "none"
    return f"{100 * value:+.2f} points" if unit == "share" else format(value, f"+{_SHOWN[unit]}")


def shown_p(p: float) -> str:
    """A p-value to be read after "p": ``= 0.079``; ``< 1e-300`` where a float can say no less, for none is 0."""
    return "< 1e-300" if p < 1e-300 else f"= {p:.2g}"


def shown_with_interval(value: float, low: float, high: float, unit: Unit) -> str:
    """A value with its interval, as their unit is read: ``99.69 % (99.31 % to 99.89 %)``, ``0.413 (no interval)``."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{shown(value, unit)} (no interval)"
    return f"{shown(value, unit)} ({shown(low, unit)} to {shown(high, unit)})"


def shown_interval(figure: Figure) -> str:
    """The interval of a figure, ``99.31 % to 99.89 %``, or why there is none."""
    if not (math.isfinite(figure.low) and math.isfinite(figure.high)):
        return figure.reason or "none"
    return f"{shown(figure.low, figure.unit)} to {shown(figure.high, figure.unit)}"
