"""SVHN street-view house numbers, cropped digits (Netzer et al., 2011; non-commercial use only)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from mfm_core.data.dataset import Dataset
from mfm_core.data.registry import Arrays, DatasetInfo, Recipe, Source, read_arrays, register
from mfm_core.files.digits import join_splits, read_mat

SHARES = {"train": 0.78, "validation": 0.04, "test": 0.18}
SPLIT_SEED = 0
VALIDATION_SHARE = 0.05
# The longest house number of SVHN: digits further apart than this in the official order are of different photographs.
LONGEST_NUMBER = 6


_URL = "http://ufldl.stanford.edu/housenumbers/"


def convert_svhn(paths: list[Path]) -> Arrays:
    """Cropped digits of the training split, then of the test split -> ``images`` (N, 32, 32, 3), ``labels``, ``split``.

    Raises:
        ValueError: If a file is damaged.
    """
    parts = [read_mat(path) for path in paths]
    return join_splits([images for images, _ in parts], [labels for _, labels in parts])


RECIPE = Recipe(
    (
        Source(_URL + "train_32x32.mat", "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"),
        Source(_URL + "test_32x32.mat", "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"),
    ),
    convert_svhn,
    "SVHN (Netzer et al., 2011), for non-commercial use only",
)


@register(
    DatasetInfo(
        "svhn",
        title="SVHN",
        label="digit",
        style="house-number style",
        in_tables=False,
        description="SVHN (Netzer et al., 2011): digits of house numbers.",
        files=("svhn.npz",),
        licence="Trained on SVHN (Netzer et al., 2011), which is published for non-commercial use only: these weights "
        "are for non-commercial use too.",
        source="python -m mfm_core data fetch svhn",
        recipe=RECIPE,
    )
)
def load() -> Dataset:
    """SVHN, split by photograph: digits of one photograph overlap, so all of them lie in one split.

    Where the file tells the photograph of each digit, whole photographs are dealt to the splits, and the digits of one
    are named ``photograph[0]``, ``photograph[1]``. Where it does not, as the official files do not, the official test
    digits are the test split, for they are of other photographs.

    Raises:
        FileNotFoundError: If ``svhn.npz`` is not in the data folder.
    """
    arrays = read_arrays("svhn", ("images", "labels", "split"), ("number_image",))
    official = arrays["split"].astype(np.int64)
    if "number_image" in arrays:
        photograph = arrays["number_image"].astype(np.int64)
        split = split_by_photograph(official, photograph)
        ids = [f"{('train', 'test')[o]} {p}[{n}]" for n, (o, p) in enumerate(zip(official, photograph, strict=True))]
    else:
        split = split_in_order(official)
        ids = [str(n) for n in range(len(official))]
    kept = np.flatnonzero(split != "")
    images = torch.from_numpy(arrays["images"][kept]).permute(0, 3, 1, 2).contiguous().float().div_(255)
    labels = torch.from_numpy(arrays["labels"][kept]).long()
    return Dataset("svhn", {"svhn": images}, labels, split[kept], ids=tuple(ids[n] for n in kept))


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


def split_in_order(official: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
    """Split digits of unknown photographs: the official order goes from photograph to photograph.

    The last ``VALIDATION_SHARE`` of the official training digits are the validation split. The few digits before them
    may be of the photograph that the border cuts, and are left out.

    Args:
        official: The official split of each digit in the official order, ``(N,)``: 0 for training, 1 for test.

    Returns:
        The split of each digit, ``(N,)``; empty for those left out.
    """
    split = np.where(official == 0, "train", "test").astype("<U10")
    training = np.flatnonzero(official == 0)
    border = len(training) - round(VALIDATION_SHARE * len(training))
    split[training[max(border - LONGEST_NUMBER + 1, 0) : border]] = ""
    split[training[border:]] = "validation"
    return split
