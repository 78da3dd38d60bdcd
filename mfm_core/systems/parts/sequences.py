"""Sequences as systems read them: standardised by the training data, early fused, or averaged over their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.data.scaling import CLIP
from mfm_core.printing import short_repr
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


@dataclass(frozen=True)
class Standardiser:
    """Mean 0 and standard deviation 1 of each feature over the real steps of the training samples that have it.

    A missing modality and a padded step are 0 afterwards, which is the mean: no system sees what stood there.

    Attributes:
        mean: By modality, ``(d,)``.
        std: By modality, ``(d,)``; 0 for a feature that does not vary, which stays 0.
    """

    mean: Mapping[str, Tensor]
    std: Mapping[str, Tensor]

    __repr__ = short_repr

    @classmethod
    def fit(cls, train: Dataset) -> Self:
        """Measure the training samples."""
        mean, std, mask = {}, {}, real_steps(train)
        for name, x in train.modalities.items():
            steps = x[mask & train.has(name)[:, None]].double()  # (n, d)
            if len(steps) == 0:
                steps = torch.zeros(1, x.shape[2], dtype=torch.float64)
            mean[name] = steps.mean(0).float()
            spread = steps.std(0, correction=0)
            std[name] = torch.where(spread > 1e-6 * steps.mean(0).abs() + 1e-12, spread, 0).float()
        return cls(mean, std)

    def apply(self, dataset: Dataset) -> dict[str, Tensor]:
        """Each modality standardised, ``(N, T, d)`` float32, clipped to +-5."""
        mask, standardised = real_steps(dataset), {}
        for name, mean in self.mean.items():
            x, std = dataset.modalities[name].float(), self.std[name]
            real = (mask & dataset.has(name)[:, None]).unsqueeze(2) & (std > 0)
            scaled = (x - mean) / torch.where(std > 0, std, 1)
            standardised[name] = torch.where(real, scaled, 0).clamp(-CLIP, CLIP)
        return standardised

    def state(self) -> dict[str, Tensor]:
        """As tensors to store."""
        return {f"scale.mean.{name}": x for name, x in self.mean.items()} | {
            f"scale.std.{name}": x for name, x in self.std.items()
        }

    @classmethod
    def from_state(cls, spec: DataSpec, state: Mapping[str, Tensor]) -> Self:
        """Back from tensors; raises ValueError if they do not fit ``spec``."""
        return cls(
            {name: take_tensor(state, f"scale.mean.{name}", s.shape) for name, s in spec.streams.items()},
            {name: take_tensor(state, f"scale.std.{name}", s.shape) for name, s in spec.streams.items()},
        )


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
