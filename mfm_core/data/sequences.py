"""Sequences as networks want them: masked, of one length, and standardised by what the training split knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.data.scaling import Scaling, fit_scaling


def real_steps(modalities: Mapping[str, Tensor]) -> Tensor:
    """Which steps are real: those at which any modality has a number other than 0.

    Args:
        modalities: Sequences ``(N, T, d)``, each with its own d.

    Returns:
        Boolean ``(N, T)``. Padding may be on the left, on the right, or in between.
    """
    return torch.stack([(x != 0).any(2) for x in modalities.values()]).any(0)


def observed_samples(modalities: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """By modality, which samples have it: any number other than 0, boolean ``(N,)``."""
    return {name: (x != 0).flatten(1).any(1) for name, x in modalities.items()}


def standardised(dataset: Dataset) -> Dataset:
    """Standardise every modality by the real steps of the training split.

    A modality that no training sample has stays as it is, with a scaling of mean 0 and standard deviation 1: what other
    splits hold must not decide how anything is read. Of ICT-MMMO's file only the validation and test videos have
    language. No system is fitted to such a modality.

    Args:
        dataset: Sequences with their raw features and a mask.

    Returns:
        The same samples, standardised, with ``scaling`` filled in.

    Raises:
        ValueError: If a modality has no observed step, or the data set has no mask.
    """
    if dataset.mask is None:
        raise ValueError(f"dataset: expected sequences with a mask, got {dataset.name} without")
    training, mask = torch.from_numpy(dataset.split == "train"), dataset.mask
    scaling, modalities = {}, {}
    for name, x in dataset.modalities.items():
        observed = mask & (x != 0).any(2)
        if not observed.any():
            raise ValueError(f"{dataset.name}: {name}: expected an observed step, got none in {len(x)} samples")
        if observed[training].any():
            scaling[name] = fit_scaling(x[training], mask[training])
            modalities[name] = scaling[name].apply(x, mask)
        else:
            scaling[name] = Scaling(torch.zeros(x.shape[2]), torch.ones(x.shape[2]))
            modalities[name] = x * mask.unsqueeze(2)
    return replace(dataset, modalities=modalities, scaling=scaling)


def of_length(x: Tensor, length: int) -> Tensor:
    """The last ``length`` steps of a sequence, padded with zeros on the left: ``(T, ...)`` -> ``(length, ...)``."""
    last = x[max(len(x) - length, 0) :]
    return torch.cat([last.new_zeros(length - len(last), *last.shape[1:]), last])
