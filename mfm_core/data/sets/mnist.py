"""MNIST handwritten digits (LeCun et al., 1998)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from mfm_core.data.dataset import Dataset
from mfm_core.data.registry import Arrays, DatasetInfo, Recipe, Source, read_arrays, register
from mfm_core.files.digits import join_splits, read_idx

N_VALIDATION = 5_000


# Checksums as of TensorFlow Datasets and torchvision, which agree; the address is that of torchvision, since MNIST's
# own page no longer serves the files.
_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"


def convert_mnist(paths: list[Path]) -> Arrays:
    """Images and labels of the training split, then of the test split -> ``images`` (N, 28, 28), ``labels``, ``split``.

    Raises:
        ValueError: If a file is damaged or does not belong to another.
    """
    images, labels = [read_idx(path) for path in paths[::2]], [read_idx(path) for path in paths[1::2]]
    for path, x, y in zip(paths[::2], images, labels, strict=True):
        if x.shape != (len(y), 28, 28) or y.ndim != 1 or (y > 9).any():
            raise ValueError(f"{path}: expected digits of shape (N, 28, 28) with N labels 0 to 9, got {x.shape}")
    return join_splits(images, labels)


RECIPE = Recipe(
    (
        Source(
            _URL + "train-images-idx3-ubyte.gz",
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        Source(
            _URL + "train-labels-idx1-ubyte.gz",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        Source(
            _URL + "t10k-images-idx3-ubyte.gz",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        Source(
            _URL + "t10k-labels-idx1-ubyte.gz",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
    convert_mnist,
    "MNIST (LeCun et al., 1998), CC BY-SA 3.0",
)


@register(
    DatasetInfo(
        "mnist",
        title="MNIST",
        label="digit",
        style="handwriting",
        in_tables=False,
        description="MNIST (LeCun et al., 1998): handwritten digits.",
        files=("mnist.npz",),
        licence="Trained on MNIST (LeCun et al., 1998), CC BY-SA 3.0.",
        source="python -m mfm_core data fetch mnist",
        recipe=RECIPE,
    )
)
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
