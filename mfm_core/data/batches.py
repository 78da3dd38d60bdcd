"""Batches of an epoch."""

from __future__ import annotations

import torch
from torch import Tensor


def shuffled_batches(n: int, size: int, generator: torch.Generator, *, least: int) -> list[Tensor]:
    """Cut samples in a new order into batches of indices.

    Args:
        n: Number of samples.
        size: Of a batch.
        generator: Of the order.
        least: A last batch of fewer samples is left out.

    Returns:
        The batches, each ``(size,)`` int64, the last perhaps smaller.
    """
    order = torch.randperm(n, generator=generator)
    return [batch for batch in torch.split(order, size) if len(batch) >= least]
