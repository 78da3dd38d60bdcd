"""Codes of real examples: their latents and labels, and how to find the pictures they were made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mfm_core.arguments import expect, kind_of
from mfm_core.latents import Latents
from mfm_core.printing import short_repr


@dataclass(frozen=True)
class Codes:
    """Latents of real samples, their labels, and fingerprints of the pictures they were encoded from.

    The pictures themselves are not ours to ship; a fingerprint finds each again in a copy of the data set. Sequences
    have none: their features are standardised, and such numbers need not agree to the last bit on every machine. They
    are known by their order, which is that of the data set.

    Attributes:
        latents: Z of ``N`` samples; of sequences with their mask.
        labels: Their classes, ``(N,)`` int64, or scores, ``(N, size)`` float32.
        fingerprints: Of each picture's original, by modality, ``(N,)`` int64, see :func:`fingerprint`; none of
            sequences.
        errors: Mean squared error a pixel of each picture, painted again as the model infers it from that picture
            alone, by modality, ``(N,)`` float32; none where it was not measured.
        units: Of each sample the number of its independent unit, such as its video, ``(N,)`` int64; None where each
            sample is one.

    Raises:
        ValueError: If the numbers of samples differ, or a shape or type is not as said.
    """

    latents: Latents
    labels: Tensor
    fingerprints: Mapping[str, Tensor] = field(default_factory=dict)
    errors: Mapping[str, Tensor] = field(default_factory=dict)
    units: Tensor | None = None

    __repr__ = short_repr

    def __post_init__(self) -> None:
        expect("latents", self.latents, Latents)
        if not isinstance(self.fingerprints, Mapping):
            raise ValueError(f"fingerprints: expected a dict, got {kind_of(self.fingerprints)}")  # noqa: TRY004
        for name, column in {"labels": self.labels, **self.fingerprints}.items():
            expect(name, column, Tensor)
        wanted = list(self.latents.a) if self.latents.mask is None else []
        if list(self.fingerprints) != wanted:
            each = f"one for each of {', '.join(wanted)}" if wanted else "none of sequences"
            raise ValueError(f"fingerprints: expected {each}, got {', '.join(self.fingerprints) or 'none'}")
        if self.latents.mask is not None and self.latents.mask.dtype != torch.bool:
            raise ValueError(f"mask: expected torch.bool, got {self.latents.mask.dtype}")
        n, scores = len(self.latents), self.labels.dtype == torch.float32 and self.labels.ndim == 2
        for name, column in {"labels": self.labels, **self.fingerprints}.items():
            if name == "labels" and scores and len(column) == n:
                continue
            if column.dtype != torch.int64 or column.shape != (n,):
                other = f" or ({n}, size) of torch.float32" if name == "labels" else ""
                raise ValueError(
                    f"{name}: expected shape ({n},) of torch.int64{other}, got {tuple(column.shape)} of {column.dtype}"
                )

        if self.units is not None and (
            expect("units", self.units, Tensor).dtype != torch.int64 or self.units.shape != (n,)
        ):
            got = f"{tuple(self.units.shape)} of {self.units.dtype}"
            raise ValueError(f"units: expected shape ({n},) of torch.int64, got {got}")
        for name, column in self.errors.items():
            expect(f"errors.{name}", column, Tensor)
            if name not in wanted or column.dtype != torch.float32 or column.shape != (n,):
                of = ", ".join(wanted) or "no images"
                raise ValueError(
                    f"errors.{name}: expected shape ({n},) of torch.float32 for one of {of}, got "
                    f"{tuple(column.shape)} of {column.dtype}"
                )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: slice | Tensor | list[int]) -> Codes:
        fingerprints = {name: column[index] for name, column in self.fingerprints.items()}
        errors = {name: column[index] for name, column in self.errors.items()}
        units = None if self.units is None else self.units[index]
        return Codes(self.latents[index], self.labels[index], fingerprints, errors, units)


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
