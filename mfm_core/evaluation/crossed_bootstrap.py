"""Intervals over what is independent: clusters of samples, and factors that cross, such as seeds and pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from torch import Tensor

from mfm_core.evaluation.statistics import Estimate

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


def crossed_mean(values: Tensor, factors: Sequence[Tensor], *, seed: int = 0) -> Estimate:
    """Mean of samples that are independent only in so far as their clusters are, with its 95 % interval.

    With one factor this is the cluster bootstrap. With several that cross (the photograph that the digit is taken from
    and the one that the style is; the seed of a model and the pair it reads), levels of each are resampled and a sample
    counts as often as all its levels together: the pigeonhole bootstrap (Owen, 2007, Annals of Applied Statistics 1,
    386-411), whose intervals are rather too wide than too narrow.

    Args:
        values: Numbers or hits, ``(N,)``.
        factors: For each factor the cluster of each sample, ``(N,)`` integers.
        seed: Of the resampling.

    Returns:
        The mean, 2.5 % and 97.5 % percentiles, and as ``n`` the number of clusters of the factor that has fewest.

    Raises:
        ValueError: If there are no samples or no factors, or their lengths differ.
    """
    x = values.detach().cpu().double().numpy()
    if len(x) == 0:
        raise ValueError("values: expected at least one sample, got none")
    if not factors or any(factor.shape != (len(x),) for factor in factors):
        raise ValueError(
            f"factors: expected at least one of shape ({len(x)},), got {[tuple(f.shape) for f in factors]}"
        )
    clusters = [factor.cpu().numpy().astype(np.int64) for factor in factors]
    generator = np.random.default_rng(seed)
    drawn = []
    for each in zip(*(multiplicities(c, N_BOOTSTRAP, generator) for c in clusters), strict=True):
        weights = np.prod(each, axis=0)
        if (total := weights.sum()) > 0:
            drawn.append(x @ weights / total)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(float(x.mean()), float(low), float(high), min(len(np.unique(c)) for c in clusters))


def difference(ours: Tensor, theirs: Tensor, clusters: Tensor, *, seed: int = 0) -> Estimate:
    """How much more one system gets right than another, with a 95 % interval over samples and seeds.

    Both read the same samples, so resampled clusters count alike for both; seeds of each are resampled on their own.

    Args:
        ours: Hits of one system, ``(seeds, N)``.
        theirs: Hits of the other, ``(seeds, N)``, of as many seeds or others.
        clusters: The cluster of each sample, ``(N,)`` integers.
        seed: Of the resampling.

    Returns:
        The difference of the mean accuracies; as ``n`` the number of clusters.

    Raises:
        ValueError: If the numbers of samples differ.
    """
    if not ours.shape[1:] == theirs.shape[1:] == clusters.shape:
        shapes = [tuple(x.shape) for x in (ours, theirs, clusters)]
        raise ValueError(f"ours, theirs, clusters: expected shapes (S, N), (R, N), (N,), got {shapes}")
    a, b = (x.cpu().double().numpy() for x in (ours, theirs))
    places, generator, drawn = clusters.cpu().numpy().astype(np.int64), np.random.default_rng(seed), []
    for weights in multiplicities(places, N_BOOTSTRAP, generator):
        each = [x @ weights / weights.sum() for x in (a, b)]
        chosen = [accuracies[generator.integers(len(accuracies), size=len(accuracies))].mean() for accuracies in each]
        drawn.append(chosen[0] - chosen[1])
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(float(a.mean() - b.mean()), float(low), float(high), len(np.unique(places)))
