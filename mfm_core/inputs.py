"""Checks of what a caller gives a model: converted where the meaning is plain, else refused in one sentence.

NumPy arrays and other floating-point types become float32 tensors. Lists, integers, other devices, pictures outside
[0, 1] and numbers that are not finite are refused, with their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor

from mfm_core.arguments import check_device, check_finite, expect, kind_of, tensor
from mfm_core.config import ImageModality, ModelConfig
from mfm_core.latents import Factors, Latents

_B = TypeVar("_B", Latents, Factors)


def checked_inputs(
    config: ModelConfig, inputs: object, mask: object, like: Tensor
) -> tuple[dict[str, Tensor], Tensor | None]:
    """Modalities and mask as a model reads them.

    Args:
        config: The architecture.
        inputs: Modalities by name, see :meth:`mfm_core.MFM.encode`.
        mask: Of sequences, which steps are real.
        like: A weight of the model: of its device and type.

    Returns:
        The modalities in the type of the weights, float32 unless the caller changed it, in the given order; and the
        mask, None where none was given.

    Raises:
        ValueError: If something is not of the model, cannot be converted, or is not finite at a real step.
    """
    if not isinstance(inputs, Mapping):
        raise ValueError(f"inputs: expected a dict of arrays by modality, got {kind_of(inputs)}")  # noqa: TRY004
    if not inputs:
        raise ValueError(f"inputs: expected at least one of {', '.join(config.modalities)}, got none")
    if unknown := [name for name in inputs if name not in config.modalities]:
        raise ValueError(f"inputs: expected names among {', '.join(config.modalities)}, got {unknown[0]!r}")
    tensors = {name: _floats(name, x, config, like) for name, x in inputs.items()}
    first = next(iter(tensors.values()))
    n, length = (*first.shape, 0, 0)[:2]
    for name, x in tensors.items():
        modality = config.modalities[name]
        shape = modality.shape if isinstance(modality, ImageModality) else (length, modality.d_x)
        if tuple(x.shape) != (n, *shape):
            raise ValueError(f"{name}: expected shape {(n, *shape)}, got {tuple(x.shape)}")
    steps = None if mask is None else tensor("mask", mask, like.device)
    if config.sequences:
        _check_mask(steps, n, length)
    elif steps is not None:
        raise ValueError(f"mask: expected none, for the model reads images, got one of shape {tuple(steps.shape)}")
    for name, x in tensors.items():
        if isinstance(config.modalities[name], ImageModality):
            _check_pixels(name, x)
        else:
            check_finite(name, x, steps)
    return tensors, steps


def checked_blocks(blocks: _B, kind: type[_B], sizes: Mapping[str, int], like: Tensor) -> _B:
    """Latents or factors as a model reads them: finite, of its sizes, and of the type and device of a weight of it.

    Raises:
        ValueError: If they are not, in one sentence.
    """
    whole, what = expect(kind.__name__.lower(), blocks, kind), kind.__name__.lower()
    given = {name: block.shape[1] for name, block in whole.blocks().items()}
    if given != dict(sizes):
        raise ValueError(f"{what}: expected blocks of sizes {dict(sizes)}, got {given}")
    for name, block in whole.blocks().items():
        if not block.is_floating_point():
            raise ValueError(f"{what}: {name}: expected floating-point values, got {block.dtype}")
        check_device(f"{what}: {name}", block, like.device)
        check_finite(f"{what}: {name}", block)
    if whole.mask is not None:
        check_device("mask", whole.mask, like.device)
    if all(block.dtype == like.dtype for block in whole.blocks().values()):
        return whole
    return kind(whole.y.to(like.dtype), {name: block.to(like.dtype) for name, block in whole.a.items()}, whole.mask)


def _floats(name: str, given: object, config: ModelConfig, like: Tensor) -> Tensor:
    x = tensor(name, given, like.device)
    if not x.is_floating_point():
        pixels = " in [0, 1]" if isinstance(config.modalities[name], ImageModality) else ""
        raise ValueError(f"{name}: expected floating-point values{pixels}, got {x.dtype}")
    return x.to(like.dtype)


def _check_pixels(name: str, x: Tensor) -> None:
    """Raise ValueError, naming the sample and its range, unless all pixels are in [0, 1]."""
    if x.numel() == 0:
        return
    low, high = torch.aminmax(x.detach())  # NaN if any pixel is
    if bool((low >= 0) & (high <= 1)):
        return
    samples = x.detach().flatten(1)
    lows, highs = torch.aminmax(samples, dim=1)
    sample = int((~((lows >= 0) & (highs <= 1))).nonzero()[0])
    whole = samples[sample]
    if not bool(whole.isfinite().all()):
        bad = float(whole[~whole.isfinite()][0])
        raise ValueError(f"{name}: expected pixels in [0, 1], got {bad} in sample {sample}")
    raise ValueError(
        f"{name}: expected pixels in [0, 1], got {float(lows[sample]):g} to {float(highs[sample]):g} in sample {sample}"
    )


def _check_mask(mask: Tensor | None, n: int, length: int) -> None:
    """Raise ValueError unless ``mask`` tells the real steps of ``n`` sequences, at least one of each."""
    if length == 0:
        raise ValueError("inputs: expected sequences of at least 1 step, got 0")
    if mask is None:
        return
    if tuple(mask.shape) != (n, length) or mask.dtype != torch.bool:
        raise ValueError(f"mask: expected shape {(n, length)} of torch.bool, got {tuple(mask.shape)} of {mask.dtype}")
    if not (real := mask.any(dim=1)).all():
        raise ValueError(
            f"mask: expected at least one real step of each sample, got none of sample {int((~real).nonzero()[0])}"
        )
