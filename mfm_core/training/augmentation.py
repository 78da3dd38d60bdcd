"""Random changes to images that keep the label: for training only, drawn from an explicit generator."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mfm_core.config import Config, Share


class Augmentation(Config):
    """How much a picture may change; every amount is the half-width of a uniform distribution.

    Attributes:
        shift: Translation, as a share of the picture's size.
        scale: Zoom, as a share.
        rotate: Rotation in radians.
        shear: Shear, as a share.
        brightness: Added to all values.
        contrast: Share by which distances from the mean colour grow or shrink.
        tint: Added to each colour channel on its own.
        invert: Probability of the negative.
        pad_border: Fill from the border (photographs) rather than with black (handwriting).
    """

    shift: Share = 0.0
    scale: Share = 0.0
    rotate: Share = 0.0
    shear: Share = 0.0
    brightness: Share = 0.0
    contrast: Share = 0.0
    tint: Share = 0.0
    invert: Share = 0.0
    pad_border: bool = False


def augment(images: Tensor, config: Augmentation, generator: torch.Generator) -> Tensor:
    """Draw a random variant of each image.

    Args:
        images: ``(N, channels, height, width)`` in [0, 1].
        config: The amounts.
        generator: Source of randomness, on the CPU.

    Returns:
        Images of the same shape, in [0, 1].
    """
    n, n_channels = images.shape[:2]

    def uniform(amount: float, *shape: int) -> Tensor:
        return ((2 * torch.rand(n, *shape, generator=generator) - 1) * amount).to(images.device)

    angle, zoom, shear = uniform(config.rotate), 1 + uniform(config.scale), uniform(config.shear)
    cos, sin = torch.cos(angle), torch.sin(angle)
    shift = uniform(2 * config.shift, 2)
    rows = [
        torch.stack([zoom * cos, zoom * (shear * cos - sin), shift[:, 0]], dim=1),
        torch.stack([zoom * sin, zoom * (shear * sin + cos), shift[:, 1]], dim=1),
    ]
    grid = nn.functional.affine_grid(torch.stack(rows, dim=1), list(images.shape), align_corners=False)
    padding = "border" if config.pad_border else "zeros"
    moved = nn.functional.grid_sample(images, grid, padding_mode=padding, align_corners=False)

    mean = moved.mean(dim=(2, 3), keepdim=True)
    moved = mean + (moved - mean) * (1 + uniform(config.contrast, 1, 1, 1))
    moved = moved + uniform(config.brightness, 1, 1, 1) + uniform(config.tint, n_channels, 1, 1)
    inverted = (torch.rand(n, 1, 1, 1, generator=generator) < config.invert).to(images.device)
    return torch.where(inverted, 1 - moved, moved).clamp(0, 1)
