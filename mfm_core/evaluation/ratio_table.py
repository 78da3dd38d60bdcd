"""Dependency ratios of several models of videos side by side (Figure 9a)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from pydantic import JsonValue

from mfm_core.evaluation.held_out_videos import counts_of, held_out, run_of, units_of
from mfm_core.interpretation.dependency import DependencyRatio, dependency_ratios
from mfm_core.storage.folder import StoredModel, model_folder
from mfm_core.storage.models import load_pretrained
from mfm_core.training.videos import encode_present


def ratio_table(names: Sequence[str]) -> dict[str, JsonValue]:
    """r_i of each stream on the held-out videos of stored models, as ``metrics.json`` holds them.

    Args:
        names: Pretrained names, or folders of stored models.

    Raises:
        FileNotFoundError: If a model or its data are not there.
        ValueError: If a model is damaged, or not one of videos.
    """
    rows: list[JsonValue] = []
    for name in names:
        stored = StoredModel.of_folder(model_folder(name))
        run, model = run_of(stored), load_pretrained(name)
        data = held_out(stored)
        with torch.inference_mode():
            latents, _ = encode_present(model, data)
        found = dependency_ratios(model, latents, units=units_of(data), n_permutations=0)
        ratios: dict[str, JsonValue] = {stream: _numbers(ratio) for stream, ratio in found.items()}
        counts = counts_of(next(iter(found.values())))
        rows.append({"data": run.data, "seed": run.training.seed, **counts, "ratios": ratios})
    return {"rows": rows}


def _numbers(ratio: DependencyRatio) -> dict[str, JsonValue]:
    numbers = {"value": ratio.ratio, "low": ratio.low, "high": ratio.high, "at_median": ratio.ratio_at_median}
    return {key: value if math.isfinite(value) else None for key, value in numbers.items()}
