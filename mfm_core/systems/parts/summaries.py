"""Hierarchical sequence summarization: steps of similar hidden states are the observations of the next layer."""

from __future__ import annotations

import torch
from torch import Tensor


def distances(marginals: Tensor) -> Tensor:
    """How much the marginals of the hidden states change from a step to the next, ``(B, T - 1)``, from 0 to 2.

    The sum over states of absolute differences, averaged over the labels that the marginals are conditioned on.

    Args:
        marginals: ``(B, labels, T, S)``.
    """
    return marginals.diff(dim=2).abs().sum(3).mean(1)


def group_steps(distance: Tensor, mask: Tensor, threshold: float) -> Tensor:
    """Group neighbouring steps as Felzenszwalb and Huttenlocher (2004) segment a graph, here a chain.

    Pairs of neighbours are taken from the least distance on. Their groups are joined if, for both, the distance is at
    most the largest distance inside the group plus ``threshold`` over its number of steps.

    Args:
        distance: Of neighbouring steps, ``(B, T - 1)``.
        mask: Real steps, in front, boolean ``(B, T)``.
        threshold: Larger makes larger groups.

    Returns:
        Number of the group of each step, from 0 in order of time, int64 ``(B, T)``; a padded step is one of its own.
    """
    b, length = mask.shape
    rows, steps = torch.arange(b), torch.arange(length)
    group = steps.repeat(b, 1)  # named by its first step
    inside = torch.full((b, length), threshold)  # of each group the distance up to which it is joined
    joinable = torch.where(mask[:, 1:], distance, torch.inf)
    for edge in joinable.argsort(dim=1, stable=True).T:
        left, right, weight = group[rows, edge], group[rows, edge + 1], joinable[rows, edge]
        join = (weight <= inside[rows, left]) & (weight <= inside[rows, right])
        group = torch.where(join[:, None] & (group == right[:, None]), left[:, None], group)
        size = (group == left[:, None]).sum(1)
        inside[rows, left] = torch.where(join, weight + threshold / size, inside[rows, left])
    first = torch.cat([torch.ones(b, 1, dtype=torch.bool), group.diff(dim=1) != 0], dim=1)
    return first.cumsum(1) - 1


def averaging(group: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The matrix that averages over the steps of each group, ``(B, T, T)``, and which groups there are, ``(B, T)``."""
    member = (group.unsqueeze(1) == torch.arange(group.shape[1])[:, None]) & mask.unsqueeze(1)  # (B, group, step)
    size = member.sum(2, keepdim=True)
    return member / size.clamp_min(1), size.squeeze(2) > 0
