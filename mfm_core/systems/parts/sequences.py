"""Sequences as systems read them: standardised by the training data, early fused, or averaged over their steps."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.data.scaling import Scaling, fit_scaling
from mfm_core.systems.base import DataSpec, take_tensor

PREDICT_BATCH = 256


def real_steps(dataset: Dataset) -> Tensor:
    """The mask of a data set of sequences, boolean ``(N, T)``.

    Raises:
        ValueError: If it has none.
    """
    if dataset.mask is None:
        raise ValueError("dataset.mask: expected a data set of sequences with a mask, got none")
    return dataset.mask


def batches(n: int) -> tuple[Tensor, ...]:
    """Indices of the samples that are predicted at once; none where ``n`` is 0."""
    return torch.split(torch.arange(n), PREDICT_BATCH) if n else ()


def fit_scalings(train: Dataset) -> dict[str, Scaling]:
    """Scaling of each modality by the real steps of the training samples that have it, zeros too.

    A modality that no sample has is 0 at every step once scaled.
    """
    mask, scalings = real_steps(train), {}
    for name, x in train.modalities.items():
        observed = mask & train.has(name)[:, None]
        zeros = torch.zeros(x.shape[2])
        scalings[name] = fit_scaling(x, observed, zeros_observed=True) if observed.any() else Scaling(zeros, zeros)
    return scalings


def standardised_inputs(dataset: Dataset, scalings: Mapping[str, Scaling]) -> dict[str, Tensor]:
    """Each modality standardised, ``(N, T, d)`` float32, clipped to +-5.

    A missing modality and a padded step are 0, which is the mean: no system sees what stood there.
    """
    mask = real_steps(dataset)
    return {
        name: of.apply(dataset.modalities[name].float(), mask & dataset.has(name)[:, None], zeros_observed=True)
        for name, of in scalings.items()
    }


def scalings_state(scalings: Mapping[str, Scaling]) -> dict[str, Tensor]:
    """The scaling of each modality as tensors to store with a system."""
    return {f"scale.mean.{name}": of.mean for name, of in scalings.items()} | {
        f"scale.std.{name}": of.std for name, of in scalings.items()
    }


def take_scalings(state: Mapping[str, Tensor], spec: DataSpec) -> dict[str, Scaling]:
    """The scaling of each modality of sequences, back from :func:`scalings_state`.

    Raises:
        ValueError: If the tensors do not fit ``spec``.
    """
    return {
        name: Scaling(
            take_tensor(state, f"scale.mean.{name}", stream.shape),
            take_tensor(state, f"scale.std.{name}", stream.shape),
        )
        for name, stream in spec.streams.items()
        if stream.kind == "sequence"
    }


def early_fusion(inputs: Mapping[str, Tensor]) -> Tensor:
    """All modalities side by side at every step, ``(N, T, sum of d)``."""
    return torch.cat(list(inputs.values()), dim=2)


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Mean of ``x`` ``(N, T, d)`` over the real steps, ``(N, d)``; 0 where there is none."""
    real = mask.unsqueeze(2).to(x.dtype)
    return (x * real).sum(1) / real.sum(1).clamp_min(1)


def mean_and_spread(x: Tensor, mask: Tensor) -> Tensor:
    """Mean and standard deviation of each feature of ``x`` ``(N, T, d)`` over the real steps, ``(N, 2 d)``."""
    mean = masked_mean(x, mask)
    return torch.cat([mean, masked_mean((x - mean.unsqueeze(1)).square(), mask).sqrt()], dim=1)
