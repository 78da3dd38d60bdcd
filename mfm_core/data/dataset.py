"""What a data set is, and the registry of those the project knows."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pooch
import torch
from torch import Tensor

from mfm_core.data.scaling import Scaling as Scaling

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
Unit = Literal["word", "sentence"]


@dataclass(frozen=True)
class Steps:
    """What the steps of sequences are.

    Attributes:
        unit: ``"word"`` or ``"sentence"``.
        words: Of each sample, the word of each real step in order; empty where they are not known.
        times: Start and end of each step in seconds, ``(N, T, 2)`` float32; NaN at padded steps and where not known.
    """

    unit: Unit
    words: tuple[tuple[str, ...], ...]
    times: Tensor

    @classmethod
    def unknown(cls, unit: Unit, n: int, length: int) -> Steps:
        """Steps of which neither words nor times are known."""
        return cls(unit, ((),) * n, torch.full((n, length, 2), math.nan))

    def take(self, index: Tensor) -> Steps:
        """The steps of the samples at ``index``, ``(n,)`` int64."""
        return Steps(self.unit, tuple(self.words[i] for i in index.tolist()), self.times[index])


@dataclass(frozen=True)
class Dataset:
    """Samples of one or several modalities, their labels, and the split each belongs to.

    Attributes:
        name: Name in the registry.
        modalities: Each modality; images ``(N, channels, height, width)`` float32 in [0, 1], sequences ``(N, T, d)``
            float32, padded with zeros.
        labels: Classes ``(N,)`` int64, or scores ``(N, size)`` float32.
        split: ``"train"``, ``"validation"`` or ``"test"`` of each sample, ``(N,)``.
        mask: For sequences, which steps are real, boolean ``(N, T)``.
        scaling: For sequences that were standardised, how, by modality.
        present: By modality, which samples have it at all, boolean ``(N,)``; a modality not named here is in all.
        steps: For sequences, what their steps are.
        evidence: By modality, what each step truly adds to the score, ``(N, T)``, where that is known.
        ids: Names of the samples.
    """

    name: str
    modalities: Mapping[str, Tensor]
    labels: Tensor
    split: npt.NDArray[np.str_]
    mask: Tensor | None = None
    scaling: Mapping[str, Scaling] | None = None
    present: Mapping[str, Tensor] | None = None
    steps: Steps | None = None
    evidence: Mapping[str, Tensor] | None = None
    ids: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for field, n in self._lengths().items():
            if n != len(self.labels):
                raise ValueError(f"{field}: expected {len(self.labels)} samples, as labels has, got {n}")
        for field, known in {"scaling": self.scaling, "present": self.present, "evidence": self.evidence}.items():
            if unknown := [name for name in known or () if name not in self.modalities]:
                raise ValueError(f"{field}: expected modalities among {', '.join(self.modalities)}, got {unknown[0]!r}")
        for name, x in self.modalities.items():
            if self.mask is not None and (x.ndim != 3 or x.shape[:2] != self.mask.shape):
                raise ValueError(f"mask: expected the (N, T) of {name}, {tuple(x.shape)}, got {tuple(self.mask.shape)}")
        if self.mask is not None and self.mask.dtype != torch.bool:
            raise ValueError(f"mask: expected booleans, got {self.mask.dtype}")
        if self.steps is not None:
            self._check_steps(self.steps)

    def _lengths(self) -> dict[str, int]:
        """Number of samples in each field that has any."""
        groups = {"modalities": self.modalities, "present": self.present, "evidence": self.evidence}
        lengths = {f"{group}.{name}": len(x) for group, known in groups.items() for name, x in (known or {}).items()}
        lengths["split"] = len(self.split)
        if self.mask is not None:
            lengths["mask"] = len(self.mask)
        if self.steps is not None:
            lengths |= {"steps.words": len(self.steps.words), "steps.times": len(self.steps.times)}
        if self.ids is not None:
            lengths["ids"] = len(self.ids)
        return lengths

    def _check_steps(self, steps: Steps) -> None:
        if self.mask is None or steps.times.shape != (*self.mask.shape, 2):
            shape = None if self.mask is None else tuple(self.mask.shape)
            raise ValueError(
                f"steps.times: expected (N, T, 2) with the (N, T) of mask, {shape}, got {tuple(steps.times.shape)}"
            )
        for i, (words, n_real) in enumerate(zip(steps.words, self.mask.sum(1).tolist(), strict=True)):
            if words and len(words) != n_real:
                raise ValueError(
                    f"steps.words: expected {n_real} words in sample {i}, one a real step, got {len(words)}"
                )

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

        def at(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {name: x[index] for name, x in tensors.items()}

        return replace(
            self,
            modalities=at(self.modalities),
            labels=self.labels[index],
            split=self.split[index.numpy()],
            mask=None if self.mask is None else self.mask[index],
            present=None if self.present is None else at(self.present),
            steps=None if self.steps is None else self.steps.take(index),
            evidence=None if self.evidence is None else at(self.evidence),
            ids=None if self.ids is None else tuple(self.ids[i] for i in index.tolist()),
        )


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
    """Load a data set by name from the data folder; sets that the user imported under other names are known too.

    Raises:
        ValueError: If the name is unknown.
        FileNotFoundError: If its files are not there.
    """
    if name not in _registry:
        from mfm_core.data import imported  # which is made of this module

        if (dataset := imported.load(name)) is not None:
            return dataset
        raise ValueError(f"name: expected one of {', '.join(_registry)}, got {name!r}")
    return _registry[name]()
