"""Configurations of runs that take a second."""

from __future__ import annotations

import copy
from typing import Any

_SMALL = {"channels": [4, 6], "fusion_channels": [8, 8], "hidden": 8}
MODALITIES = {
    "svhn": {"shape": [3, 32, 32], "d_z": 5, "d_f": 6, "fusion": "residual", "flow": 2, **_SMALL},
    "mnist": {"shape": [1, 28, 28], "d_z": 4, "d_f": 5, "flow": 3, **_SMALL},
}
TRAINING = {"steps": 4, "batch_size": 16, "validate_every": 2, "average": 0.5, "warmup": 1}


def discriminative(*modalities: str, **changes: object) -> dict[str, Any]:
    """A baseline, judge or reader, as a JSON file has it."""
    run = {
        "system": "discriminative",
        "model": {"modalities": {name: MODALITIES[name] for name in modalities}, "features": 8, "hidden": 9},
        "augmentation": {name: {"shift": 0.1, "brightness": 0.1} for name in modalities},
        "training": TRAINING,
    }
    return copy.deepcopy(run | changes)


def mixed(couplings: int) -> dict[str, Any]:
    """The model of :func:`factorizing`, its flows with mixed couplings."""
    model: dict[str, Any] = factorizing()["model"]
    for modality in model["modalities"].values():
        modality["flow_mixed"] = couplings
    return model


def factorizing(**changes: object) -> dict[str, Any]:
    """An MFM with every term, as a JSON file has it."""
    run = {
        "system": "mfm",
        "model": {"modalities": MODALITIES, "d_y": 3, "d_f": 6, "features": 8, "hidden": 9},
        "objective": {},
        "factorization": {"certainty": 3.0, "grey_kept": 2.0, "flow_near": {"svhn": 2.0, "mnist": 4.0}},
        "augmentation": {name: {"shift": 0.1, "brightness": 0.1} for name in MODALITIES},
        "seen": {"svhn": {"tint": 0.1}},
        "readers": {name: f"reader_{name}" for name in MODALITIES},
        "training": TRAINING,
    }
    return copy.deepcopy(run | changes)
