"""Figures of predictions against labels, by the kind of the label, with intervals over videos."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
import torch
from torch import Tensor

from mfm_core.arguments import expect, kind_of, seed_number
from mfm_core.data.dataset import Dataset, video_of
from mfm_core.evaluation.bootstrap import Ints, bootstrap_interval
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.metrics import Metric, label_metrics
from mfm_core.interpretation.resampling import MIN_SAMPLES
from mfm_core.problems import shown


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
        ``video[3]``, else samples. A figure of fewer than 5 samples is NaN, an interval over fewer than 5 units too,
        and its ``reason`` says so.

    Raises:
        ValueError: If the predictions do not fit the labels, or are not finite, or ``neutral`` is no finite number.
    """
    units, seed = independent_units(expect("dataset", dataset, Dataset)), seed_number(seed)
    return [_figure(metric, units, seed) for metric in metrics_of(dataset, predictions, neutral=neutral)]


def metrics_of(dataset: Dataset, predictions: Tensor, *, neutral: float | None = None) -> list[Metric]:
    """The metrics of :func:`evaluate_predictions`, without intervals."""
    _check(expect("dataset", dataset, Dataset), predictions)
    if neutral is not None and not (isinstance(neutral, Real) and math.isfinite(neutral)):
        raise ValueError(f"neutral: expected a finite number or None, got {shown(neutral)}")
    return label_metrics(predictions.double().numpy(), dataset.labels.numpy(), dataset.name, neutral)


def independent_units(dataset: Dataset) -> Ints:
    """Number of each sample's independent unit, ``(N,)``: its video if its id is like ``video[3]``, else itself."""
    ids = dataset.ids or tuple(str(i) for i in range(len(dataset)))
    return np.unique(np.array([video_of(one) for one in ids], dtype=np.str_), return_inverse=True)[1].astype(np.int64)


def few_units(units: Ints) -> str:
    """Why there is no interval over so few independent units, ``(N,)``; empty where there are 5 or more."""
    n = len(np.unique(units))
    return "" if n >= MIN_SAMPLES else f"an interval needs at least {MIN_SAMPLES} independent videos, got {n}"


def _check(dataset: Dataset, predictions: Tensor) -> None:
    if not isinstance(predictions, Tensor):
        raise ValueError(f"predictions: expected a Tensor, got {kind_of(predictions)}")  # noqa: TRY004
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


def _figure(metric: Metric, units: Ints, seed: int) -> Figure:
    value, low, high, reason = metric.value, math.nan, math.nan, metric.reason
    if metric.n < MIN_SAMPLES:
        value, reason = math.nan, f"at least {MIN_SAMPLES} samples are needed, got {metric.n}"
    elif not reason and not (reason := few_units(units)):
        low, high = bootstrap_interval(metric.sums, metric.of_sums, units, seed=seed)
    return Figure(
        key=metric.key,
        subject=metric.subject,
        unit=metric.unit,
        higher_is_better=metric.higher_is_better,
        value=value,
        low=low,
        high=high,
        n=metric.n,
        reason=reason,
    )
