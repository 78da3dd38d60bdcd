"""Digits of 8 x 8 pixels in two looks: written digits as scikit-learn brings them, and a tinted negative of others.

* ``plain``: grey, 1 x 8 x 8. ``colour``: another digit of the same label, its ink and paper exchanged, under a colour
  that is drawn for each sample, 3 x 8 x 8. So they share the label, and each has a hand and a tint of its own.
* 1,797 pairs: 1,200 for training, 197 for validation, 400 for test. The partner is of the same split.
* Source: E. Alpaydin and C. Kaynak (1998), "Optical Recognition of Handwritten Digits", UCI Machine Learning
  Repository, CC BY 4.0; it comes with scikit-learn (``sklearn.datasets.load_digits``), so nothing is downloaded.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.data.registry import DatasetInfo, register

SEED = 0
SIZES = {"test": 400, "validation": 197}
INFO = DatasetInfo(
    "digits8",
    title="digits of 8 x 8 pixels, plain and in colour",
    description=(
        "Written digits of 8 x 8 pixels (Alpaydin and Kaynak, 1998) as scikit-learn brings them, and a tinted negative "
        "of another digit of the same label: 1,200 pairs for training, 197 for validation, 400 for test."
    ),
    label="digit",
    licence="The digits are published under CC BY 4.0.",
    source="it comes with scikit-learn",
    lab="1,797 pairs that come with scikit-learn.",
)


@register(INFO)
def load() -> Dataset:
    """The pairs; always the same."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    ink = torch.tensor(pixels, dtype=torch.float32).view(-1, 1, 8, 8) / 16
    order, split = np.random.default_rng(SEED).permutation(len(labels)), np.full(len(labels), "train", dtype="<U10")
    begin = 0
    for name, n in SIZES.items():
        split[order[begin : begin + n]] = name
        begin += n
    generator = torch.Generator().manual_seed(SEED)
    tint = 0.35 + 0.65 * torch.rand(len(ink), 3, 1, 1, generator=generator)
    negative = tint * (1 - 0.9 * ink[_partners(labels, split, generator)])
    return Dataset.from_arrays({"plain": ink, "colour": negative}, labels, split=split, name="digits8")


def _partners(labels: npt.NDArray[np.int64], split: npt.NDArray[np.str_], generator: torch.Generator) -> Tensor:
    """For each sample one of the same label and split, ``(N,)``: a permutation, which may leave a sample in place."""
    partner = torch.arange(len(labels))
    for name in np.unique(split):
        for label in np.unique(labels):
            rows = torch.from_numpy(np.flatnonzero((labels == label) & (split == name)))
            partner[rows] = rows[torch.randperm(len(rows), generator=generator)]
    return partner
