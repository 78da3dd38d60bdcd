"""Shared by tests of sequences: inputs changed in one way, and all that a model makes of them."""

from __future__ import annotations

import torch
from torch import Tensor

from mfm_core import MFM
from mfm_core.model import proper_subsets

Inputs = dict[str, Tensor]
SUBSETS = [*proper_subsets(("language", "acoustic", "visual")), ("language", "acoustic", "visual")]


def fill(inputs: Inputs, mask: Tensor, value: float) -> Inputs:
    return {name: torch.where(mask.unsqueeze(2), x, value) for name, x in inputs.items()}


def only(inputs: Inputs, names: tuple[str, ...]) -> Inputs:
    return {name: inputs[name] for name in names}


def everything(model: MFM, inputs: Inputs, mask: Tensor | None) -> Inputs:
    latents = model.encode(inputs, mask)
    generated = model.decode(latents)
    return latents.blocks() | {f"x.{name}": x for name, x in generated.modalities.items()} | {"label": generated.label}


def equal(ours: Inputs, theirs: Inputs) -> bool:
    return ours.keys() == theirs.keys() and all(torch.equal(x, theirs[name]) for name, x in ours.items())
