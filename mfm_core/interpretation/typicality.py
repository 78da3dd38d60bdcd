"""How far a code lies from those of real samples, calibrated: does a model know the like of its input?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mfm_core.latents import Latents
from mfm_core.printing import short_repr

MIN_CODES = 40
"""Codes that a fit needs at least: half of them fit, half calibrate."""


@dataclass(frozen=True)
class Typicality:
    """Distance of codes from those of real samples, and how far real ones lie that took no part in the fit.

    The distance is Mahalanobis's from the nearest class mean, with one covariance of all classes (Lee et al., 2018,
    "A simple unified framework for detecting out-of-distribution samples", section 2.1), on Z instead of features.

    Attributes:
        factors: The blocks of Z that are looked at.
        means: Of each class, ``(k, d)``.
        precision: Inverse of the covariance about the class means, ``(d, d)``.
        calibration: Distances of real codes that were held back, sorted, ``(m,)``.
    """

    factors: tuple[str, ...]
    means: Tensor
    precision: Tensor
    calibration: Tensor

    __repr__ = short_repr

    @classmethod
    def fit(cls, latents: Latents, labels: Tensor, factors: Sequence[str], *, seed: int = 0) -> Typicality:
        """Fit to one half of the codes of real samples and calibrate on the other.

        Args:
            latents: ``N`` codes.
            labels: Their classes, ``(N,)`` integers.
            factors: ``"y"`` or a modality, for its Z_a, one or more.
            seed: Of the halves.

        Raises:
            ValueError: If there are fewer than 40 codes, the labels are not those of the codes, or a factor is unknown.
        """
        from sklearn.covariance import LedoitWolf  # takes half a second to import

        points = _points(latents, factors)
        if len(points) < MIN_CODES:
            raise ValueError(f"latents: expected at least {MIN_CODES} codes, got {len(points)}")
        if labels.shape != (len(points),):
            raise ValueError(f"labels: expected shape ({len(points)},), got {tuple(labels.shape)}")
        order = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed))
        half, held_back = order[: len(points) // 2], order[len(points) // 2 :]
        classes, place = torch.unique(labels[half], return_inverse=True)
        means = torch.stack([points[half][place == i].mean(dim=0) for i in range(len(classes))])
        covariance = LedoitWolf(assume_centered=True).fit((points[half] - means[place]).numpy())
        fitted = cls(tuple(factors), means, torch.from_numpy(covariance.precision_), torch.zeros(0))
        calibration = fitted._distances(points[held_back]).sort().values
        return cls(fitted.factors, fitted.means, fitted.precision, calibration)

    def distance(self, latents: Latents) -> Tensor:
        """Mahalanobis distance from the nearest class mean, ``(N,)``."""
        return self._distances(_points(latents, self.factors))

    def p_value(self, latents: Latents) -> Tensor:
        """Share of real codes that lie at least as far out, ``(N,)``.

        It is a conformal p-value: a real sample falls to ``a`` or below with a probability of at most ``a``, whatever
        the distribution of its codes (Vovk et al., 2005, "Algorithmic learning in a random world", section 2.2).
        """
        farther = len(self.calibration) - torch.searchsorted(self.calibration, self.distance(latents))
        return (1 + farther) / (1 + len(self.calibration))

    def _distances(self, points: Tensor) -> Tensor:
        away = points[:, None] - self.means  # (N, k, d)
        return torch.einsum("nkd,de,nke->nk", away, self.precision, away).amin(dim=1).clamp_min(0).sqrt()


def error_p_value(error: float, errors: Tensor) -> float:
    """Share of real pictures that a model paints again at least as badly, a conformal p-value.

    Args:
        error: Mean squared error a pixel of a picture, painted again from it alone.
        errors: Those of ``N`` real pictures that the model was not trained on, ``(N,)``.
    """
    return (1 + int((errors >= error).sum())) / (1 + len(errors))


def either_p_value(*p_values: float) -> float:
    """One p-value of several of one sample: it is small where one of them is (Bonferroni)."""
    return min(1.0, len(p_values) * min(p_values))


def _points(latents: Latents, factors: Sequence[str]) -> Tensor:
    """The blocks side by side, ``(N, d)``."""
    blocks = latents.blocks()
    unknown = [factor for factor in factors if factor not in blocks]
    if unknown or not factors:
        raise ValueError(f"factors: expected one or more of {', '.join(blocks)}, got {', '.join(unknown) or 'none'}")
    return torch.cat([blocks[factor].detach().cpu().double() for factor in factors], dim=1)
