"""Readings of the gradient flow, and other attributions, against the steps that truly carry evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.flow_truth import flow_against_truth
from mfm_core.evaluation.quantities import exact, figure
from mfm_core.evaluation.statistics import share
from mfm_core.interpretation.attribute import attribute
from mfm_core.interpretation.gradient_flow import gradient_flow
from mfm_core.interpretation.registry import attributions, flow_readings
from mfm_core.latents import Latents
from mfm_core.model import MFM


def interpret_all(
    model: MFM, data: Dataset, latents: Latents, *, on_progress: Callable[[str], None] = lambda stage: None
) -> dict[str, dict[str, Tensor]]:
    """Every registered reading of the flow of F_y, then every attribution of the score.

    Args:
        model: The model.
        data: Clips with all modalities.
        latents: Their Z, which readings that refer to other clips take these for.
        on_progress: Called with the name of each stage.

    Returns:
        By key and modality, ``(N, T)``.
    """
    inputs = {name: data.modalities[name] for name in model.modalities}
    found = {}
    for key, reading in flow_readings().items():
        on_progress(reading.way)
        found[key] = gradient_flow(model, latents, reading=key)
    for key, attribution in attributions().items():
        on_progress(attribution.way)
        found[key] = attribute(model, inputs, key, mask=data.mask)
    return found


def truth_figures(
    model: MFM,
    data: Dataset,
    latents: Latents,
    *,
    seed: int = 0,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> list[Figure]:
    """Every registered interpretation against the truth, and how often a reading of the flow is largest at the start.

    Args:
        model: The model.
        data: Clips of which the evidence is known, with all modalities.
        latents: Their Z.
        seed: Of the bootstrap over clips.
        on_progress: Called with the name of each stage.
    """
    evidence, mask = data.evidence or {}, cast(Tensor, data.mask)
    ways = interpret_all(model, data, latents, on_progress=on_progress)
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
        for way in flow_readings():
            first = ways[way][name].argmax(dim=1) == mask.float().argmax(dim=1)
            figures.append(figure("first_step_share", f"{name}:{way}", share(first)))
    return figures
