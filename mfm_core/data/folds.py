"""Repeated cross-validation over the complete samples of a data set, for sets too small for one split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from mfm_core.data.dataset import Dataset, video_numbers
from mfm_core.data.registry import Fold
from mfm_core.data.sequences import standardised


def repeated_folds(dataset: Dataset, *, n_folds: int, n_repeats: int, seed: int) -> Iterator[Fold]:
    """Cross-validation, several times over; every complete sample is tested once in each repetition.

    A sample is complete if it lacks no modality. Fold ``k`` is the test split and fold ``k + 1`` the validation split.
    All samples of one video are in one fold, because they are not independent. Videos without a complete sample are in
    the training split always; incomplete samples of a video that is held out are in no split of that fold.

    Args:
        dataset: Sequences with raw features and one score a sample.
        n_folds: Number of folds, at least 3.
        n_repeats: How often all videos with a complete sample are dealt anew.
        seed: Of the dealing.

    Raises:
        ValueError: If the features are standardised already, by other training samples; or there are too few
            videos with a complete sample.
    """
    if dataset.scaling is not None:
        raise ValueError(f"dataset: expected raw features, got {dataset.name} standardised already")
    video = video_numbers(dataset.ids, len(dataset))
    complete = complete_samples(dataset)
    dealt_out = np.flatnonzero(np.bincount(video, weights=complete))
    if not 3 <= n_folds <= len(dealt_out):
        raise ValueError(f"n_folds: expected 3 to {len(dealt_out)}, the number of complete videos, got {n_folds}")
    generator = np.random.default_rng(seed)
    score = dataset.labels.reshape(len(dataset), -1)[:, 0].numpy()
    mean = np.bincount(video, weights=score) / np.bincount(video)
    dealt = [deal(mean[dealt_out], n_folds, generator) for _ in range(n_repeats)]
    for repeat, number in enumerate(dealt):
        for fold in range(n_folds):
            split = np.full(len(mean), "train", dtype="<U10")
            split[dealt_out[number == (fold + 1) % n_folds]] = "validation"
            split[dealt_out[number == fold]] = "test"
            used = np.flatnonzero(complete | (split[video] == "train"))
            chosen = replace(dataset, split=split[video]).take(torch.from_numpy(used))
            yield Fold(repeat, fold, standardised(chosen), used)


def complete_samples(dataset: Dataset) -> npt.NDArray[np.bool_]:
    """Which samples have every modality, ``(N,)``."""
    return torch.stack([dataset.has(name) for name in dataset.modalities]).all(0).numpy()


def deal(score: npt.NDArray[np.floating], n_folds: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Deal videos to folds so that the scores of each fold are as those of all.

    In order of score, ties in random order, each next ``n_folds`` videos go to different folds at random.

    Args:
        score: Of each video, ``(N,)``.
        n_folds: Number of folds.
        generator: Source of randomness.

    Returns:
        Number of each video's fold, ``(N,)``.
    """
    order = np.lexsort([generator.permutation(len(score)), score])
    n_blocks = -(-len(score) // n_folds)
    numbers = np.concatenate([generator.permutation(n_folds) for _ in range(n_blocks)])[: len(score)]
    fold = np.empty(len(score), dtype=np.int64)
    fold[order] = numbers
    return fold
