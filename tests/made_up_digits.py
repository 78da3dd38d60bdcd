"""Digits drawn by a rule, in files of the layout that the loaders read: what a picture shows can be computed back.

An SVHN-like picture is one colour with a white block in one of ten places, which is its label, and ten grains, which
mean nothing; an MNIST-like one is one grey with a white block.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

N_SVHN, N_MNIST_TRAIN, N_MNIST_TEST = 600, 400, 300


def paint_svhn(digit: torch.Tensor, colour: torch.Tensor, grains: torch.Tensor) -> torch.Tensor:
    """Digits (N,), colours (N, 3) and grains (N, 10), both in [0, 1] -> (N, 3, 32, 32)."""
    pictures = colour[:, :, None, None].repeat(1, 1, 32, 32)
    pictures[:, :, 31, :10] = grains[:, None]
    for n, k in enumerate(digit.tolist()):
        pictures[n, :, 3 * k : 3 * k + 3, 20:23] = 1.0
    return pictures


def paint_mnist(digit: torch.Tensor, grey: torch.Tensor) -> torch.Tensor:
    """Digits (N,) and greys (N, 1) in [0, 1] -> (N, 1, 28, 28)."""
    pictures = grey[:, :, None, None].repeat(1, 1, 28, 28)
    for n, k in enumerate(digit.tolist()):
        pictures[n, :, 2 * k : 2 * k + 2, 20:22] = 1.0
    return pictures


def blocks(name: str, pictures: torch.Tensor) -> torch.Tensor:
    """Brightness of the ten places, (N, 10): the greatest is that of the label."""
    size = 3 if name == "svhn" else 2
    places = pictures[:, :, : 10 * size, 20 : 20 + size].mean(dim=(1, 3))
    return places.unflatten(1, (10, size)).mean(2)


def write(folder: Path) -> Path:
    """Write svhn.npz and mnist.npz; MNIST's validation split always has 5,000 digits."""
    g = torch.Generator().manual_seed(0)

    def levels(*shape: int) -> torch.Tensor:
        """Multiples of 1/255, not too near to white."""
        return torch.randint(30, 200, shape, generator=g) / 255

    n = N_SVHN
    digit = torch.arange(n) % 10
    svhn = paint_svhn(digit, levels(n, 3), levels(n, 10))
    np.savez(
        folder / "svhn.npz",
        images=(svhn * 255).round().byte().movedim(1, 3).numpy(),
        labels=digit.byte().numpy(),
        split=np.zeros(n, np.uint8),
        number_image=np.random.default_rng(0).permutation(n).astype(np.int32) // 2,
    )
    n = N_MNIST_TRAIN + 5_000 + N_MNIST_TEST
    digit = torch.arange(n) % 10
    mnist = paint_mnist(digit, levels(n, 1))[:, 0]
    split = (np.arange(n) >= N_MNIST_TRAIN + 5_000).astype(np.uint8)
    images = (mnist * 255).round().byte().numpy()
    np.savez(folder / "mnist.npz", images=images, labels=digit.byte().numpy(), split=split)
    return folder
