"""MNIST handwritten digits (LeCun et al., 1998)."""

from __future__ import annotations

import numpy as np
import torch

from mfm_core.data.dataset import Dataset
from mfm_core.data.registry import read_arrays, register

N_VALIDATION = 5_000


@register("mnist")
def load() -> Dataset:
    """MNIST: the last 5,000 of the official training digits are the validation split; the test split is official.

    Raises:
        FileNotFoundError: If ``mnist.npz`` is not in the data folder.
    """
    arrays = read_arrays("mnist", ("images", "labels", "split"))
    split = np.where(arrays["split"] == 0, "train", "test").astype("<U10")
    split[np.flatnonzero(split == "train")[-N_VALIDATION:]] = "validation"
    images = torch.from_numpy(arrays["images"]).unsqueeze(1).float() / 255
    labels = torch.from_numpy(arrays["labels"]).long()
    return Dataset("mnist", {"mnist": images}, labels, split)
