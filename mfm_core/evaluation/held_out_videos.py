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
from mfm_core.evaluation.digits import one_thread_each
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.flow_figures import truth_figures
from mfm_core.evaluation.predictions import independent_units
from mfm_core.evaluation.probes import probe_scores
from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.studio_figures import LABEL, with_targets
from mfm_core.evaluation.videos import evaluate_sequences
from mfm_core.interpretation.dependency import DependencyRatio, dependency_ratios
from mfm_core.interpretation.kernels import Bandwidth
from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.storage.codes import Codes
from mfm_core.storage.folder import StoredModel
from mfm_core.training.videos import SequenceRun, encode_present, load_run_data

ENOUGH_TO_PROBE = 30  # independent samples, without which folds are too small to learn from
BANDWIDTHS: tuple[Bandwidth, ...] = (1.0, "median")


def run_of(stored: StoredModel) -> SequenceRun:
    """The run that a stored model of sequences came from.

    Raises:
        ValueError: If it is not stored.
    """
    try:
        return SequenceRun.model_validate(stored.run.get("configuration"))
    except ValidationError as error:
        raise ValueError(f"run.configuration: {first_problem(error)}") from None


def held_out(stored: StoredModel) -> Dataset:
    """The held-out videos of a stored model.

    Raises:
        ValueError: If its run is not stored.
        FileNotFoundError: If the data are not there.
    """
    return load_run_data(run_of(stored)).part("test")


@torch.inference_mode()
def video_codes(model: MFM, data: Dataset) -> Codes:
    """Z, mask and labels of videos, each encoded from the modalities it has."""
    latents, _ = encode_present(model, data)

    def plain(block: Tensor) -> Tensor:
        return block.clone()

    return Codes(latents.map(plain), data.labels, units=units_of(data))


def measure_videos(
    model: MFM, stored: StoredModel, *, seed: int = 0, on_progress: Callable[[str], None] = lambda stage: None
) -> tuple[list[Figure], dict[str, JsonValue]]:
    """Measure a stored model on its held-out videos; the figures are the same on any number of threads.

    Args:
        model: The model.
        stored: Its configuration and provenance.
        seed: Of all resampling.
        on_progress: Called with the name of each stage.

    Returns:
        The figures, and what else goes into ``metrics.json``: the dependency ratios.

    Raises:
        ValueError: If its run is not stored.
        FileNotFoundError: If the data are not there.
    """
    with one_thread_each():
        return _measured(model, held_out(stored), seed, on_progress)


def _measured(
    model: MFM, data: Dataset, seed: int, on_progress: Callable[[str], None]
) -> tuple[list[Figure], dict[str, JsonValue]]:
    figures = evaluate_sequences(model, data, seed=seed, on_progress=on_progress)
    with torch.inference_mode():
        latents, _ = encode_present(model, data)
    on_progress("dependency ratios")
    rows: list[JsonValue] = []
    units = units_of(data)
    for bandwidth in BANDWIDTHS:
        rows += dependency_of(model, latents, bandwidth, seed, units)
    n_units = len(data) if units is None else int(units.max()) + 1
    if data.labels.ndim == 2 and data.labels.shape[1] == 1 and n_units >= ENOUGH_TO_PROBE:
        on_progress("probes of Z")
        figures += leak_figures(latents, data.labels[:, 0], units)
    if data.evidence is not None:
        figures += truth_figures(model, data, latents, seed=seed, on_progress=on_progress)
    if data.name in LABEL:
        figures = with_targets(figures, data)
    return figures, {"dependency": rows}


def leak_figures(latents: Latents, scores: Tensor, units: Tensor | None = None) -> list[Figure]:
    """How much of the score the best of a family of probes reads from each block of Z, on codes it has not seen.

    Args:
        latents: Z of held-out samples.
        scores: ``(N,)``.
        units: Of each the number of its video, ``(N,)``, of which no part is in two folds; None where each is its own.
    """
    figures = []
    for name, z in latents.blocks().items():
        read = probe_scores(z, scores, clusters=units).estimate
        figures.append(figure("probe_r2_y", "", read) if name == "y" else figure("probe_r2", name, read))
    return figures


def units_of(data: Dataset) -> Tensor | None:
    """Of each sample the number of its video, ``(N,)`` int64; None where each sample is a video of its own."""
    units = torch.from_numpy(independent_units(data))
    return None if int(units.max()) + 1 == len(units) else units


def dependency_of(
    model: MFM, latents: Latents, bandwidth: Bandwidth, seed: int, units: Tensor | None = None
) -> list[JsonValue]:
    """Dependency ratios (Eq. 5) as ``metrics.json`` holds them, a row a modality."""
    generator = torch.Generator().manual_seed(seed)
    found = dependency_ratios(model, latents, bandwidth=bandwidth, units=units, generator=generator)
    return [cast(JsonValue, {"modality": name, **as_dict(ratio)}) for name, ratio in found.items()]


def counts_of(ratio: DependencyRatio) -> dict[str, JsonValue]:
    """Samples of a ratio as they are stored, and of how many videos they are where those are fewer."""
    return {"n": ratio.n} if ratio.n_units == ratio.n else {"n": ratio.n, "n_units": ratio.n_units}


def as_dict(ratio: DependencyRatio) -> dict[str, JsonValue]:
    """Dependency ratio as it is stored; None where it is not a number."""
    stored: dict[str, JsonValue] = {"bandwidth": ratio.bandwidth, **counts_of(ratio), "warning": ratio.warning}
    for key in ("ratio", "low", "high", "p_value", "depends_on_y", "depends_on_a", "ratio_at_median"):
        value = float(getattr(ratio, key))
        stored[key] = value if math.isfinite(value) else None
    return stored
