"""Figures of predictions against labels, by the kind of the label: the metrics of the paper's tables (section 3.3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.figures import Figure, Unit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_SAMPLES = 5
N_RESAMPLES = 1000
_BATCH = 100
NEUTRAL = {"ict_mmmo": 3.0}
"""The score between negative and positive, of data sets where it is not 0."""


@dataclass(frozen=True)
class _Metric:
    """A metric of some samples, and the sums over samples that it can be computed from again.

    Attributes:
        key: Of the figure.
        unit: Of the figure.
        higher_is_better: Of the figure.
        value: Over all samples.
        sums: What each sample adds, ``(N, k)``.
        of_sums: The metric of sums ``(..., k)``, which the bootstrap draws.
        n: Number of samples that count.
        reason: Why the value is not a number.
    """

    key: str
    unit: Unit
    higher_is_better: bool
    value: float
    sums: Floats
    of_sums: Callable[[Floats], Floats]
    n: int
    reason: str = ""


def evaluate_predictions(
    dataset: Dataset, predictions: Tensor, *, neutral: float | None = None, seed: int = 0
) -> list[Figure]:
    """Measure predictions against the labels of a data set.

    Classes give ``accuracy`` and ``f1``, weighted by how frequent the classes are. One score gives ``mae``, ``r``
    (Pearson's), ``a2`` and ``f1`` of positive against negative, and, where the scale allows, ``a3`` and ``a7``: the
    distance to the neutral score, rounded and kept within -1 to 1 (if some labels are neutral) or -3 to 3 (if the
    labels go so far and no further). Samples that are exactly neutral count neither in ``a2`` nor in ``f1``. Several
    scores give ``mae`` and ``r`` of each, as subjects ``0``, ``1``, ..., and their means, without a subject.

    Args:
        dataset: The samples that were predicted.
        predictions: Logits ``(N, n_labels)`` of classes, or scores ``(N, size)``.
        neutral: Score between negative and positive; without it that of the data set, which is 0 if it names none.
        seed: Of the bootstrap.

    Returns:
        The figures, each with a 95 % percentile interval over independent units: videos, where ids are like
        ``video[3]``, else samples. A figure of fewer than 5 samples is NaN, and its ``reason`` says so.

    Raises:
        ValueError: If the predictions do not fit the labels, or are not finite.
    """
    _check(dataset, predictions)
    units = independent_units(dataset)
    if dataset.labels.dtype == torch.int64:
        truth, found = dataset.labels.numpy(), predictions.argmax(1).numpy()
        n_classes = max(predictions.shape[1], int(truth.max(initial=0)) + 1)
        return [
            _figure(metric, "", units, seed)
            for metric in (_accuracy("accuracy", found, truth), _weighted_f1(found, truth, n_classes))
        ]
    x, y = predictions.double().numpy(), dataset.labels.double().numpy()
    if y.shape[1] == 1:
        known = np.isfinite(y[:, 0])
        middle = NEUTRAL.get(dataset.name, 0.0) if neutral is None else neutral
        return _figures_of_score(x[known, 0] - middle, y[known, 0] - middle, units[known], seed)
    columns, means = [], {}
    for key in ("mae", "r"):
        metrics = [_score_metrics(x[:, c], y[:, c])[key] for c in range(y.shape[1])]
        columns += [_figure(metric, str(c), units, seed) for c, metric in enumerate(metrics)]
        means[key] = _figure(_mean_of(metrics), "", units, seed)
    return [*means.values(), *columns]


def independent_units(dataset: Dataset) -> Ints:
    """Number of each sample's independent unit, ``(N,)``: its video if its id is like ``video[3]``, else itself."""
    ids = dataset.ids or tuple(str(i) for i in range(len(dataset)))
    separator = {"cmu_mosi": "_"}.get(dataset.name, "[")  # whose ids are like video_3
    videos = [one.rpartition(separator)[0] if separator in one else one for one in ids]
    return np.unique(np.array(videos, dtype=np.str_), return_inverse=True)[1].astype(np.int64)


def _check(dataset: Dataset, predictions: Tensor) -> None:
    if not isinstance(predictions, Tensor):
        raise TypeError(f"predictions: expected a torch.Tensor, got {type(predictions).__name__}")
    given, n = tuple(predictions.shape), len(dataset)
    if dataset.labels.dtype == torch.int64:
        least = int(dataset.labels.max()) + 1 if n else 1
        if len(given) != 2 or given[0] != n or given[1] < least:
            raise ValueError(f"predictions: expected logits ({n}, n_labels) of at least {least} labels, got {given}")
    elif given != tuple(dataset.labels.shape):
        raise ValueError(f"predictions: expected scores {tuple(dataset.labels.shape)}, as the labels, got {given}")
    if not predictions.is_floating_point():
        raise ValueError(f"predictions: expected floating-point numbers, got {predictions.dtype}")
    if bool((wrong := ~torch.isfinite(predictions).all(1)).any()):
        raise ValueError(f"predictions: expected finite numbers, got NaN or infinity in row {int(wrong.nonzero()[0])}")


def _figures_of_score(x: Floats, y: Floats, units: Ints, seed: int) -> list[Figure]:
    """Figures of one score ``(N,)`` against its label, both as distances to the neutral score."""
    figures = [_figure(metric, "", units, seed) for metric in _score_metrics(x, y).values()]
    sided = y != 0
    found, truth = (x[sided] > 0).astype(np.int64), (y[sided] > 0).astype(np.int64)
    two = (_accuracy("a2", found, truth), _weighted_f1(found, truth, 2))
    figures += [_figure(metric, "", units[sided], seed) for metric in two]
    furthest = float(np.abs(y).max(initial=0))
    for most, allowed in ((1, bool((np.abs(y) < 0.5).any())), (3, 2.5 <= furthest < 3.5)):
        if allowed:
            classes = [np.clip(np.rint(z), -most, most).astype(np.int64) + most for z in (x, y)]
            figures.append(_figure(_accuracy(f"a{2 * most + 1}", *classes), "", units, seed))
    return figures


def _score_metrics(x: Floats, y: Floats) -> dict[str, _Metric]:
    """Mean absolute error and Pearson's r of one score ``(N,)``; samples whose label is not known count in neither."""
    from sklearn.metrics import mean_absolute_error

    known = np.isfinite(y)
    n, there = int(known.sum()), known.astype(np.float64)
    x, y = np.where(known, x, 0), np.where(known, y, 0)
    error = float(mean_absolute_error(y[known], x[known])) if n else math.nan
    mae = _Metric("mae", "score", False, error, np.stack([np.abs(x - y), there], 1), _ratio, n)
    r, reason = _pearson(x[known], y[known])
    # Of centred values, so that the sums lose nothing to rounding.
    a, b = ((z - (z[known].mean() if n else 0)) * there for z in (x, y))
    sums = np.stack([there, a, b, a * a, b * b, a * b], 1)
    return {"mae": mae, "r": _Metric("r", "correlation", True, r, sums, _correlation, n, reason)}


def _pearson(x: Floats, y: Floats) -> tuple[float, str]:
    from scipy.stats import pearsonr

    for name, z in (("predictions", x), ("labels", y)):
        if len(z) < 2 or np.ptp(z) <= 1e-9 * np.abs(z).max():
            return math.nan, f"{name} that vary are needed for a correlation"
    return float(pearsonr(x, y).statistic), ""


def _accuracy(key: str, found: Ints, truth: Ints) -> _Metric:
    from sklearn.metrics import accuracy_score

    value = float(accuracy_score(truth, found)) if len(truth) else math.nan
    sums = np.stack([found == truth, np.ones(len(truth))], 1).astype(np.float64)
    return _Metric(key, "share", True, value, sums, _ratio, len(truth))


def _weighted_f1(found: Ints, truth: Ints, n_classes: int) -> _Metric:
    from sklearn.metrics import f1_score

    value = float(f1_score(truth, found, average="weighted", zero_division=0)) if len(truth) else math.nan
    confusion = np.zeros((len(truth), n_classes, n_classes))
    confusion[np.arange(len(truth)), truth, found] = 1

    def of_sums(sums: Floats) -> Floats:
        table = sums.reshape(*sums.shape[:-1], n_classes, n_classes)
        hits, support = np.diagonal(table, axis1=-2, axis2=-1), table.sum(-1)
        either = support + table.sum(-2)
        f1 = 2 * hits / np.where(either > 0, either, 1)
        return np.asarray((f1 * support).sum(-1) / support.sum(-1))

    return _Metric("f1", "share", True, value, confusion.reshape(len(truth), -1), of_sums, len(truth))


def _mean_of(metrics: Sequence[_Metric]) -> _Metric:
    """The mean of one metric over the columns of a label; columns of which it is not known are left out."""
    first, width = metrics[0], metrics[0].sums.shape[1]
    known = [i for i, metric in enumerate(metrics) if math.isfinite(metric.value)]
    if not known:
        return first

    def of_sums(sums: Floats) -> Floats:
        each = [metrics[i].of_sums(sums[..., i * width : (i + 1) * width]) for i in known]
        return np.asarray(np.mean(each, axis=0))

    value, n = float(np.mean([metrics[i].value for i in known])), max(metric.n for metric in metrics)
    sums = np.concatenate([metric.sums for metric in metrics], axis=1)
    return _Metric(first.key, first.unit, first.higher_is_better, value, sums, of_sums, n)


def _ratio(sums: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[..., 0] / sums[..., 1])


def _correlation(sums: Floats) -> Floats:
    n, a, b, aa, bb, ab = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((n * ab - a * b) / np.sqrt((n * aa - a * a) * (n * bb - b * b)))


def _figure(metric: _Metric, subject: str, units: Ints, seed: int) -> Figure:
    value, low, high, reason = metric.value, math.nan, math.nan, metric.reason
    if metric.n < MIN_SAMPLES:
        value, reason = math.nan, f"at least {MIN_SAMPLES} samples are needed, got {metric.n}"
    elif not reason:
        n_units = len(np.unique(units))
        if n_units < 2:
            reason = "all samples are of one video: no interval over videos"
        else:
            low, high = bootstrap_interval(metric.sums, metric.of_sums, units, seed=seed)
    return Figure(
        key=metric.key,
        subject=subject,
        unit=metric.unit,
        higher_is_better=metric.higher_is_better,
        value=value,
        low=low,
        high=high,
        n=metric.n,
        reason=reason,
    )


def bootstrap_interval(
    sums: Floats, of_sums: Callable[[Floats], Floats], units: Ints, *, seed: int = 0
) -> tuple[float, float]:
    """Percentile 95 % interval of a statistic, drawing independent units with replacement (``scipy.stats.bootstrap``).

    Args:
        sums: What each sample adds to the sums that the statistic is of, ``(N, k)``.
        of_sums: The statistic, of sums ``(..., k)``; resamples for which it is NaN are left out.
        units: Number of each sample's unit, ``(N,)``.
        seed: Of the resampling.
    """
    drawn = bootstrap_distribution(sums, of_sums, units, seed=seed)
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return math.nan, math.nan
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def bootstrap_distribution(sums: Floats, of_sums: Callable[[Floats], Floats], units: Ints, *, seed: int = 0) -> Floats:
    """The statistic of each of 1,000 resamples, ``(1000,)``, see :func:`bootstrap_interval`."""
    from scipy.stats import bootstrap

    number = np.unique(units, return_inverse=True)[1]
    n_units = int(number.max()) + 1
    per_unit = np.zeros((n_units, sums.shape[1]))
    np.add.at(per_unit, number, sums)

    def statistic(drawn: Ints, axis: int) -> Floats:
        drawn = np.moveaxis(drawn, axis, -1)
        counts = np.zeros((*drawn.shape[:-1], n_units))
        flat, index = counts.reshape(-1, n_units), drawn.reshape(-1, n_units)
        np.add.at(flat, (np.arange(len(flat))[:, None], index), 1)
        return of_sums(flat @ per_unit).reshape(drawn.shape[:-1])

    found = bootstrap(
        (np.arange(n_units),),
        statistic,
        n_resamples=N_RESAMPLES,
        batch=_BATCH,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return np.asarray(found.bootstrap_distribution)
