"""A residual encoder (He et al., 2016, "Identity mappings in deep residual networks") for pictures hard to read."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

DROPOUT = 0.3


class Block(nn.Module):
    """Two 3 x 3 convolutions, each after normalization and SiLU, beside a way around them.

    Args:
        n_in: Channels of the input.
        n_out: Channels of the output.
        stride: 2 halves the picture.
    """

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.before = nn.BatchNorm2d(n_in)
        self.first = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.between = nn.BatchNorm2d(n_out)
        self.second = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        changes = n_in != n_out or stride != 1
        self.around = nn.Conv2d(n_in, n_out, 1, bias=False) if changes else None
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """(N, n_in, height, width) -> (N, n_out, height / stride, width / stride), sizes rounded up."""
        opened = nn.functional.silu(self.before(x))
        # Every other pixel first, then 1 x 1: the same as a stride, whose gradient writes out of bounds in oneDNN's
        # kernel for processors without AVX-512 where channels are few.
        around = x if self.around is None else self.around(opened[:, :, :: self.stride, :: self.stride])
        out: Tensor = around + self.second(nn.functional.silu(self.between(self.first(opened))))
        return out


class ResidualEncoder(nn.Module):
    """Image -> vector: residual blocks, the mean over the last picture, a linear layer.

    Args:
        shape: Channels, height, width.
        channels: Channels of each level; the first convolution and each level after the first halve the picture.
        depth: Blocks a level.
        d_out: Size of the output.
    """

    def __init__(self, shape: tuple[int, int, int], channels: tuple[int, ...], depth: int, d_out: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(shape[0], channels[0], 5, 2, 2, bias=False)
        blocks = [Block(channels[0], channels[0], 1) for _ in range(depth)]
        for n_in, n_out in pairwise(channels):
            blocks += [Block(n_in, n_out, 2), *(Block(n_out, n_out, 1) for _ in range(depth - 1))]
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.BatchNorm2d(channels[-1])
        self.read_out = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(channels[-1], d_out))

    def forward(self, image: Tensor) -> Tensor:
        """(N, channels, height, width) in [0, 1] -> (N, d_out)."""
        found = self.blocks(self.stem(2 * image.contiguous(memory_format=torch.channels_last) - 1))
        out: Tensor = self.read_out(nn.functional.silu(self.last(found)).mean(dim=(2, 3)))
        return out
