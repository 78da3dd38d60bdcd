"""How large a model is and how long it was trained, by its configuration and those of the trainings before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from pydantic import JsonValue

from mfm_core.config import ModelConfig
from mfm_core.model import MFM


@dataclass(frozen=True)
class Origin:
    """Sizes and training that compared models should have in common, unless it is what they are compared by.

    Attributes:
        parameters: How many there are.
        steps: Of each training, the first one in front; empty where that was not stored.
        flows: Layers of the flow behind each modality's encoder of Z_a, by modality.
        whitened: Modalities whose codes are whitened behind their flow.
    """

    parameters: int
    steps: tuple[int, ...]
    flows: Mapping[str, int]
    whitened: tuple[str, ...]


def origin(model: ModelConfig, run: Mapping[str, JsonValue]) -> Origin:
    """Count the parameters of a model of images, and the steps of its trainings.

    Args:
        model: The architecture.
        run: Where the weights come from, as ``config.json`` has it: the ``configuration`` of the last training and, at
            ``start``, the same of the one before.
    """
    with torch.device("meta"):  # nothing is allocated or drawn
        network = MFM(model)
    images = model.images
    return Origin(
        sum(weight.numel() for weight in network.parameters()),
        _steps(run),
        {name: one.flow for name, one in images.items()},
        tuple(name for name, one in images.items() if one.flow_whitened),
    )


def _steps(run: Mapping[str, JsonValue]) -> tuple[int, ...]:
    """Steps of each training, the first one in front; empty where one of them was not stored."""
    match run:
        case {"configuration": {"training": {"steps": int(steps)}}, **more}:
            before = more.get("start")
            if not isinstance(before, dict):
                return (steps,)
            return (*earlier, steps) if (earlier := _steps(before)) else ()
    return ()
