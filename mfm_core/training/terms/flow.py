"""Flows that take the label out of Z_a: fitted to the codes, moving them little, told what label a modality shows."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from mfm_core.training.common import summed
from mfm_core.training.terms.inputs import TermInputs
from mfm_core.training.terms.registry import register_term


@register_term(
    "flow",
    "a flow, told the label that one modality shows, turns the codes of each label into N(0, I)",
    reads=("image",),
    label="classes",
    small={"image": 10.0},
    order=10,
)
def flow(seen: TermInputs) -> Tensor | None:
    """Surprise of the flows, in nats a number; it trains nothing but them."""
    return summed(seen.flows.surprise) if seen.flows.surprise else None


@register_term(
    "flow_near",
    "its mixed couplings move a code no further than that takes: one style means the same in every label",
    reads=("image",),
    label="classes",
    by_modality=True,
    order=20,
)
def flow_near(seen: TermInputs) -> Mapping[str, Tensor] | None:
    """Squared distance that mixed couplings move a code, a number; it trains nothing but them.

    Of the maps that take the label out it is the nearest that is wanted.
    """
    return seen.flows.moved or None


@register_term(
    "recognition",
    "that label is read from the modality's features, which learn from it too",
    reads=("image",),
    label="classes",
    small={"image": 20.0},
    switch="flow",
    order=30,
)
def recognition(seen: TermInputs) -> Tensor | None:
    """Label cost of what the flows are told, which is read from one modality's features alone.

    A run that settles has no such term: what recognizes is fixed there.
    """
    return summed(seen.flows.recognition) if seen.flows.recognition else None
