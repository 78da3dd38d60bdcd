"""Kernels k(x_i, x_j) between samples, asked for block by block so that a Gram matrix need not be held."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor

Bandwidth = float | Literal["median"]
# Called with the share of the work that is done, 0 to 1. What it raises ends the work.
Progress = Callable[[float], None]
# The median is taken over the pairs of at most so many samples.
MAX_FOR_MEDIAN = 2_000


@runtime_checkable
class Kernel(Protocol):
    """A positive definite kernel over ``n`` samples."""

    def __len__(self) -> int:
        """How many samples."""

    def block(self, rows: slice, columns: slice) -> Tensor:
        """Rows and columns of the Gram matrix, float64, a tensor the caller may change."""


class Rbf:
    """exp(-|x_i - x_j|^2 / (2 bandwidth^2)).

    Attributes:
        bandwidth: The number used, also where the median was asked for.

    Args:
        x: ``(n, ...)``; what follows the first axis is flattened.
        bandwidth: A positive number, or ``"median"`` for :func:`median_distance`.
        name: What messages call ``x``.

    Raises:
        ValueError: If there are fewer than 2 samples, a value is not finite, or the bandwidth is no positive number.
    """

    def __init__(self, x: Tensor, bandwidth: Bandwidth = 1.0, *, name: str = "x") -> None:
        points = as_points(x, name)
        self.bandwidth = resolve(bandwidth, lambda: median_distance(points))
        # Distances do not depend on where the origin is, and rounding is least with the mean there.
        self._points = (points - points.mean(dim=0)) / (math.sqrt(2) * self.bandwidth)
        self._squares = self._points.square().sum(dim=1)
        self._constant = bool((points == points[0]).all())

    def __len__(self) -> int:
        return len(self._points)

    def block(self, rows: slice, columns: slice) -> Tensor:
        """Rows and columns of the Gram matrix, float64."""
        left, right = self._points[rows], self._points[columns]
        if self._constant:
            return left.new_ones(len(left), len(right))
        squares = self._squares[rows, None] + self._squares[columns]
        return torch.addmm(squares, left, right.T, beta=-1, alpha=2).clamp_(max=0).exp_()


class Gram:
    """A kernel given by its whole matrix ``(n, n)``, which is kept in float64.

    Attributes:
        bandwidth: Of the kernel that the matrix is of, as far as it has one.

    Raises:
        ValueError: If the matrix is not square and symmetric, has fewer than 2 rows, or a value is not finite.
    """

    def __init__(self, matrix: Tensor, bandwidth: float = math.nan) -> None:
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
            raise ValueError(f"matrix: expected shape (n, n), n > 1, got {tuple(matrix.shape)}")
        if not bool(matrix.isfinite().all()):
            raise ValueError("matrix: expected finite values, got NaN or infinity")
        if not torch.allclose(matrix, matrix.T, rtol=1e-5, atol=1e-8):
            raise ValueError("matrix: expected a symmetric matrix, got one that is not")
        self.bandwidth = bandwidth
        self._matrix = matrix.double()

    def __len__(self) -> int:
        return len(self._matrix)

    def block(self, rows: slice, columns: slice) -> Tensor:
        """A copy of rows and columns of the matrix."""
        return self._matrix[rows, columns].clone()


def portion(progress: Progress | None, start: float, end: float) -> Progress | None:
    """Progress of a part of the work, from ``start`` to ``end`` of the whole."""
    return None if progress is None else lambda share: progress(start + (end - start) * share)


def as_points(x: Tensor, name: str) -> Tensor:
    """Samples as points ``(n, d)``, float64.

    Raises:
        ValueError: If there are fewer than 2 samples, no values in one, or a value is not finite.
    """
    if x.ndim == 0 or len(x) < 2 or x.numel() == 0:
        raise ValueError(f"{name}: expected shape (n, ...) with n > 1 samples, got {tuple(x.shape)}")
    points = x.detach().reshape(len(x), -1).double()
    if not bool(points.isfinite().all()):
        raise ValueError(f"{name}: expected finite values, got NaN or infinity")
    return points


def resolve(bandwidth: Bandwidth, median: Callable[[], float]) -> float:
    """The bandwidth as a number: the one given, or what ``median`` returns.

    Raises:
        ValueError: If it is neither a positive number nor ``"median"``.
    """
    if bandwidth == "median":
        return median()
    if isinstance(bandwidth, str) or not 0 < bandwidth < math.inf:
        raise ValueError(f"bandwidth: expected a positive number or 'median', got {bandwidth!r}")
    return float(bandwidth)


def median_distance(points: Tensor) -> float:
    """Median of the distances between samples that differ; 1 where all are the same.

    Copies of a sample say nothing of the scale of the data, and with many of them the median would be 0.

    Args:
        points: ``(n, d)``. Of more than 2,000 samples it takes 2,000 at even intervals.
    """
    few = points[torch.linspace(0, len(points) - 1, min(len(points), MAX_FOR_MEDIAN)).round().long()]
    distances = torch.pdist(few)
    distances = distances[distances > 0]
    return float(distances.median()) if len(distances) else 1.0
