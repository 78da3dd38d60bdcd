"""Fully connected networks: G, D, and the heads of everything else."""

from __future__ import annotations

from itertools import pairwise

from torch import nn


def fully_connected(*sizes: int) -> nn.Sequential:
    """Linear layers with a SiLU between each two.

    Args:
        *sizes: Input size, hidden sizes, output size; at least two.
    """
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.SiLU()]
    return nn.Sequential(*layers[:-1])
