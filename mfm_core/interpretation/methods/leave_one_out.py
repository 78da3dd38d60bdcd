"""Leaving one step out: how far the label's score falls without it (Zeiler and Fergus, 2014)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mfm_core.interpretation.base import Attribution
from mfm_core.interpretation.label_output import explained, label_output
from mfm_core.interpretation.registry import register_interpretation
from mfm_core.model import MFM


def leave_one_out(
    model: MFM, inputs: Mapping[str, Tensor], mask: Tensor | None = None, *, target: int | None = None
) -> dict[str, Tensor]:
    """How much the score falls when one step of one modality is put to 0, the mean of standardised features.

    Occlusion of Zeiler and Fergus (2014) by whole steps, each on its own.

    Args:
        model: A model of sequences.
        inputs: Modalities ``(N, T, d)`` by name, any non-empty subset.
        mask: Which steps are real, ``(N, T)``; None for all.
        target: Which score, or logit of a class; None for the first score, or the class that the model takes each
            sample for.

    Returns:
        By modality, ``(N, T)``, with signs, 0 at steps that are not real.

    Raises:
        ValueError: If the model is one of images, or the inputs or the target do not fit it.
    """
    real, index = explained(model, inputs, mask, target)
    n, length = real.shape
    fallen = {name: x.new_zeros(n, length) for name, x in inputs.items()}
    with torch.no_grad():
        whole = label_output(model, inputs, real, index)
        for t in real.any(dim=0).nonzero().flatten().tolist():
            rows = real[:, t].nonzero().flatten()
            among = {name: x[rows] for name, x in inputs.items()}
            for name, x in among.items():
                without = x.clone()
                without[:, t] = 0
                changed = label_output(model, {**among, name: without}, real[rows], index[rows])
                fallen[name][rows, t] = whole[rows] - changed
    return fallen


register_interpretation(
    Attribution(
        key="leave_one_out",
        title="Leave one word out",
        way="leaving one step out",
        meaning="how far the score falls when this word, tone or face alone is put to the mean",
        unit="score",
        signed=True,
        measure=leave_one_out,
    )
)
