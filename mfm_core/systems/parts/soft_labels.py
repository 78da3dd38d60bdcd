"""Labels as weights of a few categories: classes as they are, scores as a mixture of the two anchors around them.

Models of classes learn scores too so: a score between two anchor values is the mixture of the two whose mean it is, and
what such a model predicts is the mean of the anchors under its probabilities. If the probabilities are right, that is
the conditional mean of the score (clamped to the anchors' range).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mfm_core.systems.base import DataSpec, take_tensor

N_ANCHORS = 5


def anchors_of(labels: Tensor, spec: DataSpec) -> Tensor:
    """Anchor values of each score, ``(size, 5)``: quantiles of the training labels from 2 % to 98 %.

    Equally spaced from least to greatest where quantiles coincide. Of classes none, ``(1, 0)``.
    """
    if spec.classes:
        return torch.zeros(1, 0)
    found = []
    for column in labels.T:
        known = column[~column.isnan()].double()
        if len(known) == 0:
            known = torch.zeros(1, dtype=torch.float64)
        anchors = known.quantile(torch.linspace(0.02, 0.98, N_ANCHORS, dtype=torch.float64))
        low, high = float(known.min()), float(known.max())
        if bool((anchors.diff() < 1e-3 * (high - low)).any()) or high <= low:
            anchors = torch.linspace(low, max(high, low + 1e-3), N_ANCHORS, dtype=torch.float64)
        found.append(anchors.float())
    return torch.stack(found)


def n_outputs(spec: DataSpec) -> int:
    """Labels of a sample: one class, or each score."""
    return 1 if spec.classes else spec.label.size


def take_anchors(state: Mapping[str, Tensor], spec: DataSpec) -> Tensor:
    """The stored anchors, of the shape of :func:`anchors_of`; raises ValueError if they are missing or do not fit."""
    return take_tensor(state, "anchors", (n_outputs(spec), 0 if spec.classes else N_ANCHORS))


def n_categories(spec: DataSpec) -> int:
    """Categories of each label: the classes, or the anchors of a score."""
    return spec.label.size if spec.classes else N_ANCHORS


def soft_labels(labels: Tensor, anchors: Tensor, spec: DataSpec) -> Tensor:
    """Weights of the categories, ``(outputs, N, categories)``: they sum to 1, or are 0 where a score is not known."""
    if spec.classes:
        return torch.nn.functional.one_hot(labels, spec.label.size).float().unsqueeze(0)
    y = labels.T.float().unsqueeze(2)  # (size, N, 1)
    low, high = anchors[:, None, :1], anchors[:, None, -1:]
    y_known = torch.where(y.isnan(), low, y).clamp(low, high)
    right = (y_known > anchors[:, None, 1:]).sum(2, keepdim=True).clamp_max(N_ANCHORS - 2)  # of the anchor to the left
    ends = anchors[:, None].expand(-1, y.shape[1], -1)
    left_end, right_end = ends.gather(2, right), ends.gather(2, right + 1)
    share = (y_known - left_end) / (right_end - left_end)
    weights = torch.zeros(*y.shape[:2], N_ANCHORS).scatter(2, right, 1 - share).scatter(2, right + 1, share)
    return torch.where(y.isnan(), 0, weights)


def predictions(log_probabilities: Tensor, anchors: Tensor, spec: DataSpec) -> Tensor:
    """Logits ``(N, n_labels)`` of classes, or expected scores ``(N, size)``, of ``(outputs, N, categories)``."""
    if spec.classes:
        return log_probabilities[0].float().clone()
    return (log_probabilities.softmax(2) * anchors.unsqueeze(1)).sum(2).T.float().contiguous()
