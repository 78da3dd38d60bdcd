"""Small files in the formats in which the digit data sets are published."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.io import savemat


def write_idx(path: Path, array: npt.NDArray[np.uint8], kind: int = 8) -> Path:
    header = struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))
    return path


def write_mat(path: Path, images: npt.NDArray[np.uint8], digits: npt.NDArray[np.uint8]) -> Path:
    """Images (N, 32, 32, 3) and digits 0 to 9, stored as SVHN stores them: last axis N, the digit 0 labelled 10."""
    labels = np.where(digits == 0, 10, digits).astype(np.uint8)[:, None]
    savemat(path, {"X": images.transpose(1, 2, 3, 0), "y": labels}, do_compression=True)
    return path


def write_mnist(folder: Path) -> dict[str, npt.NDArray[np.uint8]]:
    """The four files of MNIST with 7 and 3 digits; what they hold, joined."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (10, 28, 28), dtype=np.uint8)
    labels = np.arange(10, dtype=np.uint8)
    for prefix, part in {"train": slice(0, 7), "t10k": slice(7, 10)}.items():
        write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", images[part])
        write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", labels[part])
    return {"images": images, "labels": labels, "split": np.repeat(np.array([0, 1], np.uint8), [7, 3])}


def write_svhn(folder: Path) -> dict[str, npt.NDArray[np.uint8]]:
    """The two files of SVHN with 8 and 4 digits; what they hold, joined."""
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
    labels = (np.arange(12) % 10).astype(np.uint8)
    for prefix, part in {"train": slice(0, 8), "test": slice(8, 12)}.items():
        write_mat(folder / f"{prefix}_32x32.mat", images[part], labels[part])
    return {"images": images, "labels": labels, "split": np.repeat(np.array([0, 1], np.uint8), [8, 4])}
