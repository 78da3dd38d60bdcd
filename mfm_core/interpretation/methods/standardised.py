"""The flow of Eq. 7 in units of what F and x^ vary by."""

from __future__ import annotations

import torch
from torch import Tensor

from mfm_core.interpretation.base import FlowReading, Question
from mfm_core.interpretation.registry import register_interpretation


def standardised(asked: Question) -> dict[str, Tensor]:
    """Eq. 7 of F and x^ in units of their standard deviations over the reference clips and their real steps.

    A feature, or a number of F, that does not vary there counts nothing.
    """
    factors = asked.model.factors(asked.reference)
    generated = asked.model.decode_factors(factors).modalities
    spread = factors.blocks()[asked.factor].std(dim=0, correction=0)
    scales = {name: _inverse(x[asked.reference_mask].std(dim=0, correction=0)) for name, x in generated.items()}
    return asked.flow(torch.diag(spread), scales)


def _inverse(x: Tensor) -> Tensor:
    return torch.where(x > 0, 1 / x.clamp_min(torch.finfo(x.dtype).tiny), 0)


register_interpretation(
    FlowReading(
        key="standardised",
        title="Flow per feature's scale",
        way="flow of F_y in standard deviations",
        meaning="Eq. 7 with each feature, and each number of the factor, in standard deviations over held-out clips",
        unit="squared standard deviations of the features a squared one of F",
        measure=standardised,
        needs_reference=True,
    )
)
