"""Readings of the gradient flow, and other attributions, against the steps that truly carry evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.digits import Figure
from mfm_core.evaluation.statistics import Estimate, share
from mfm_core.interpretation.attributions import integrated_gradients, leave_one_out, saliency
from mfm_core.interpretation.flow_readings import Reading
from mfm_core.interpretation.gradient_flow import gradient_flow
from mfm_core.interpretation.truth import flow_against_truth
from mfm_core.latents import Latents
from mfm_core.model import MFM

READING_NAMES: Mapping[Reading, str] = {
    "norm": "flow of F_y",
    "standardised": "flow of F_y in standard deviations",
    "score": "flow of F_y along the score",
    "relative": "flow of F_y over its mean at the position",
}
"""What a reading of the flow is called in figures; Eq. 7 as printed is the first."""
HITS, WITHIN, POOLED, FIRST = (
    "largest step carries evidence",
    "area under the curve of steps against evidence",
    "the same area over the steps of all clips",
    "largest step is the first",
)


def truth_figures(
    model: MFM,
    data: Dataset,
    latents: Latents,
    *,
    seed: int = 0,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> list[Figure]:
    """Every reading of the flow of F_y, saliency, integrated gradients and leaving one step out, against the truth.

    Args:
        model: The model.
        data: Clips of which the evidence is known, with all modalities.
        latents: Their Z.
        seed: Of the bootstrap over clips.
        on_progress: Called with the name of each stage.
    """
    evidence, mask = data.evidence or {}, cast(Tensor, data.mask)
    inputs = {name: data.modalities[name] for name in model.modalities}
    ways: dict[str, Mapping[str, Tensor]] = {}
    for reading, title in READING_NAMES.items():
        on_progress(title)
        ways[title] = gradient_flow(model, latents, reading=reading)
    on_progress("attributions of the score")
    ways["input gradients"] = saliency(model, inputs, mask)
    ways["integrated gradients"] = integrated_gradients(model, inputs, mask)
    ways["leaving one step out"] = leave_one_out(model, inputs, mask)
    figures = []
    for name, truth in evidence.items():
        for way, flow in ways.items():
            found = flow_against_truth(flow[name].detach(), truth, mask, generator=torch.Generator().manual_seed(seed))
            figures += [
                Figure(f"{HITS}, {name}: {way}", found.hits),
                Figure(f"{WITHIN}, {name}: {way}", found.auc_within),
                Figure(f"{POOLED}, {name}: {way}", found.auc),
            ]
        figures.append(Figure(f"{HITS}, {name}: chance", found.hits_by_chance))
        half = Estimate(0.5, 0.5, 0.5, found.hits.n)
        figures.append(Figure(f"{WITHIN}, {name}: chance", half))
        for way in READING_NAMES.values():
            first = ways[way][name].argmax(dim=1) == mask.float().argmax(dim=1)
            figures.append(Figure(f"{FIRST}, {name}: {way}", share(first)))
    return figures
