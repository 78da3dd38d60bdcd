"""Bootstrap over independent units (videos) of statistics that are functions of sums over samples."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mfm_core.interpretation.resampling import MIN_SAMPLES

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
OfSums = Callable[[Floats], Floats]
"""A statistic, of sums over samples ``(..., k)``."""

N_RESAMPLES = 1000
_BATCH = 100


def bootstrap_interval(sums: Floats, of_sums: OfSums, units: Ints, *, seed: int = 0) -> tuple[float, float]:
    """Percentile 95 % interval of a statistic, drawing independent units with replacement.

    Args:
        sums: What each sample adds, ``(N, k)``.
        of_sums: The statistic of the sums; resamples for which it is NaN are left out.
        units: Number of each sample's unit, ``(N,)``.
        seed: Of the resampling.

    Returns:
        Lower and upper end; NaN where no resample gives a number, and where there are fewer than 5 units.
    """
    if len(np.unique(units)) < MIN_SAMPLES:
        return math.nan, math.nan
    drawn = bootstrap_distribution(sums, of_sums, units, seed=seed)
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return math.nan, math.nan
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def bootstrap_distribution(
    sums: Floats, of_sums: OfSums, units: Ints, *, seed: int = 0, n_resamples: int = N_RESAMPLES
) -> Floats:
    """A statistic in each of many resamples of the units, ``(n_resamples,)``; see :func:`bootstrap_interval`."""
    from scipy.stats import bootstrap

    number = np.unique(units, return_inverse=True)[1]
    n_units = int(number.max()) + 1
    per_unit = np.zeros((n_units, sums.shape[1]))
    np.add.at(per_unit, number, sums)

    def statistic(drawn: Ints, axis: int) -> Floats:
        drawn = np.moveaxis(drawn, axis, -1)
        index = drawn.reshape(-1, n_units)
        rows = np.arange(len(index))[:, None] * n_units
        counts = np.bincount((rows + index).ravel(), minlength=len(index) * n_units).reshape(-1, n_units)
        return of_sums(counts @ per_unit).reshape(drawn.shape[:-1])

    found = bootstrap(
        (np.arange(n_units),),
        statistic,
        n_resamples=n_resamples,
        batch=_BATCH,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return np.asarray(found.bootstrap_distribution)
