"""Convolutional encoders and decoders for images."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from mfm_core.networks.fully_connected import UNTANGLING, ResidualLayers, fully_connected


def _level_sizes(height: int, width: int, n_levels: int) -> list[tuple[int, int]]:
    """Height and width after each halving, the full size first."""
    sizes = [(height, width)]
    for _ in range(n_levels):
        height, width = math.ceil(height / 2), math.ceil(width / 2)
        sizes.append((height, width))
    return sizes


class ConvolutionalEncoder(nn.Module):
    """Image -> vector: a level halves the picture and widens it, fully connected layers read out the last level.

    Args:
        shape: Channels, height, width.
        channels: Channels of each level.
        d_out: Size of the output.
        hidden: Width of a layer between the last level and the output; None for no such layer.
        kernel: Size of the convolutions that halve the picture, odd.
        depth: Convolutions a level; those after the first are 3 x 3.
        d_context: Size of a vector that the fully connected layers read beside the last level.
        normalized: Batch normalization after each convolution: for networks that see real pictures only.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        channels: tuple[int, ...],
        d_out: int,
        *,
        hidden: int | None = None,
        kernel: int = 3,
        depth: int = 1,
        d_context: int = 0,
        normalized: bool = False,
    ) -> None:
        super().__init__()
        sizes = _level_sizes(shape[1], shape[2], len(channels))
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise((shape[0], *channels)):
            for convolution in range(depth):
                halving = convolution == 0
                layers.append(
                    nn.Conv2d(
                        n_in if halving else n_out,
                        n_out,
                        kernel_size=kernel if halving else 3,
                        stride=2 if halving else 1,
                        padding=kernel // 2 if halving else 1,
                        bias=not normalized,
                    )
                )
                if normalized:
                    layers.append(nn.BatchNorm2d(n_out))
                layers.append(nn.SiLU())
        self.levels = nn.Sequential(*layers)
        n_last = channels[-1] * math.prod(sizes[-1]) + d_context
        self.read_out = fully_connected(n_last, *([] if hidden is None else [hidden]), d_out)

    def forward(self, image: Tensor, *context: Tensor) -> Tensor:
        """(N, channels, height, width) in [0, 1], and the context (N, d_context) if there is one -> (N, d_out)."""
        levels = self.levels(2 * image.contiguous(memory_format=torch.channels_last) - 1)
        out: Tensor = self.read_out(torch.cat([levels.flatten(1), *context], dim=1))
        return out


class ConvolutionalDecoder(nn.Module):
    """[F_a, F_y] -> image: fully connected to a small picture, then each level doubles it by pixel shuffling.

    The last level has the wider kernel, for it paints 2 x 2 pixels at once. A mean over 2 x 2 neighbours follows: it
    holds back just the checkerboard that shuffling can leave, which no reader of digits would mind but every eye does.

    Args:
        d_in: Size of the joined factors.
        shape: Channels, height, width of the image.
        channels: Channels of the levels as in the encoder, first the largest picture.
        hidden: Width of the fully connected layers.
    """

    def __init__(self, d_in: int, shape: tuple[int, int, int], channels: tuple[int, ...], hidden: int) -> None:
        super().__init__()
        self.sizes = _level_sizes(shape[1], shape[2], len(channels))[::-1]
        self.start = (channels[-1], *self.sizes[0])
        self.expand = nn.Sequential(
            nn.Linear(d_in, hidden),
            ResidualLayers(hidden, UNTANGLING),
            nn.SiLU(),
            nn.Linear(hidden, math.prod(self.start)),
            nn.SiLU(),
        )
        widths = (*channels[::-1], shape[0])
        last = len(channels) - 1
        self.levels = nn.ModuleList(
            nn.Conv2d(n_in, 4 * n_out, kernel_size=5 if level == last else 3, padding=2 if level == last else 1)
            for level, (n_in, n_out) in enumerate(pairwise(widths))
        )

    def forward(self, factors: Tensor) -> Tensor:
        """(N, d_in) -> (N, channels, height, width) in [0, 1]."""
        picture = self.expand(factors).view(-1, *self.start).contiguous(memory_format=torch.channels_last)
        for level, (height, width) in zip(self.levels, self.sizes[1:], strict=True):
            if level is not self.levels[0]:
                picture = nn.functional.silu(picture)
            picture = nn.functional.pixel_shuffle(level(picture), 2)[..., :height, :width]
        padded = nn.functional.pad(picture.float(), (1, 0, 1, 0), mode="replicate")
        return torch.sigmoid(nn.functional.avg_pool2d(padded, 2, stride=1)).contiguous()
