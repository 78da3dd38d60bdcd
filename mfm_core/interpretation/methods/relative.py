"""The flow of Eq. 7 beside what is usual at that position in other clips."""

from __future__ import annotations

import torch
from torch import Tensor

from mfm_core.interpretation.base import FlowReading, Question
from mfm_core.interpretation.registry import register_interpretation
from mfm_core.networks.steps import in_front, put_back, to_front


def relative(asked: Question) -> dict[str, Tensor]:
    """Eq. 7 over its mean at that position, counted in real steps, over the reference clips.

    Positions beyond the longest reference clip are compared with the last of that clip.

    Early steps pass on to all later ones, and so move with F more than others in every clip; what is left is what is
    particular to this one.
    """
    usual = asked.flow_of_reference(None, None)
    there, mask = asked.reference_mask, asked.mask
    reached, length = int(there.sum(dim=1).max()), mask.shape[1]
    found = {}
    for name, flow in asked.flow(None, None).items():
        fronted, counted = to_front(usual[name].unsqueeze(2), there).squeeze(2), in_front(there)
        mean = (fronted.sum(dim=0) / counted.sum(dim=0).clamp_min(1))[:reached]
        typical = torch.nn.functional.pad(mean, (0, max(length - len(mean), 0)), value=float(mean[-1]))[:length]
        expected = put_back(typical.expand(len(mask), length).unsqueeze(2), mask).squeeze(2)
        found[name] = torch.where(expected > 0, flow / expected.clamp_min(torch.finfo(flow.dtype).tiny), 0)
    return found


register_interpretation(
    FlowReading(
        key="relative",
        title="Flow relative to other clips",
        way="flow of F_y over its mean at the position",
        meaning="Eq. 7 over its mean at that position in other held-out clips, so that 1 is usual",
        unit="times what is usual",
        measure=relative,
        needs_reference=True,
    )
)
