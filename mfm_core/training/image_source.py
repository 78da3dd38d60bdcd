"""Sources of images to train on: any data set, or pairs that are drawn anew."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from mfm_core.data.batches import shuffled_batches
from mfm_core.data.dataset import Dataset


class ImageSource(Protocol):
    """Source of a task's images."""

    def __len__(self) -> int:
        """Number of samples to draw batches of."""

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """The batches of one epoch, as indices."""

    def draw(self, batch: Tensor, generator: torch.Generator) -> tuple[dict[str, Tensor], Tensor]:
        """Images of each modality ``(n, channels, height, width)``, and their labels."""

    def held_out(self) -> tuple[dict[str, Tensor], Tensor]:
        """The validation images and labels."""


class DatasetImages:
    """The complete samples of a data set of images, as they are.

    Args:
        train: Samples to learn from.
        validation: Samples held out.

    Raises:
        ValueError: If one of them has no sample with all modalities.
    """

    def __init__(self, train: Dataset, validation: Dataset) -> None:
        self.train, self.validation = complete(train, "train"), complete(validation, "validation")

    def __len__(self) -> int:
        return len(self.train)

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """Each sample once, in a new order; the last batch may be smaller, but has four samples at least."""
        return shuffled_batches(len(self.train), batch_size, generator, least=min(4, len(self.train)))

    def draw(self, batch: Tensor, generator: torch.Generator) -> tuple[dict[str, Tensor], Tensor]:
        """The samples of a batch."""
        del generator
        return {name: x[batch] for name, x in self.train.modalities.items()}, self.train.labels[batch]

    def held_out(self) -> tuple[dict[str, Tensor], Tensor]:
        """The validation samples."""
        return dict(self.validation.modalities), self.validation.labels


def complete(data: Dataset, field: str) -> Dataset:
    """The samples of ``data`` that have all modalities; raises ValueError, naming ``field``, if there is none."""
    has_all = torch.stack([data.has(name) for name in data.modalities]).all(dim=0)
    if bool(has_all.all()):
        return data
    if not bool(has_all.any()):
        raise ValueError(f"{field}: expected at least one sample with all modalities, got none")
    return data.take(has_all.nonzero().squeeze(1))
