"""The file formats in which the digit data sets are published."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mfm_core.problems import reason

_MAX_BYTES = 400_000_000  # of one array; SVHN's training pictures are 225 million
_BYTES = 8  # the IDX format's number for unsigned bytes


def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read a compressed file of the IDX format: bytes of any number of dimensions (LeCun, "The MNIST database").

    Raises:
        ValueError: If it is not such a file.
    """
    try:
        with gzip.open(path) as file:
            zeros, kind, n_dimensions = struct.unpack(">HBB", file.read(4))
            shape = struct.unpack(f">{n_dimensions}I", file.read(4 * n_dimensions))
            if zeros != 0 or kind != _BYTES or math.prod(shape) > _MAX_BYTES:
                raise ValueError(f"{path}: expected an IDX file of bytes, got type {kind:#x} of shape {shape}")
            data = file.read(math.prod(shape) + 1)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise ValueError(f"{path}: expected a whole IDX file, compressed by gzip: {reason(error)}") from None
    if len(data) != math.prod(shape):
        raise ValueError(f"{path}: expected {math.prod(shape)} bytes of data, got {len(data)} or more")
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)


def read_mat(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Read a MATLAB file of SVHN's cropped digits.

    Returns:
        Pictures ``(N, 32, 32, 3)``, and their labels ``(N,)``, where the file's label 10 is the digit 0.

    Raises:
        ValueError: If it is not such a file.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path, variable_names=["X", "y"])
    except (ValueError, TypeError, OSError, zlib.error, struct.error, MatReadError) as error:
        raise ValueError(f"{path}: expected a whole MATLAB 5 file: {reason(error)}") from None
    x, y = content.get("X", np.empty(0)), content.get("y", np.empty(0))
    if x.shape != (32, 32, 3, len(y)) or x.dtype != np.uint8 or y.shape != (len(y), 1):
        raise ValueError(f"{path}: expected X of shape (32, 32, 3, N) and y (N, 1), got {x.shape} and {y.shape}")
    if not ((y >= 1) & (y <= 10)).all():
        raise ValueError(f"{path}: expected labels 1 to 10, got {y.min()} to {y.max()}")
    return np.ascontiguousarray(x.transpose(3, 0, 1, 2)), (y[:, 0] % 10).astype(np.uint8)


def join_splits(
    images: list[npt.NDArray[np.uint8]], labels: list[npt.NDArray[np.uint8]]
) -> dict[str, npt.NDArray[np.uint8]]:
    """Training split, numbered 0, and test split, numbered 1, in one table."""
    split = np.repeat(np.arange(len(labels), dtype=np.uint8), [len(part) for part in labels])
    return {"images": np.concatenate(images), "labels": np.concatenate(labels), "split": split}
