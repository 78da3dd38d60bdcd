"""Standardising the features of sequences."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mfm_core.printing import short_repr

CLIP = 5.0
# Rounding alone lets a feature of one value vary by this share of the value.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Scaling:
    """How the features of one modality were brought to mean 0 and standard deviation 1.

    Attributes:
        mean: Of each feature over the observed steps of the training split, ``(d,)`` float32.
        std: Likewise; 0 for a feature that does not vary.
    """

    mean: Tensor
    std: Tensor

    __repr__ = short_repr

    def apply(self, x: Tensor, mask: Tensor, *, zeros_observed: bool = False) -> Tensor:
        """Standardise features, as those of the training split were.

        What was not observed becomes the mean, which is 0.

        Args:
            x: Raw features ``(..., T, d)``.
            mask: Which steps are real, boolean ``(..., T)``.
            zeros_observed: Whether a real step of zeros only is an observation; in the published files it says that
                the modality was not observed there.

        Returns:
            ``(x - mean) / std``, clipped to +-5; 0 at padded and unobserved steps, and for features of ``std`` 0.

        Raises:
            ValueError: If ``x`` does not have the features that this scaling is of.
        """
        if x.shape[-1] != len(self.mean):
            raise ValueError(f"x: expected {len(self.mean)} features a step, got {x.shape[-1]}")
        varies = self.std > 0
        real = _observed(x, mask, zeros_observed=zeros_observed).unsqueeze(-1) & varies
        return torch.where(real, (x - self.mean) / torch.where(varies, self.std, 1), 0).clamp(-CLIP, CLIP)

    def restore(self, x: Tensor, mask: Tensor) -> Tensor:
        """Features in their own units again, ``(..., T, d)``; 0 at padded steps."""
        return torch.where(mask.unsqueeze(-1), x * self.std + self.mean, torch.zeros_like(x))


def fit_scaling(x: Tensor, mask: Tensor, *, zeros_observed: bool = False) -> Scaling:
    """Mean and standard deviation of each feature over the real steps at which the modality was observed.

    Args:
        x: Raw features ``(N, T, d)``.
        mask: Which steps are real, boolean ``(N, T)``.
        zeros_observed: Whether a real step of zeros only is an observation, see :meth:`Scaling.apply`.

    Raises:
        ValueError: If there is no such step.
    """
    steps = x[_observed(x, mask, zeros_observed=zeros_observed)].double()  # (n, d)
    if len(steps) == 0:
        raise ValueError(f"x: expected a real step other than zeros to fit a scaling to, got none in {len(x)} samples")
    mean, std = steps.mean(0), steps.std(0, correction=0)
    std = torch.where(std > _ROUNDING * mean.abs() + 1e-12, std, 0)
    return Scaling(mean.float(), std.float())


def _observed(x: Tensor, mask: Tensor, *, zeros_observed: bool) -> Tensor:
    """Steps at which a modality was observed, boolean ``(..., T)``."""
    return mask if zeros_observed else mask & (x != 0).any(-1)
