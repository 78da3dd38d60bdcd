"""What a data set is, and the registry of those the project knows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pooch
import torch
from torch import Tensor

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Dataset:
    """Samples of one or several modalities, their labels, and the split each belongs to.

    Attributes:
        name: Name in the registry.
        modalities: Each modality; images ``(N, channels, height, width)`` float32 in [0, 1], sequences ``(N, T, d)``.
        labels: Classes ``(N,)`` int64, or scores ``(N, size)`` float32.
        split: ``"train"``, ``"validation"`` or ``"test"`` of each sample, ``(N,)``.
        mask: For sequences, which steps are real, boolean ``(N, T)``.
    """

    name: str
    modalities: Mapping[str, Tensor]
    labels: Tensor
    split: npt.NDArray[np.str_]
    mask: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, split: Split) -> Dataset:
        """The samples of one split.

        Raises:
            ValueError: If there is no such split.
        """
        if split not in SPLITS:
            raise ValueError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}")
        return self.take(torch.from_numpy(np.flatnonzero(self.split == split)))

    def take(self, index: Tensor) -> Dataset:
        """The samples at ``index``, ``(n,)`` int64."""
        mask = None if self.mask is None else self.mask[index]
        modalities = {name: x[index] for name, x in self.modalities.items()}
        return Dataset(self.name, modalities, self.labels[index], self.split[index.numpy()], mask)


def data_folder() -> Path:
    """Where real data lies: the folder that ``MFM_DATA`` names, else the user's cache folder."""
    named = os.environ.get("MFM_DATA")
    return Path(named) if named else Path(pooch.os_cache("mfm"))


def read_arrays(name: str, members: tuple[str, ...]) -> dict[str, npt.NDArray[np.generic]]:
    """Read arrays from ``<data folder>/<name>.npz``, without unpickling anything.

    Raises:
        FileNotFoundError: If the file is not there; the message says how to get it.
        ValueError: If the file lacks one of ``members``.
    """
    path = data_folder() / f"{name}.npz"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; set MFM_DATA to the folder that holds it, "
            f"or run: python -m mfm_core data fetch {name}"
        )
    with np.load(path, allow_pickle=False) as archive:
        if missing := [member for member in members if member not in archive.files]:
            raise ValueError(f"{path}: expected arrays {', '.join(members)}, missing {', '.join(missing)}")
        return {member: archive[member] for member in members}


_registry: dict[str, Callable[[], Dataset]] = {}


def register(name: str) -> Callable[[Callable[[], Dataset]], Callable[[], Dataset]]:
    """Enter a loader into the registry under ``name``."""

    def enter(loader: Callable[[], Dataset]) -> Callable[[], Dataset]:
        _registry[name] = loader
        return loader

    return enter


def dataset_names() -> tuple[str, ...]:
    """Names that :func:`load_dataset` knows."""
    return tuple(_registry)


def load_dataset(name: str) -> Dataset:
    """Load a data set by name from the data folder.

    Raises:
        ValueError: If the name is unknown.
        FileNotFoundError: If its files are not there.
    """
    if name not in _registry:
        raise ValueError(f"name: expected one of {', '.join(_registry)}, got {name!r}")
    return _registry[name]()
