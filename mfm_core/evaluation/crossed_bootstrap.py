"""Intervals over what is independent: clusters of samples, and factors that cross, such as seeds and pairs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.evaluation.statistics import Estimate, correlation, estimate, mean, share, two_sided
from mfm_core.interpretation.resampling import MIN_SAMPLES

if TYPE_CHECKING:
    from mfm_core.storage.codes import Codes

N_BOOTSTRAP = 2000

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def multiplicities(clusters: Integers, n: int, generator: np.random.Generator) -> Iterator[Floats]:
    """How often each sample counts in ``n`` bootstrap samples of whole clusters.

    Args:
        clusters: The cluster of each sample, ``(N,)`` integers.
        n: Bootstrap samples.
        generator: Source of randomness.

    Yields:
        ``(N,)``; equal within a cluster.
    """
    _, place = np.unique(clusters, return_inverse=True)
    n_clusters = int(place.max()) + 1
    for _ in range(n):
        drawn = np.bincount(generator.integers(n_clusters, size=n_clusters), minlength=n_clusters)
        yield drawn[place].astype(np.float64)


def connected_clusters(factors: Sequence[Tensor]) -> Tensor:
    """The smallest clusters that share no level of any factor, such as neither a photograph nor a picture, ``(N,)``.

    Folds of such clusters have nothing in common. Clusters of one factor alone may: two photographs whose digits are
    paired with the same MNIST digit are one cluster here.

    Args:
        factors: For each factor the level of each sample, ``(N,)`` integers.

    Raises:
        ValueError: If there are no factors, or their lengths differ.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not factors or any(factor.shape != factors[0].shape or factor.ndim != 1 for factor in factors):
        raise ValueError(f"factors: expected some of one shape (N,), got {[tuple(f.shape) for f in factors]}")
    n, edges = len(factors[0]), []
    for factor in factors:  # of each level, an edge from every sample to the first one
        _, first, place = np.unique(factor.cpu().numpy(), return_index=True, return_inverse=True)
        edges.append(first[place])
    rows, columns = np.tile(np.arange(n), len(factors)), np.concatenate(edges)
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(n, n))
    return torch.from_numpy(connected_components(graph, directed=False)[1].astype(np.int64))


def picture_clusters(codes: Codes) -> Tensor:
    """The smallest clusters of stored codes that share no picture, ``(N,)``, see :func:`connected_clusters`."""
    return connected_clusters(list(codes.fingerprints.values()))


