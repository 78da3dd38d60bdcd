"""Approximations of the normalised HSIC whose time grows with n, each with its error; exact is :mod:`.hsic`."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from mfm_core.interpretation.hsic import normalized_hsic
from mfm_core.interpretation.kernels import Bandwidth, Rbf, as_points, median_distance, resolve

# The error is measured where the exact value is known: on so many samples.
KNOWN = 1_000


class Approximation(NamedTuple):
    """An approximate value and its error.

    Attributes:
        value: Of the normalised HSIC.
        error: How far the same approximation is from the exact value on at most 1,000 of the samples: the largest of
            several draws. An estimate, no bound.
    """

    value: float
    error: float


def approximate_normalized_hsic(
    f: Tensor,
    x: Tensor,
    bandwidth: Bandwidth = 1.0,
    *,
    method: Literal["nystroem", "fourier"] = "nystroem",
    n_features: int = 256,
    n_draws: int = 4,
    generator: torch.Generator,
) -> Approximation:
    """Normalised HSIC of features whose products approximate the kernels (Zhang et al., 2018, sections 3.2 and 3.3).

    Args:
        f: ``(n, ...)``.
        x: ``(n, ...)``.
        bandwidth: As for :func:`~mfm_core.interpretation.hsic.normalized_hsic`.
        method: Nystroem's, by distances to some of the samples, or random Fourier features.
        n_features: Of each variable; the error falls with it.
        n_draws: Draws of the features for the error.
        generator: Of the features.

    Raises:
        ValueError: If the samples are not as many, or fewer than 2, a value is not finite, or an option is unknown.
    """
    if method not in ("nystroem", "fourier"):
        raise ValueError(f"method: expected 'nystroem' or 'fourier', got {method!r}")
    if n_features < 1 or n_draws < 1:
        raise ValueError(f"n_features, n_draws: expected 1 or more, got {n_features} and {n_draws}")
    points = [as_points(f, "f"), as_points(x, "x")]
    n, other = len(points[0]), len(points[1])
    if n != other:
        raise ValueError(f"f, x: expected as many samples of both, got {n} and {other}")
    scales = [resolve(bandwidth, lambda p=p: median_distance(p)) for p in points]  # type: ignore[misc]
    scaled = [p / s for p, s in zip(points, scales, strict=True)]
    features = _nystroem if method == "nystroem" else _fourier

    def estimate(samples: list[Tensor]) -> float:
        return _from_features(*(features(s, n_features, generator) for s in samples))

    few = [s[:: math.ceil(n / KNOWN)] for s in scaled]
    exact = normalized_hsic(few[0], few[1])
    error = max(abs(estimate(few) - exact) for _ in range(n_draws))
    return Approximation(estimate(scaled), error)


def _nystroem(points: Tensor, n_features: int, generator: torch.Generator) -> Tensor:
    """K_nm K_mm^(-1/2) for m landmarks among the samples."""
    chosen = torch.randperm(len(points), generator=generator)[:n_features]
    landmarks = points[chosen]
    both = torch.cat([landmarks, points])
    kernel = Rbf(both)
    m = len(landmarks)
    values, vectors = torch.linalg.eigh(kernel.block(slice(m), slice(m)))
    kept = values > 1e-10 * values[-1]
    features: Tensor = kernel.block(slice(m, None), slice(m)) @ (vectors[:, kept] / values[kept].sqrt())
    return features


def _fourier(points: Tensor, n_features: int, generator: torch.Generator) -> Tensor:
    """Cosines and sines at normal frequencies (Rahimi and Recht, 2007)."""
    frequencies = torch.randn(points.shape[1], math.ceil(n_features / 2), generator=generator, dtype=points.dtype)
    phases = points @ frequencies
    return torch.cat([phases.cos(), phases.sin()], dim=1) / math.sqrt(frequencies.shape[1])


def _from_features(a: Tensor, b: Tensor) -> float:
    """Normalised HSIC of linear kernels on features; 0 where centring leaves nothing but rounding."""
    centred = [v - v.mean(dim=0) for v in (a, b)]
    if any(float(c.norm()) <= 1e-7 * float(v.norm()) for c, v in zip(centred, (a, b), strict=True)):
        return 0.0
    a, b = centred
    return float((a.T @ b).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm()))
