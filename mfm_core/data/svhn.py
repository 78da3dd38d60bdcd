"""SVHN street-view house numbers, cropped digits (Netzer et al., 2011; non-commercial use only)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from mfm_core.data.dataset import Dataset, read_arrays, register

SHARES = {"train": 0.78, "validation": 0.04, "test": 0.18}
SPLIT_SEED = 0


@register("svhn")
def load() -> Dataset:
    """SVHN, split by photograph: digits of one photograph overlap, so all of them lie in one split.

    Raises:
        FileNotFoundError: If ``svhn.npz`` is not in the data folder.
    """
    arrays = read_arrays("svhn", ("images", "labels", "split", "number_image"))
    split = split_by_photograph(arrays["split"].astype(np.int64), arrays["number_image"].astype(np.int64))
    images = torch.from_numpy(arrays["images"]).permute(0, 3, 1, 2).float() / 255
    labels = torch.from_numpy(arrays["labels"]).long()
    return Dataset("svhn", {"svhn": images.contiguous()}, labels, split)


def split_by_photograph(official: npt.NDArray[np.int64], photograph: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
    """Assign whole photographs to splits, in the proportions of ``SHARES``, by a fixed seed.

    Args:
        official: The official split of each digit, ``(N,)``: photographs are numbered within it.
        photograph: The number of each digit's photograph, ``(N,)``.

    Returns:
        The split of each digit, ``(N,)``.
    """
    _, group = np.unique(np.stack([official, photograph]), axis=1, return_inverse=True)
    n_groups = int(group.max()) + 1
    rank = np.random.default_rng(SPLIT_SEED).permutation(n_groups) / n_groups
    bounds = np.cumsum(list(SHARES.values()))[:-1]
    return np.array(list(SHARES))[np.searchsorted(bounds, rank[group], side="right")]
