"""Fully connected networks: G, D, and the heads of everything else."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

UNTANGLING = 2  # residual layers: what a flow has made of a code takes some depth to undo


def fully_connected(*sizes: int) -> nn.Sequential:
    """Linear layers with a SiLU between each two.

    Args:
        *sizes: Input size, hidden sizes, output size; at least two.
    """
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.SiLU()]
    return nn.Sequential(*layers[:-1])


class ResidualLayers(nn.Module):
    """Two linear layers after a normalization, beside a way around them, time after time; at first the identity.

    Args:
        d: Size of input and output.
        depth: How often.
    """

    def __init__(self, d: int, depth: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(nn.LayerNorm(d), *fully_connected(d, d, d)) for _ in range(depth))
        with torch.no_grad():
            for branch in self.branches.children():
                for parameter in cast(nn.Sequential, branch)[-1].parameters():
                    parameter.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """(N, d) -> (N, d)."""
        for branch in self.branches:
            x = x + branch(x)
        return x
