"""Eq. 7 as printed: the flow in all directions of the factor."""

from __future__ import annotations

from torch import Tensor

from mfm_core.interpretation.base import FlowReading, Question
from mfm_core.interpretation.registry import register_interpretation


def norm(asked: Question) -> dict[str, Tensor]:
    """|d x^_t / d F|_F^2 (Eq. 7, section 3.4)."""
    return asked.flow(None, None)


register_interpretation(
    FlowReading(
        key="norm",
        title="Flow in all directions (Eq. 7)",
        way="flow of F_y",
        meaning="how much the step that is generated moves with the factor, in all its directions: Eq. 7 as printed",
        unit="squared features a squared number of F",
        measure=norm,
    )
)
