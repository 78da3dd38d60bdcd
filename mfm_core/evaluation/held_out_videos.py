"""Everything that is measured of a stored model of spoken videos, as ``metrics.json`` holds it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import torch
from pydantic import JsonValue, ValidationError
from torch import Tensor

from mfm_core.config import first_problem
from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.digits import Figure
from mfm_core.evaluation.statistics import Estimate, share
from mfm_core.evaluation.videos import evaluate_sequences
from mfm_core.interpretation.attributions import integrated_gradients, saliency
from mfm_core.interpretation.dependency import DependencyRatio, dependency_ratios
from mfm_core.interpretation.gradient_flow import gradient_flow
from mfm_core.interpretation.kernels import Bandwidth
from mfm_core.interpretation.truth import flow_against_truth
from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.storage.codes import Codes
from mfm_core.storage.folder import StoredModel
from mfm_core.training.videos import SequenceRun, encode_present, load_run_data

BANDWIDTHS: tuple[Bandwidth, ...] = (1.0, "median")


def run_of(stored: StoredModel) -> SequenceRun:
    """The run that a stored model of sequences came from.

    Raises:
        ValueError: If it is not told.
    """
    try:
        return SequenceRun.model_validate(stored.run.get("configuration"))
    except ValidationError as error:
        raise ValueError(f"run.configuration: {first_problem(error)}") from None


def held_out(stored: StoredModel) -> Dataset:
    """The held-out videos of a stored model.

    Raises:
        ValueError: If its run is not told.
        FileNotFoundError: If the data are not there.
    """
    return load_run_data(run_of(stored)).part("test")


@torch.inference_mode()
def video_codes(model: MFM, data: Dataset) -> Codes:
    """Z, mask and labels of videos, each encoded from the modalities it has."""
    latents, _ = encode_present(model, data)

    def plain(block: Tensor) -> Tensor:
        return block.clone()

    return Codes(latents.map(plain), data.labels)


def measure_videos(
    model: MFM, stored: StoredModel, *, seed: int = 0, on_progress: Callable[[str], None] = lambda stage: None
) -> tuple[list[Figure], dict[str, JsonValue]]:
    """Measure a stored model on its held-out videos.

    Args:
        model: The model.
        stored: Its configuration and provenance.
        seed: Of all resampling.
        on_progress: Called with the name of each stage.

    Returns:
        The figures, and what else goes into ``metrics.json``: the dependency ratios.

    Raises:
        ValueError: If its run is not told.
        FileNotFoundError: If the data are not there.
    """
    data = held_out(stored)
    figures = evaluate_sequences(model, data, seed=seed, on_progress=on_progress)
    with torch.inference_mode():
        latents, _ = encode_present(model, data)
    on_progress("dependency ratios")
    rows: list[JsonValue] = []
    for bandwidth in BANDWIDTHS:
        rows += dependency_of(model, latents, bandwidth, seed)
    if data.evidence is not None:
        on_progress("flow against the truth")
        figures += truth_figures(model, data, latents, seed=seed)
    return figures, {"dependency": rows}


def truth_figures(model: MFM, data: Dataset, latents: Latents, *, seed: int = 0) -> list[Figure]:
    """The gradient-norm flow of F_y (Eq. 7) and its rivals against the steps that truly carry evidence.

    Args:
        model: The model.
        data: Clips of which the evidence is known, with all modalities.
        latents: Their Z.
        seed: Of the bootstrap.
    """
    evidence, mask = data.evidence or {}, cast(Tensor, data.mask)
    inputs = {name: data.modalities[name] for name in model.modalities}
    ways = {
        "flow of F_y": gradient_flow(model, latents),
        "input gradients": saliency(model, inputs, mask),
        "integrated gradients": integrated_gradients(model, inputs, mask),
    }
    figures = []
    for name, truth in evidence.items():
        for way, flow in ways.items():
            found = flow_against_truth(flow[name].detach(), truth, mask, generator=torch.Generator().manual_seed(seed))
            figures += [
                Figure(f"largest step carries evidence, {name}: {way}", found.hits),
                Figure(f"area under the curve of steps against evidence, {name}: {way}", found.auc_within),
                Figure(f"the same area over the steps of all clips, {name}: {way}", found.auc),
            ]
        figures.append(Figure(f"largest step carries evidence, {name}: chance", found.hits_by_chance))
        first = ways["flow of F_y"][name].argmax(dim=1) == mask.float().argmax(dim=1)
        figures.append(Figure(f"largest step is the first, {name}: flow of F_y", share(first)))
        half = Estimate(0.5, 0.5, 0.5, found.hits.n)
        figures.append(Figure(f"area under the curve of steps against evidence, {name}: chance", half))
    return figures


def dependency_of(model: MFM, latents: Latents, bandwidth: Bandwidth, seed: int) -> list[JsonValue]:
    """Dependency ratios (Eq. 5) as ``metrics.json`` holds them, a row a modality."""
    generator = torch.Generator().manual_seed(seed)
    found = dependency_ratios(model, latents, bandwidth=bandwidth, generator=generator)
    return [cast(JsonValue, {"modality": name, **as_dict(ratio)}) for name, ratio in found.items()]


def as_dict(ratio: DependencyRatio) -> dict[str, JsonValue]:
    """Dependency ratio as it is stored; None where it is not a number."""
    stored: dict[str, JsonValue] = {"bandwidth": ratio.bandwidth, "n": ratio.n, "warning": ratio.warning}
    for key in ("ratio", "low", "high", "p_value", "depends_on_y", "depends_on_a", "ratio_at_median"):
        value = float(getattr(ratio, key))
        stored[key] = value if math.isfinite(value) else None
    return stored
