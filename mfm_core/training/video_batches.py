"""Samples of sequences as training reads them: without what it does not need, and on its device."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from torch import Tensor, device

from mfm_core.data.dataset import Dataset


def without_steps(data: Dataset) -> Dataset:
    """The same samples without what their steps are, which training does not read."""
    return replace(data, steps=None, evidence=None, ids=None)


def without_padding(data: Dataset) -> Dataset:
    """The same samples without the steps that are real in none of them."""
    mask = cast(Tensor, data.mask)
    some = mask.any(dim=0)
    if some.all():
        return data
    return replace(data, modalities={name: x[:, some] for name, x in data.modalities.items()}, mask=mask[:, some])


def on(data: Dataset, where: device) -> Dataset:
    """The same samples on a device, as far as the training needs them."""
    present = None if data.present is None else {name: there.to(where) for name, there in data.present.items()}
    modalities = {name: x.to(where) for name, x in data.modalities.items()}
    mask = cast(Tensor, data.mask).to(where)
    return Dataset(data.name, modalities, data.labels.to(where), data.split, mask, present=present)
