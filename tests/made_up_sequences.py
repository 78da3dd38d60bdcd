"""A data set of sequences that takes no time: each stream carries a share of the score at its steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mfm_core.data.dataset import Dataset

SIZES = {"language": 4, "acoustic": 3}


def made_up_sequences(n: int = 60, length: int = 5, *, seed: int = 0, without_language: int = 0) -> Dataset:
    """Sequences of 2 to ``length`` steps, padded on the left; the first ``without_language`` lack language."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randint(2, length + 1, (n,), generator=generator)
    mask = torch.arange(length) >= (length - steps)[:, None]
    x = {name: torch.randn(n, length, d, generator=generator) * mask[..., None] for name, d in SIZES.items()}
    labels = (x["language"][..., 0].sum(1) + x["acoustic"][..., 0].sum(1)).unsqueeze(1) / 3
    has_language = torch.arange(n) >= without_language
    x["language"] = x["language"] * has_language[:, None, None]
    split = np.array(["train"] * (n - n // 3) + ["validation"] * (n // 6) + ["test"] * (n // 3 - n // 6))
    present = {"language": has_language} if without_language else None
    return Dataset("made_up", x, labels, split, mask, present=present)


def sequence_run(**changes: object) -> dict[str, Any]:
    """A run that takes a second, as a JSON file has it."""
    modalities = {name: {"kind": "sequence", "d_x": d, "d_z": 3, "d_f": 4, "hidden": 5} for name, d in SIZES.items()}
    memory = {"memory": 4, "attention": 4, "candidate": 4, "gate": 4}
    label = {"kind": "scores", "size": 1}
    model = {"modalities": modalities, "d_y": 2, "d_f": 4, "hidden": 8, "memory": memory, "label": label, "length": 5}
    training = {"steps": 4, "batch_size": 16, "validate_every": 2, "average": 0.5, "warmup": 1}
    return {"system": "mfm_sequences", "data": "made_up", "model": model, "training": training} | changes
