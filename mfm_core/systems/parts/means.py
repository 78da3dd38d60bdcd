"""Late fusion of means: each modality averaged over its real steps, side by side, for systems without time."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.data.scaling import Scaling
from mfm_core.systems.parts.sequences import masked_mean, real_steps, standardised_inputs


def late_means(dataset: Dataset, scale: Mapping[str, Scaling]) -> Tensor:
    """Means over the real steps of all modalities side by side, ``(N, sum of d)`` float32, standardised by ``scale``.

    A modality that a sample lacks is 0, the mean of the training samples.
    """
    mask = real_steps(dataset)
    return torch.cat([masked_mean(x, mask) for x in standardised_inputs(dataset, scale).values()], dim=1)


def known_labels(dataset: Dataset) -> Dataset:
    """The samples of which every score is known: scikit-learn cannot learn from some of them.

    Raises:
        ValueError: If there is none.
    """
    if dataset.labels.dtype == torch.int64:
        return dataset
    known = torch.isfinite(dataset.labels).all(dim=1)
    if not bool(known.any()):
        raise ValueError("labels: expected at least one sample whose scores are all known, got none")
    return dataset if bool(known.all()) else dataset.take(known.nonzero().squeeze(1))
