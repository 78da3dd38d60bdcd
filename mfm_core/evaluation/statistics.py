"""Statistics that the evaluation prints: intervals, correlation, Frechet distance, probes.

SciPy and scikit-learn take a second to import, and most commands measure nothing: each function imports its own.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.interpretation.resampling import MIN_SAMPLES


@dataclass(frozen=True)
class Estimate:
    """A figure, its 95 % interval and the number of samples, or of independent clusters of them, that it is of.

    Attributes:
        value: The figure.
        low: Lower end of the interval; NaN where there is none.
        high: Upper end of the interval; NaN where there is none.
        n: Number of samples, or of clusters where it is resampled by clusters.
        reason: Why there is no interval; empty where there is one.
    """

    value: float
    low: float
    high: float
    n: int
    reason: str = ""


def estimate(value: float, low: float, high: float, n: int, *, of: str = "samples") -> Estimate:
    """A figure with its interval, or without one and with the reason where it is of fewer than 5 samples.

    Args:
        value: The figure.
        low: Lower end of the interval.
        high: Upper end of the interval.
        n: Number of samples, or of clusters of them.
        of: What is counted, for the reason.
    """
    if n >= MIN_SAMPLES:
        return Estimate(value, low, high, n)
    return Estimate(value, math.nan, math.nan, n, f"an interval needs at least {MIN_SAMPLES} {of}, got {n}")


def two_sided(drawn: npt.NDArray[np.float64]) -> float:
    """Two-sided p-value of a bootstrap distribution against 0: twice its lesser tail, at least 2 / (resamples + 1)."""
    tail = min((drawn <= 0).sum(), (drawn >= 0).sum())
    return min(1.0, 2 * (int(tail) + 1) / (len(drawn) + 1))


def share(hits: Tensor) -> Estimate:
    """Share of True in ``hits`` (N,), with the Wilson interval; without one of fewer than 5 samples.

    Raises:
        ValueError: If ``hits`` is empty.
    """
    from scipy.stats import binomtest

    n, k = len(hits), int(hits.sum())
    if n == 0:
        raise ValueError("hits: expected at least one sample, got none")
    interval = binomtest(k, n).proportion_ci(confidence_level=0.95, method="wilson")
    return estimate(k / n, float(interval.low), float(interval.high), n)


def correlation(x: Tensor, y: Tensor) -> Estimate:
    """Pearson's correlation of two variables (N,), with the Fisher interval; without one of fewer than 5 samples.

    Raises:
        ValueError: If there are fewer than 4 samples, or a variable is constant.
    """
    from scipy.stats import pearsonr

    if len(x) != len(y) or len(x) < 4:
        raise ValueError(f"x, y: expected equal lengths of at least 4, got {len(x)} and {len(y)}")
    if bool((x == x[0]).all()) or bool((y == y[0]).all()):
        raise ValueError("x, y: expected variables that vary, got a constant")
    result = pearsonr(x.double().numpy(), y.double().numpy())
    interval = result.confidence_interval(0.95)
    return estimate(float(result.statistic), float(interval.low), float(interval.high), len(x))


def mean(values: Tensor) -> Estimate:
    """Mean of ``values`` (N,), with the normal interval; without one of fewer than 5 samples.

    Raises:
        ValueError: If ``values`` is empty.
    """
    if len(values) == 0:
        raise ValueError("values: expected at least one sample, got none")
    x = values.double()
    half = 1.96 * float(x.std()) / len(x) ** 0.5 if len(x) > 1 else math.nan
    return estimate(float(x.mean()), float(x.mean()) - half, float(x.mean()) + half, len(x))


def frechet_distance(x: Tensor, y: Tensor) -> float:
    """Squared Frechet distance between Gaussians fitted to two samples (Heusel et al., 2017, Eq. 6).

    Args:
        x: Features ``(n, d)``.
        y: Features ``(m, d)``.

    Raises:
        ValueError: If the dimensions differ or a sample has fewer than 2 rows.
    """
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise ValueError(f"x, y: expected shapes (n, d) and (m, d), n, m > 1, got {tuple(x.shape)}, {tuple(y.shape)}")
    a, b = x.double().numpy(), y.double().numpy()
    cov_a, cov_b = (np.atleast_2d(np.cov(sample, rowvar=False)) for sample in (a, b))
    # The trace of (A B)^1/2 by eigenvalues of A^1/2 B A^1/2: real and exact where a covariance is singular, as that of
    # ten mean pictures is.
    values, vectors = np.linalg.eigh(cov_a)
    root_a = vectors * np.sqrt(values.clip(0)) @ vectors.T
    trace_of_root = np.sqrt(np.linalg.eigvalsh(root_a @ cov_b @ root_a).clip(0)).sum()
    return float(np.square(a.mean(0) - b.mean(0)).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * trace_of_root)


def mcnemar_p(gained: int, lost: int) -> float:
    """p-value of McNemar's exact two-sided test (McNemar, 1947); 1 where two systems never differ.

    Args:
        gained: Samples that only the first of two systems gets right.
        lost: Samples that only the second one gets right.
    """
    from scipy.stats import binomtest

    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def holm(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """p-values corrected by Holm's step-down method, NaN kept (Holm, 1979)."""
    corrected = np.full(len(p), math.nan)
    order = [i for i in np.argsort(p) if math.isfinite(p[i])]
    greatest = 0.0
    for rank, i in enumerate(order):
        greatest = max(greatest, min(1.0, (len(order) - rank) * float(p[i])))
        corrected[i] = greatest
    return corrected


def probe_hits(codes: Tensor, labels: Tensor, test_codes: Tensor, test_labels: Tensor, *, seed: int = 0) -> Tensor:
    """Train a network with one hidden layer to read the label from codes; where it is right on the test codes.

    Args:
        codes: ``(n, d)``.
        labels: ``(n,)``.
        test_codes: ``(m, d)``.
        test_labels: ``(m,)``.
        seed: Of the probe's weights and batches.

    Returns:
        Boolean ``(m,)``.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(
        StandardScaler(),
        MLPClassifier(
            (128,),
            batch_size=min(500, len(codes) // 2),
            learning_rate_init=3e-3,
            early_stopping=True,
            max_iter=60,
            alpha=1e-3,
            random_state=seed,
        ),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 60 epochs are what a probe gets
        probe.fit(codes.numpy(), labels.numpy())
    return torch.from_numpy(probe.predict(test_codes.numpy()) == test_labels.numpy())
