"""Examples among samples: those that stand for their class, and those whose pictures are clear."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def central_samples(z: Tensor, labels: Tensor) -> Tensor:
    """Find the sample of each class whose code lies nearest to the mean of its class.

    Args:
        z: Codes ``(N, d)``.
        labels: Classes ``(N,)`` int64.

    Returns:
        Their indices ``(k,)`` int64, in order of the ``k`` classes that there are; of equal ones the first.

    Raises:
        ValueError: If the lengths differ.
    """
    if z.ndim != 2 or labels.shape != (len(z),):
        raise ValueError(f"z, labels: expected shapes (N, d) and (N,), got {tuple(z.shape)} and {tuple(labels.shape)}")
    found = []
    for label in torch.unique(labels):
        rows = (labels == label).nonzero()[:, 0]
        found.append(rows[(z[rows] - z[rows].mean(0)).square().sum(1).argmin()])
    return torch.stack(found) if found else torch.empty(0, dtype=torch.int64)


def clearest_sample(pictures: Mapping[str, Tensor]) -> int:
    """Find the sample whose fainter picture has the most contrast, beside the highest of its modality.

    Args:
        pictures: By modality ``(N, channels, height, width)``, with ``N`` above 0.
    """
    contrast = torch.stack([x.flatten(1).std(1) / x.flatten(1).std(1).max() for x in pictures.values()])
    return int(contrast.amin(0).argmax())
