"""Readings of the gradient flow, and other attributions, against the steps that truly carry evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.flow_truth import flow_against_truth
from mfm_core.evaluation.quantities import exact, figure, way_title
from mfm_core.evaluation.statistics import share
from mfm_core.interpretation.attribute import attribute
from mfm_core.interpretation.flow_readings import Reading
from mfm_core.interpretation.gradient_flow import gradient_flow
from mfm_core.latents import Latents
from mfm_core.model import MFM

READINGS: tuple[Reading, ...] = ("norm", "standardised", "score", "relative")
"""Readings of the flow that are measured, in order; Eq. 7 as printed is the first."""
ATTRIBUTIONS = ("saliency", "integrated_gradients", "leave_one_out")
"""Attributions that are measured beside them, as :func:`mfm_core.attribute` calls them."""


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
    for reading in READINGS:
        on_progress(way_title(reading))
        ways[reading] = gradient_flow(model, latents, reading=reading)
    on_progress("attributions of the score")
    for method in ATTRIBUTIONS:
        ways[method] = attribute(model, inputs, method, mask=mask)
    figures = []
    for name, truth in evidence.items():
        for way, flow in ways.items():
            found = flow_against_truth(flow[name].detach(), truth, mask, generator=torch.Generator().manual_seed(seed))
            figures += [
                figure("evidence_hits", f"{name}:{way}", found.hits),
                figure("evidence_auc", f"{name}:{way}", found.auc_within),
                figure("evidence_auc_pooled", f"{name}:{way}", found.auc),
            ]
        figures.append(figure("evidence_hits", f"{name}:chance", found.hits_by_chance))
        figures.append(figure("evidence_auc", f"{name}:chance", exact(0.5, found.hits.n)))
        for way in READINGS:
            first = ways[way][name].argmax(dim=1) == mask.float().argmax(dim=1)
            figures.append(figure("first_step_share", f"{name}:{way}", share(first)))
    return figures
