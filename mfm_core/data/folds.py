"""Repeated cross-validation over the complete samples of a data set, for sets too small for one split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from mfm_core.data.dataset import Dataset
from mfm_core.data.registry import Fold
from mfm_core.data.sequences import standardised


def repeated_folds(dataset: Dataset, *, n_folds: int, n_repeats: int, seed: int) -> Iterator[Fold]:
    """Cross-validation, several times over; every complete sample is tested once in each repetition.

    Fold ``k`` is the test split and fold ``k + 1`` the validation split. Samples that lack a modality are in the
    training split always.

    Args:
        dataset: Sequences with raw features and one score a sample.
        n_folds: Number of folds, at least 3.
        n_repeats: How often all samples are dealt anew.
        seed: Of the dealing.

    Raises:
        ValueError: If the features are standardised already, by other training samples; or there are too few samples.
    """
    if dataset.scaling is not None:
        raise ValueError(f"dataset: expected raw features, got {dataset.name} standardised already")
    complete = np.flatnonzero(complete_samples(dataset))
    if not 3 <= n_folds <= len(complete):
        raise ValueError(f"n_folds: expected 3 to {len(complete)}, the number of complete samples, got {n_folds}")
    generator = np.random.default_rng(seed)
    score = dataset.labels[complete].reshape(len(complete), -1)[:, 0].numpy()
    dealt = [deal(score, n_folds, generator) for _ in range(n_repeats)]
    for repeat, number in enumerate(dealt):
        for fold in range(n_folds):
            split = np.full(len(dataset), "train", dtype="<U10")
            split[complete[number == (fold + 1) % n_folds]] = "validation"
            split[complete[number == fold]] = "test"
            yield Fold(repeat, fold, standardised(replace(dataset, split=split)))


def complete_samples(dataset: Dataset) -> npt.NDArray[np.bool_]:
    """Which samples have every modality, ``(N,)``."""
    return torch.stack([dataset.has(name) for name in dataset.modalities]).all(0).numpy()


def deal(score: npt.NDArray[np.floating], n_folds: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Deal samples to folds so that the scores of each are as those of all.

    In order of score, ties in random order, each next ``n_folds`` samples go to different folds at random.

    Args:
        score: Of each sample, ``(N,)``.
        n_folds: Number of folds.
        generator: Source of randomness.

    Returns:
        Number of each sample's fold, ``(N,)``.
    """
    order = np.lexsort([generator.permutation(len(score)), score])
    n_blocks = -(-len(score) // n_folds)
    numbers = np.concatenate([generator.permutation(n_folds) for _ in range(n_blocks)])[: len(score)]
    fold = np.empty(len(score), dtype=np.int64)
    fold[order] = numbers
    return fold
