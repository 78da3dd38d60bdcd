"""Dependency ratios of several models of videos side by side, and the paper's (Figure 9a)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import JsonValue

from mfm_core.evaluation.held_out_videos import held_out, run_of
from mfm_core.evaluation.paper_ratios import PAPER_RATIOS
from mfm_core.interpretation.dependency import DependencyRatio, dependency_ratios
from mfm_core.storage.folder import StoredModel, model_folder
from mfm_core.storage.models import load_pretrained
from mfm_core.training.videos import encode_present

STREAMS = ("language", "acoustic", "visual")


def ratio_table(names: Sequence[str]) -> dict[str, JsonValue]:
    """r_i of each stream on the held-out videos of stored models, as ``metrics.json`` holds a table.

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
        with torch.inference_mode():
            latents, _ = encode_present(model, held_out(stored))
        found = dependency_ratios(model, latents, n_permutations=0)
        told = [_told(found[stream]) if stream in found else ("none", "none") for stream in STREAMS]
        texts = [run.data, str(run.training.seed), str(len(latents))]
        rows.append([*texts, *(at_one for at_one, _ in told), *(at_median for _, at_median in told)])
    for data, ratios in PAPER_RATIOS.items():
        rows.append([f"{data}, the paper", "", "", *(f"{ratios[stream]:.3f}" for stream in STREAMS), "", "", ""])
    note = (
        "r_i = HSIC(F_y, X^_i) / HSIC(F_a_i, X^_i) on held-out videos, at the paper's bandwidth 1 with 95 % jackknife "
        "intervals, and at the median bandwidth."
    )
    header: list[JsonValue] = ["data", "seed", "n", *STREAMS, *(f"{stream}, median" for stream in STREAMS)]
    return {"note": note, "header": header, "rows": rows}


def _told(ratio: DependencyRatio) -> tuple[str, str]:
    return f"{ratio.ratio:.3f} ({ratio.low:.3f} to {ratio.high:.3f})", f"{ratio.ratio_at_median:.3f}"
