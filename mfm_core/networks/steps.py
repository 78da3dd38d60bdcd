"""Real steps and padding: sequences with their real steps in front, and back where they came from.

A recurrence that runs forward in time never sees what follows, so it needs no mask once the real steps come first:
what it makes of the rest is not read.
"""

from __future__ import annotations

import torch
from torch import Tensor


def real_steps(x: Tensor, mask: Tensor | None) -> Tensor:
    """The mask, or that of a sequence ``(N, T, d)`` without padding."""
    return torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if mask is None else mask


def to_front(x: Tensor, mask: Tensor) -> Tensor:
    """The real steps of each sequence in front, in order, and 0 in place of all else, whatever it was.

    Args:
        x: ``(N, T, d)``.
        mask: Which steps are real, boolean ``(N, T)``.
    """
    if mask.all():
        return x
    order = torch.argsort(~mask, dim=1, stable=True).unsqueeze(2).expand_as(x)
    return torch.where(in_front(mask).unsqueeze(2), x.gather(1, order), 0)


def in_front(mask: Tensor) -> Tensor:
    """The mask of :func:`to_front`: as many real steps as before, in front."""
    steps = torch.arange(mask.shape[1], device=mask.device)
    return steps < mask.sum(dim=1, keepdim=True)


def put_back(x: Tensor, mask: Tensor) -> Tensor:
    """The steps in front where ``mask`` has its real steps, and 0 elsewhere: the inverse of :func:`to_front`."""
    if mask.all():
        return x
    place = (mask.cumsum(dim=1) - 1).clamp_min(0).unsqueeze(2).expand_as(x)
    return torch.where(mask.unsqueeze(2), x.gather(1, place), 0)


def last_real(x: Tensor, mask: Tensor) -> Tensor:
    """The last real step of sequences with the real ones in front, time-major: ``(T, N, d)`` -> ``(N, d)``."""
    last = (mask.sum(dim=1) - 1).clamp_min(0)
    return x[last, torch.arange(x.shape[1], device=x.device)]
