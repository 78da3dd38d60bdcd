"""Eq. 4 and the terms added to it, written a second time in float64, by NumPy and SciPy alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from scipy.spatial.distance import cdist
from scipy.special import log_softmax
from torch import Tensor

Array = np.ndarray[Any, np.dtype[np.float64]]
Kernel = Callable[[Array, int], Array]
"""Of squared distances and the number of dimensions."""


def inverse_multiquadratic(squares: Array, d: int) -> Array:
    return sum(2 * d * s / (2 * d * s + squares) for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0))


def radial_basis(squares: Array, d: int) -> Array:
    return np.exp(-squares / (2 * d))


def published_code(squares: Array, d: int) -> Array:
    return np.exp(-squares / d**2)


def array(x: Tensor) -> Array:
    return x.detach().double().numpy()


def mmd(x: Tensor, y: Tensor, kernel: Kernel = inverse_multiquadratic, *, unbiased: bool = True) -> float:
    """MMD^2 of Gretton et al. (2012), Eq. 3 (unbiased) and 5: the mean kernel within each sample less that across."""

    def mean(a: Array, b: Array, *, others_only: bool) -> float:
        values = kernel(cdist(a, b, "sqeuclidean"), a.shape[1])
        return float(values[~np.eye(len(a), dtype=bool)].mean() if others_only else values.mean())

    a, b = array(x), array(y)
    within = mean(a, a, others_only=unbiased) + mean(b, b, others_only=unbiased)
    return within - 2 * mean(a, b, others_only=False)


def conditional_mmd(x: Tensor, labels: Tensor, prior: Tensor, kernel: Kernel = inverse_multiquadratic) -> float:
    """MMD^2 of each class to the prior, averaged with the number of ordered pairs that the class has."""
    classes, counts = np.unique(labels.numpy(), return_counts=True)
    pairs = dict(zip(classes.tolist(), (counts * (counts - 1)).tolist(), strict=True))
    weighed = [n * mmd(x[labels == label], prior, kernel) for label, n in pairs.items() if n]
    return sum(weighed) / sum(pairs.values())


def cross_entropy(logits: Tensor, labels: Tensor) -> Array:
    """Of each sample, in nats."""
    return -log_softmax(array(logits), axis=1)[np.arange(len(labels)), labels.numpy()]


def coarse(pictures: Tensor) -> Tensor:
    """Means of 8 x 8 tiles, the last ones cut off by the border, tile by tile."""
    n, channels, height, width = pictures.shape
    tiles = [
        pictures[:, :, top : top + 8, left : left + 8].mean(dim=(2, 3))
        for top in range(0, height, 8)
        for left in range(0, width, 8)
    ]
    return torch.stack(tiles, 2).reshape(n, channels * len(tiles))


def readback(
    readers: Mapping[str, Any], drawn: Mapping[str, Tensor], real: Mapping[str, Tensor], labels: Tensor, kind: Tensor
) -> tuple[dict[str, float], float]:
    """Doubt of readers beyond 0.1 nats, by modality, and the MMD of restyled (1) and sampled (2) to real pictures."""
    label, match = {}, 0.0
    for name, reader in readers.items():
        label[name] = float(np.maximum(cross_entropy(reader({name: drawn[name]}), labels) - 0.1, 0).mean())
        for read in (lambda x, r=reader, n=name: r.penultimate({n: x}), coarse):
            spread = read(real[name]).std()
            match += sum(mmd(read(drawn[name])[kind == k] / spread, read(real[name]) / spread) / 2 for k in (1, 2))
    return label, match


def kept(found: Tensor, donor: Tensor, moments: Sequence[Callable[[Array], Array]]) -> float:
    """Squared difference of the moments of each channel in donors' variances, averaged."""
    costs = []
    for moment in moments:
        ours, theirs = (moment(array(x)).mean((2, 3)) for x in (found, donor))
        costs.append((((ours - theirs) ** 2).mean(0) / np.maximum(theirs.var(0, ddof=1), 1e-5)).mean())
    return float(np.mean(costs))


STYLE = (lambda x: x, lambda x: x**2)
GREY = (lambda x: x - x**2,)
