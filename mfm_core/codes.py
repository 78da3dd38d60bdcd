"""Codes of real examples: their latents, and how to find the pictures they were made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from mfm_core.representations import Latents


@dataclass(frozen=True)
class Codes:
    """Latents of real samples, their labels, and fingerprints of the pictures they were encoded from.

    The pictures themselves are not ours to ship; a fingerprint finds each again in a copy of the data set.

    Attributes:
        latents: Z of ``N`` samples.
        labels: Their classes, ``(N,)`` int64.
        fingerprints: Of each modality's original, by name, ``(N,)`` int64; see :func:`fingerprint`.

    Raises:
        ValueError: If the numbers of samples differ, a type is not int64, or the latents are of sequences.
    """

    latents: Latents
    labels: Tensor
    fingerprints: Mapping[str, Tensor]

    def __post_init__(self) -> None:
        if self.latents.mask is not None:
            raise ValueError("latents: expected latents of still data, got a mask")
        if list(self.fingerprints) != list(self.latents.a):
            raise ValueError(
                f"fingerprints: expected one for each of {', '.join(self.latents.a)}, "
                f"got {', '.join(self.fingerprints) or 'none'}"
            )
        for name, column in {"labels": self.labels, **self.fingerprints}.items():
            if column.dtype != torch.int64 or column.shape != (len(self.latents),):
                raise ValueError(
                    f"{name}: expected shape ({len(self.latents)},) of torch.int64, "
                    f"got {tuple(column.shape)} of {column.dtype}"
                )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: slice | Tensor | list[int]) -> Codes:
        fingerprints = {name: column[index] for name, column in self.fingerprints.items()}
        return Codes(self.latents[index], self.labels[index], fingerprints)


def fingerprint(images: Tensor) -> Tensor:
    """Numbers that tell pictures apart: the first 8 bytes of the SHA-256 of the 8-bit pixels.

    Args:
        images: ``(N, channels, height, width)``, floating point in [0, 1], as multiples of 1/255.

    Returns:
        ``(N,)`` int64; equal for equal pictures. Two different ones of 100,000 agree with a probability of 3e-10.

    Raises:
        ValueError: If the images are not of floating-point type.
    """
    if not images.is_floating_point():
        raise ValueError(f"images: expected floating-point values in [0, 1], got {images.dtype}")
    pixels = (images * 255).round().to(torch.uint8).cpu().numpy()
    digests = [hashlib.sha256(picture.tobytes()).digest()[:8] for picture in pixels]
    return torch.tensor([int.from_bytes(digest, "little", signed=True) for digest in digests], dtype=torch.int64)


def find_originals(fingerprints: Tensor, images: Tensor) -> list[int | None]:
    """Where the pictures with these fingerprints stand among ``images``.

    Args:
        fingerprints: ``(n,)`` int64, of :func:`fingerprint`.
        images: ``(N, channels, height, width)``, floating point in [0, 1].

    Returns:
        The index of each among ``images``, or None if it is not there.
    """
    place = {number: index for index, number in enumerate(fingerprint(images).tolist())}
    return [place.get(number) for number in fingerprints.tolist()]