def crossed_mean(
    values: Tensor, factors: Sequence[Tensor], *, trainings: Tensor | None = None, seed: int = 0
) -> Estimate:
    """Mean of samples that are independent only in so far as their clusters are, with its 95 % interval.

    With one factor this is the cluster bootstrap. With several that cross (the photograph that the digit is taken from
    and the one that the style is; the seed of a model and the pair it reads), levels of each are resampled and a sample
    counts as often as all its levels together: the pigeonhole bootstrap (Owen, 2007, Annals of Applied Statistics 1,
    386-411), whose intervals are rather too wide than too narrow.

    Args:
        values: Numbers or hits, ``(N,)``.
        factors: For each factor the cluster of each sample, ``(N,)`` integers.
        trainings: One factor more: the training, such as the seed, of the model that each sample was measured on,
            ``(N,)`` integers. It is resampled too but does not count in ``n``, for trainings are few; of so few the
            interval spans their spread, and little beyond it.
        seed: Of the resampling.

    Returns:
        The mean, 2.5 % and 97.5 % percentiles, and as ``n`` the number of clusters of the factor that has fewest; no
        interval where that is below 5. Hits that are all alike are so in every resample: theirs is the Wilson interval
        of ``n`` such hits.

    Raises:
        ValueError: If there are no samples or no factors, or their lengths differ.
    """
    x = values.detach().cpu().double().numpy()
    if len(x) == 0:
        raise ValueError("values: expected at least one sample, got none")
    resampled = [*factors] if trainings is None else [*factors, trainings]
    _check_factors(factors, resampled, len(x))
    n = min(len(torch.unique(factor)) for factor in factors)
    if n < MIN_SAMPLES:
        return estimate(float(x.mean()), math.nan, math.nan, n, of="clusters")
    if values.dtype == torch.bool and (x == x[0]).all():
        return share(torch.full((n,), bool(x[0])))
    drawn = [x @ weights / weights.sum() for weights in _crossed_weights(resampled, seed)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(float(x.mean()), float(low), float(high), n)


def mean_over(values: Tensor, units: Sequence[Tensor]) -> Estimate:
    """Mean of numbers or share of hits ``(N,)``, with an interval over independent units.

    Args:
        values: A number or hit of each sample.
        units: The unit of each sample, ``(N,)``; several where it comes of several, as a swap does. Where no two
            samples share one, the interval is Student's or Wilson's; else see :func:`crossed_mean`.
    """
    if all(len(torch.unique(one)) == len(one) for one in units):
        return share(values) if values.dtype == torch.bool else mean(values)
    return crossed_mean(values, units)


def crossed_correlation(x: Tensor, y: Tensor, factors: Sequence[Tensor], *, seed: int = 0) -> Estimate:
    """Pearson's correlation of variables ``(N,)``, with an interval and ``n`` as :func:`crossed_mean` has them.

    Args:
        x: One variable.
        y: The other.
        factors: For each factor the cluster of each sample, ``(N,)`` integers.
        seed: Of the resampling.

    Raises:
        ValueError: If there are fewer than 4 samples or no factors, lengths differ, or a variable is constant.
    """
    value = correlation(x, y).value
    _check_factors(factors, factors, len(x))
    n = min(len(torch.unique(factor)) for factor in factors)
    if n < MIN_SAMPLES:
        return estimate(value, math.nan, math.nan, n, of="clusters")
    pair = torch.stack([x, y]).detach().cpu().double().numpy()
    drawn = []
    for weights in _crossed_weights(factors, seed):
        covariance = np.cov(pair, aweights=weights, ddof=0)
        if (scale := covariance[0, 0] * covariance[1, 1]) > 0:  # else of one sample, or of one value
            drawn.append(covariance[0, 1] / scale**0.5)
    low, high = np.clip(np.percentile(drawn, [2.5, 97.5]), -1, 1)
    return Estimate(value, float(low), float(high), n)


def _check_factors(factors: Sequence[Tensor], resampled: Sequence[Tensor], n: int) -> None:
    if not factors or any(factor.shape != (n,) for factor in resampled):
        raise ValueError(f"factors: expected at least one of shape ({n},), got {[tuple(f.shape) for f in resampled]}")


def _crossed_weights(factors: Sequence[Tensor], seed: int) -> Iterator[Floats]:
    """How often each sample counts, ``(N,)``, in bootstrap samples of the levels of all factors that are not empty."""
    generator = np.random.default_rng(seed)
    drawn = (multiplicities(f.cpu().numpy().astype(np.int64), N_BOOTSTRAP, generator) for f in factors)
    for each in zip(*drawn, strict=True):
        if (weights := np.prod(each, axis=0)).any():
            yield weights


class Difference(NamedTuple):
    """Difference of two systems.

    Attributes:
        estimate: The difference of their mean accuracies, with its 95 % interval; ``n`` is the number of clusters.
        p: Two-sided p-value against no difference; NaN where there is no interval.
    """

    estimate: Estimate
    p: float


def difference(ours: Tensor, theirs: Tensor, clusters: Tensor, *, seed: int = 0) -> Difference:
    """How much more one system gets right than another, with a 95 % interval and a test over samples and seeds.

    Both read the same samples, so resampled clusters count alike for both; seeds of each are resampled on their own.

    Args:
        ours: Hits of one system, ``(seeds, N)``.
        theirs: Hits of the other, ``(seeds, N)``, of as many seeds or others.
        clusters: The cluster of each sample, ``(N,)`` integers.
        seed: Of the resampling.

    Raises:
        ValueError: If the numbers of samples differ.
    """
    if not ours.shape[1:] == theirs.shape[1:] == clusters.shape:
        shapes = [tuple(x.shape) for x in (ours, theirs, clusters)]
        raise ValueError(f"ours, theirs, clusters: expected shapes (S, N), (R, N), (N,), got {shapes}")
    a, b = (x.cpu().double().numpy() for x in (ours, theirs))
    value, places = float(a.mean() - b.mean()), clusters.cpu().numpy().astype(np.int64)
    if (n := len(np.unique(places))) < MIN_SAMPLES:
        return Difference(estimate(value, math.nan, math.nan, n, of="clusters"), math.nan)
    generator, drawn = np.random.default_rng(seed), []
    for weights in multiplicities(places, N_BOOTSTRAP, generator):
        each = [x @ weights / weights.sum() for x in (a, b)]
        chosen = [accuracies[generator.integers(len(accuracies), size=len(accuracies))].mean() for accuracies in each]
        drawn.append(chosen[0] - chosen[1])
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Difference(Estimate(value, float(low), float(high), n), two_sided(np.array(drawn)))
