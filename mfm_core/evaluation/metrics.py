"""The metrics of the paper's tables (section 3.3): A2, A3, A7, weighted F1, mean absolute error, Pearson's r, accuracy.

scikit-learn and SciPy compute the values. Beside each stand the sums over samples that it can be computed from again,
so that a thousand resamples cost a matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mfm_core.data.registry import dataset_info
from mfm_core.evaluation.bootstrap import Floats, Ints, OfSums
from mfm_core.evaluation.figures import Unit


@dataclass(frozen=True)
class Metric:
    """A metric of some samples.

    Attributes:
        key: Of the figure.
        subject: Of the figure: the number of the score, where there are several.
        unit: Of the figure.
        higher_is_better: Of the figure.
        value: Over all samples.
        sums: What each sample adds, ``(N, k)``; zeros of one that does not count.
        of_sums: The metric of sums ``(..., k)``.
        n: Number of samples that count.
        hits: For accuracies, where the prediction is right, ``(N,)`` of 0 and 1; NaN of a sample that does not count.
        reason: Why the value is not a number.
    """

    key: str
    subject: str
    unit: Unit
    higher_is_better: bool
    value: float
    sums: Floats
    of_sums: OfSums
    n: int
    hits: Floats | None = None
    reason: str = ""


def label_metrics(x: Floats, y: Floats | Ints, dataset: str, neutral: float | None = None) -> list[Metric]:
    """The metrics of predictions, by the kind of the label.

    Args:
        x: Logits ``(N, n_labels)`` of classes, or scores ``(N, size)``.
        y: Classes ``(N,)``, or scores ``(N, size)``, NaN where not known.
        dataset: Name of the data set, which knows the score between negative and positive.
        neutral: That score, instead of the data set's.
    """
    if y.ndim == 1:
        return class_metrics(x, y.astype(np.int64))
    scores = y.astype(np.float64)
    if scores.shape[1] > 1:
        return trait_metrics(x, scores)
    return score_metrics(x[:, 0], scores[:, 0], dataset_info(dataset).neutral if neutral is None else neutral)


def class_metrics(logits: Floats, truth: Ints) -> list[Metric]:
    """``accuracy`` and weighted ``f1`` of logits ``(N, n_labels)`` against classes ``(N,)``."""
    found, counted = logits.argmax(1), np.ones(len(truth), dtype=np.bool_)
    n_classes = max(logits.shape[1], int(truth.max(initial=0)) + 1)
    return [_accuracy("accuracy", found, truth, counted), _weighted_f1(found, truth, counted, n_classes)]


def score_metrics(x: Floats, y: Floats, neutral: float) -> list[Metric]:
    """Metrics of one score ``(N,)`` against its label ``(N,)``, NaN where not known; ``neutral`` lies in the middle."""
    known, x, y = np.isfinite(y), x - neutral, y - neutral
    metrics, y = [_error(x, y, ""), _pearson(x, y, "")], np.where(known, y, 0)
    sided = known & (y != 0)
    found, truth = ((z > 0).astype(np.int64) for z in (x, y))
    metrics += [_accuracy("a2", found, truth, sided), _weighted_f1(found, truth, sided, 2)]
    distance = np.abs(y[known])
    furthest, some_neutral = float(distance.max(initial=0)), bool((distance < 0.5).any())
    for most, allowed in ((1, some_neutral), (3, 2.5 <= furthest < 3.5)):
        if allowed:
            found, truth = (np.clip(np.rint(z), -most, most).astype(np.int64) for z in (x, y))
            metrics.append(_accuracy(f"a{2 * most + 1}", found, truth, known))
    return metrics


def trait_metrics(x: Floats, y: Floats) -> list[Metric]:
    """Mean absolute error and r of several scores ``(N, size)``: their means, then each."""
    columns = [[of(x[:, c], y[:, c], str(c)) for c in range(y.shape[1])] for of in (_error, _pearson)]
    return [*(_mean_of(each) for each in columns), *(metric for each in columns for metric in each)]


def _error(x: Floats, y: Floats, subject: str) -> Metric:
    from sklearn.metrics import mean_absolute_error

    known = np.isfinite(y)
    n = int(known.sum())
    value = float(mean_absolute_error(y[known], x[known])) if n else math.nan
    sums = np.stack([np.where(known, np.abs(x - y), 0), known], 1).astype(np.float64)
    return Metric("mae", subject, "score", False, value, sums, _ratio, n)


def _pearson(x: Floats, y: Floats, subject: str) -> Metric:
    from scipy.stats import pearsonr

    known = np.isfinite(y)
    n, value, reason = int(known.sum()), math.nan, ""
    for name, z in (("labels", y[known]), ("predictions", x[known])):
        if n < 2 or np.ptp(z) <= 1e-9 * np.abs(z).max():
            reason = f"a correlation needs {name} that vary"
    if not reason:
        value = float(pearsonr(x[known], y[known]).statistic)
    # Of centred values, so that the sums lose nothing to rounding.
    a, b = (np.where(known, z - (z[known].mean() if n else 0), 0) for z in (x, y))
    sums = np.stack([known, a, b, a * a, b * b, a * b], 1).astype(np.float64)
    return Metric("r", subject, "correlation", True, value, sums, _correlation, n, reason=reason)


def _accuracy(key: str, found: Ints, truth: Ints, counted: np.ndarray) -> Metric:
    from sklearn.metrics import accuracy_score

    n, hits = int(counted.sum()), (found == truth) & counted
    value = float(accuracy_score(truth[counted], found[counted])) if n else math.nan
    sums = np.stack([hits, counted], 1).astype(np.float64)
    return Metric(key, "", "share", True, value, sums, _ratio, n, hits=np.where(counted, hits, math.nan))


def _weighted_f1(found: Ints, truth: Ints, counted: np.ndarray, n_classes: int) -> Metric:
    from sklearn.metrics import f1_score

    n = int(counted.sum())
    value = float(f1_score(truth[counted], found[counted], average="weighted", zero_division=0)) if n else math.nan
    confusion = np.zeros((len(truth), n_classes, n_classes))
    confusion[np.arange(len(truth)), truth, found] = counted

    def of_sums(sums: Floats) -> Floats:
        table = sums.reshape(*sums.shape[:-1], n_classes, n_classes)
        hits, support = np.diagonal(table, axis1=-2, axis2=-1), table.sum(-1)
        either = support + table.sum(-2)
        f1 = 2 * hits / np.where(either > 0, either, 1)
        with np.errstate(invalid="ignore"):
            return np.asarray((f1 * support).sum(-1) / support.sum(-1))

    return Metric("f1", "", "share", True, value, confusion.reshape(len(truth), -1), of_sums, n)


def _mean_of(metrics: Sequence[Metric]) -> Metric:
    """The mean of one metric over the columns of a label; columns of which it is not known are left out."""
    first, width = metrics[0], metrics[0].sums.shape[1]
    known = [i for i, metric in enumerate(metrics) if math.isfinite(metric.value)]

    def of_sums(sums: Floats) -> Floats:
        each = [metrics[i].of_sums(sums[..., i * width : (i + 1) * width]) for i in known]
        return np.asarray(np.mean(each, axis=0))

    value = float(np.mean([metrics[i].value for i in known])) if known else math.nan
    n, reason = max(metric.n for metric in metrics), "" if known else first.reason
    sums = np.concatenate([metric.sums for metric in metrics], axis=1)
    return Metric(first.key, "", first.unit, first.higher_is_better, value, sums, of_sums, n, reason=reason)


def _ratio(sums: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[..., 0] / sums[..., 1])


def _correlation(sums: Floats) -> Floats:
    n, a, b, aa, bb, ab = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((n * ab - a * b) / np.sqrt((n * aa - a * a) * (n * bb - b * b)))
