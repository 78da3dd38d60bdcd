"""Figures of the lab over what is independent: samples, videos of several segments, photographs of several digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.crossed_bootstrap import connected_clusters, crossed_correlation
from mfm_core.evaluation.predictions import independent_units
from mfm_core.evaluation.probes import FOLDS, probe_classes, probe_scores
from mfm_core.evaluation.statistics import Estimate, correlation
from mfm_core.storage.codes import fingerprint

CONSTANT = "what is read does not vary"


def units_of(data: Dataset) -> Tensor:
    """The video, or photograph, of each sample, ``(N,)``: samples of different ones are independent."""
    return torch.from_numpy(independent_units(data))


def fold_units(data: Dataset) -> Tensor:
    """Clusters that share neither a video or photograph nor a picture, ``(N,)``: what folds of probes are dealt of."""
    pictures = data.modalities.values() if data.mask is None else ()
    return connected_clusters([units_of(data), *(fingerprint(x) for x in pictures)])


def correlation_of(x: Tensor, y: Tensor) -> float:
    """Pearson's correlation of variables ``(N,)``; NaN where it is not defined."""
    return correlation_over(x, y, [torch.arange(len(x))]).value


def correlation_over(x: Tensor, y: Tensor, units: Sequence[Tensor]) -> Estimate:
    """The same of Pearson's correlation of variables ``(N,)``; NaN with a reason where it is not defined."""
    try:
        apart = all(len(torch.unique(one)) == len(one) for one in units)
        return correlation(x, y) if apart else crossed_correlation(x, y, units)
    except ValueError:  # of constants, or too few
        return Estimate(math.nan, math.nan, math.nan, len(x), CONSTANT)


def probed(z: Tensor, labels: Tensor, clusters: Tensor) -> Estimate:
    """Accuracy (of scores R²) of the best of the family of probes, cross-fitted; NaN with a reason where it cannot be.

    Args:
        z: Codes ``(N, d)``.
        labels: Classes ``(N,)``, or scores ``(N, size)``.
        clusters: Of each sample, ``(N,)``; no two folds share one.
    """
    if reason := _unfoldable(labels, clusters):
        return Estimate(math.nan, math.nan, math.nan, len(torch.unique(clusters)), reason)
    probe = probe_classes if labels.dtype == torch.int64 else probe_scores
    try:
        return probe(z, labels, clusters=clusters, seeds=(0,)).estimate
    except ValueError as error:  # of codes that are not finite, or where all that is learnt from is of one class
        return Estimate(math.nan, math.nan, math.nan, len(torch.unique(clusters)), str(error))


def quick_probe(z: Tensor, labels: Tensor, clusters: Tensor) -> Estimate:
    """The same of the better of a linear and an RBF probe, without an interval.

    Both are quick, for they are fitted at every look: a logistic regression reads no more and takes ten times as long.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, SVR

    n = len(torch.unique(clusters))
    if reason := _unfoldable(labels, clusters):
        return Estimate(math.nan, math.nan, math.nan, n, reason)
    x, classes = z.double().numpy(), labels.dtype == torch.int64
    y = labels.numpy() if classes else labels[:, 0].double().numpy()
    folds, scores = GroupKFold(FOLDS, shuffle=True, random_state=0), []
    probes: tuple[Any, ...] = (LinearDiscriminantAnalysis(), SVC()) if classes else (Ridge(), SVR())
    for probe in probes:
        try:
            guess = cross_val_predict(make_pipeline(StandardScaler(), probe), x, y, groups=clusters.numpy(), cv=folds)
        except ValueError:  # a fold of one class
            continue
        scores.append(float((guess == y).mean()) if classes else float(1 - np.square(guess - y).mean() / y.var()))
    if not scores:
        return Estimate(math.nan, math.nan, math.nan, n, "the samples to learn from are all of one class")
    return Estimate(max(scores), math.nan, math.nan, n, "not resampled")


def _unfoldable(labels: Tensor, clusters: Tensor) -> str:
    """Why probes cannot be cross-fitted; empty where they can."""
    if (n := len(torch.unique(clusters))) < FOLDS:
        return f"a probe needs at least {FOLDS} independent videos or photographs, got {n}"
    return CONSTANT if bool((labels == labels[0]).flatten(1 if labels.ndim > 1 else 0).all(0).any()) else ""
