"""Plan of a table of systems: a data set, systems, seeds and a budget; and the data of one of its cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, model_validator

from mfm_core.config import Config
from mfm_core.data import load_dataset
from mfm_core.data.dataset import SPLITS, Dataset
from mfm_core.data.registry import dataset_info
from mfm_core.printing import short_repr
from mfm_core.systems.registry import find_system

N_FOLDS = 5

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.]+$", max_length=80)]
Module = Name


class TablePlan(Config):
    """Settings that all cells of a table share.

    Attributes:
        dataset: Name of the data set.
        modalities: Those that the systems read; all of the data set where empty.
        trials: Configurations that the search tries on validation data, the default one first.
        train_samples: Training samples that the systems learn from, drawn by the seed; all of them where 0.
        imports: Modules to import first, which register systems or data sets of one's own.
    """

    dataset: Name
    modalities: tuple[Name, ...] = ()
    trials: Annotated[int, Field(ge=1, le=1000)] = 3
    train_samples: Annotated[int, Field(ge=0)] = 0
    imports: tuple[Module, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len(set(self.modalities)) != len(self.modalities):
            raise ValueError(f"modalities: expected each once, got {', '.join(self.modalities)}")
        return self


@dataclass(frozen=True, order=True)
class Cell:
    """One cell of a table: a system, searched and fitted with one seed."""

    system: str
    seed: int

    @property
    def name(self) -> str:
        """Its name as a file's."""
        return f"{self.system}-{self.seed}"


def cells_of(systems: tuple[str, ...], n_seeds: int) -> tuple[Cell, ...]:
    """Every system with every seed: all systems with seed 0 first.

    Raises:
        ValueError: If a system is not known or named twice, or there is no seed.
    """
    if n_seeds < 1:
        raise ValueError(f"seeds: expected at least 1, got {n_seeds}")
    for system in systems:
        find_system(system)
    if len(set(systems)) != len(systems):
        raise ValueError(f"systems: expected each once, got {', '.join(systems)}")
    return tuple(Cell(system, seed) for seed in range(n_seeds) for system in systems)


@dataclass(frozen=True)
class Split:
    """One way to part a data set.

    Attributes:
        train: Samples to fit.
        validation: Samples to search and stop early on.
        test: Samples that are predicted once.
        tested: Places of the test samples in the data set, ``(n,)``.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    tested: npt.NDArray[np.int64]

    __repr__ = short_repr


def splits(plan: TablePlan, seed: int) -> Iterator[Split]:
    """The splits that a cell is computed on: the data set's own, or the folds of one repetition.

    Raises:
        ValueError: If the data set lacks a modality of the plan, or one of its parts is empty.
        FileNotFoundError: If its files are not there.
    """
    for dataset, rows in _datasets(plan.dataset, seed):
        chosen = dataset.only(plan.modalities) if plan.modalities else dataset
        split = split_of(chosen, plan.train_samples, seed)
        yield replace(split, tested=rows[split.tested])


def split_of(dataset: Dataset, train_samples: int = 0, seed: int = 0) -> Split:
    """The parts of a data set that is split.

    Args:
        dataset: Samples of all three splits.
        train_samples: How many training samples to keep, at most; all where 0.
        seed: Of drawing them.

    Raises:
        ValueError: If one of them is empty.
    """
    parts = {name: dataset.part(name) for name in SPLITS}
    for name, part in parts.items():
        if len(part) == 0:
            raise ValueError(f"{dataset.name}: expected samples in all three splits, got none in {name}")
    if 0 < train_samples < len(train := parts["train"]):
        drawn = np.random.default_rng(seed).permutation(len(train))[:train_samples]
        parts["train"] = train.take(torch.from_numpy(np.sort(drawn)))
    return Split(parts["train"], parts["validation"], parts["test"], tested=np.flatnonzero(dataset.split == "test"))


@lru_cache(maxsize=2)
def _datasets(name: str, seed: int) -> tuple[tuple[Dataset, npt.NDArray[np.int64]], ...]:
    """The data set, or each fold of one repetition, and the place of each sample in the data set."""
    if (folds := dataset_info(name).folds) is not None:  # its complete samples are dealt anew for each seed
        dealt = folds(n_folds=N_FOLDS, n_repeats=seed + 1)
        return tuple((fold.dataset, fold.rows) for fold in dealt if fold.repeat == seed)
    return ((whole := _loaded(name), np.arange(len(whole))),)


@lru_cache(maxsize=1)
def _loaded(name: str) -> Dataset:
    return load_dataset(name)
