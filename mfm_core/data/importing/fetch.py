"""Bring real data: download from the data sets' own addresses, check, and store as the loaders read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pooch

from mfm_core.files.digits import read_idx, read_mat

Arrays = Mapping[str, npt.NDArray[np.uint8]]
Downloader = Callable[[str, Any, Any], bool | None]


class Source(NamedTuple):
    """A file of a data set.

    Attributes:
        url: Where it lies.
        sha256: Its checksum, hexadecimal.
    """

    url: str
    sha256: str


class Recipe(NamedTuple):
    """How to get a data set.

    Attributes:
        sources: Its files: of the training split first, then of the test split.
        convert: From their paths to the arrays of ``<name>.npz``.
        terms: What it may be used for.
    """

    sources: tuple[Source, ...]
    convert: Callable[[list[Path]], Arrays]
    terms: str


def convert_mnist(paths: list[Path]) -> Arrays:
    """Images and labels of the training split, then of the test split -> ``images`` (N, 28, 28), ``labels``, ``split``.

    Raises:
        ValueError: If a file is damaged or does not belong to another.
    """
    images, labels = [read_idx(path) for path in paths[::2]], [read_idx(path) for path in paths[1::2]]
    for path, x, y in zip(paths[::2], images, labels, strict=True):
        if x.shape != (len(y), 28, 28) or y.ndim != 1 or (y > 9).any():
            raise ValueError(f"{path}: expected digits of shape (N, 28, 28) with N labels 0 to 9, got {x.shape}")
    return _joined(images, labels)


def convert_svhn(paths: list[Path]) -> Arrays:
    """Cropped digits of the training split, then of the test split -> ``images`` (N, 32, 32, 3), ``labels``, ``split``.

    Raises:
        ValueError: If a file is damaged.
    """
    parts = [read_mat(path) for path in paths]
    return _joined([images for images, _ in parts], [labels for _, labels in parts])


def _joined(images: list[npt.NDArray[np.uint8]], labels: list[npt.NDArray[np.uint8]]) -> Arrays:
    """Training split, numbered 0, and test split, numbered 1, in one table."""
    split = np.repeat(np.arange(len(labels), dtype=np.uint8), [len(part) for part in labels])
    return {"images": np.concatenate(images), "labels": np.concatenate(labels), "split": split}


# Checksums as of TensorFlow Datasets and torchvision, which agree; the addresses are those that torchvision uses,
# since MNIST's own page no longer serves the files.
_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_SVHN = "http://ufldl.stanford.edu/housenumbers/"
RECIPES: Mapping[str, Recipe] = {
    "mnist": Recipe(
        (
            Source(
                _MNIST + "train-images-idx3-ubyte.gz",
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            Source(
                _MNIST + "train-labels-idx1-ubyte.gz",
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            Source(
                _MNIST + "t10k-images-idx3-ubyte.gz",
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            Source(
                _MNIST + "t10k-labels-idx1-ubyte.gz",
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ),
        convert_mnist,
        "MNIST (LeCun et al., 1998), CC BY-SA 3.0",
    ),
    "svhn": Recipe(
        (
            Source(_SVHN + "train_32x32.mat", "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"),
            Source(_SVHN + "test_32x32.mat", "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"),
        ),
        convert_svhn,
        "SVHN (Netzer et al., 2011), for non-commercial use only",
    ),
}


def fetch(
    name: str, folder: Path, *, recipes: Mapping[str, Recipe] = RECIPES, downloader: Downloader | None = None
) -> Path:
    """Download a data set and store it as ``<folder>/<name>.npz``; do nothing if it is there.

    What was downloaded stays in ``<folder>/downloads``, and is used again if its checksum is right.

    Args:
        name: One of ``recipes``.
        folder: The data folder; made if need be.
        recipes: What can be fetched.
        downloader: One of pooch's, for instance with a progress bar.

    Returns:
        The path of the file.

    Raises:
        ValueError: If the name is unknown, or a file is not the expected one; such a file is not kept.
        ConnectionError: If an address cannot be reached.
    """
    if name not in recipes:
        raise ValueError(f"name: expected one of {', '.join(recipes)}, got {name!r}")
    path = folder / f"{name}.npz"
    if path.is_file():
        return path
    recipe = recipes[name]
    arrays = recipe.convert([_download(source, folder / "downloads", downloader) for source in recipe.sources])
    unfinished = folder / f".{name}.npz"
    np.savez_compressed(unfinished, allow_pickle=False, **arrays)
    return unfinished.replace(path)


def _download(source: Source, folder: Path, downloader: Downloader | None) -> Path:
    try:
        name = source.url.rpartition("/")[2]
        found = pooch.retrieve(source.url, f"sha256:{source.sha256}", name, folder, downloader=downloader)
    except OSError as error:
        # The errors of requests, which pooch downloads with, carry no error number; those of a disk do.
        if error.errno is not None:
            raise
        reason = type(error).__name__
        raise ConnectionError(f"{source.url}: could not be downloaded ({reason}); is there a network?") from None
    except ValueError:
        raise ValueError(
            f"{source.url}: expected a file of SHA-256 {source.sha256}, got another, which was not kept"
        ) from None
    return Path(found)
