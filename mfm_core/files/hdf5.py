"""HDF5 files, read as untrusted input: what a table declares is checked before any of it is read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mfm_core.files.npz import Array
from mfm_core.problems import reason

MAX_FILE_BYTES = 20_000_000_000
MAX_TABLE_BYTES = 1_000_000_000
_MAX_NDIM = 4


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file, open for reading.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is too large, not of this format, or damaged.
    """
    import h5py  # takes long to import, and only some commands need it

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if (size := path.stat().st_size) > MAX_FILE_BYTES:
        raise ValueError(f"{path}: expected at most {MAX_FILE_BYTES} bytes, got {size}")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(f"{path}: expected a whole HDF5 file: {reason(error)}") from None


def members(parent: Any) -> list[str]:  # noqa: ANN401 - h5py has no types
    """Names of the parts of a group; of one that is no text its bytes are spelt, by which nothing is found."""
    return [name if isinstance(name, str) else name.decode(errors="backslashreplace") for name in parent]


def group(parent: Any, key: str, where: str) -> Any:  # noqa: ANN401
    """A group that lies in the file itself.

    Raises:
        ValueError: If there is none of that name.
    """
    import h5py

    found = _own(parent, key, where)
    if not isinstance(found, h5py.Group):
        raise ValueError(f"{where}: expected the group {key!r}, got a table")  # noqa: TRY004 - the file is wrong
    return found


def table(parent: Any, key: str, where: str) -> Array:  # noqa: ANN401
    """A table that lies in the file itself, of numbers or of text of fixed width.

    Raises:
        ValueError: If there is none of that name, or it is of another kind, or too large.
    """
    import h5py

    found = _own(parent, key, where)
    if not isinstance(found, h5py.Dataset):
        raise ValueError(f"{where}: expected the table {key!r}, got a group")  # noqa: TRY004
    if found.dtype.kind not in "biufS" or found.shape is None or len(found.shape) > _MAX_NDIM:
        raise ValueError(f"{where}: {key}: expected numbers or text, got {found.dtype} of shape {found.shape}")
    if found.is_virtual or found.external:
        raise ValueError(f"{where}: {key}: expected a table in the file itself, got one that refers to other files")
    n_bytes = max(math.prod(found.shape), math.prod(found.chunks or ())) * found.dtype.itemsize
    if n_bytes > MAX_TABLE_BYTES:
        raise ValueError(f"{where}: {key}: expected at most {MAX_TABLE_BYTES} bytes, got {n_bytes}")
    return np.asarray(found[()])


def _own(parent: Any, key: str, where: str) -> Any:  # noqa: ANN401
    import h5py

    link = parent.get(key, getlink=True) if isinstance(parent, h5py.Group) else None
    if link is None:
        raise ValueError(f"{where}: expected the key {key!r}, got {', '.join(members(parent)[:5]) or 'none'}")
    if not isinstance(link, h5py.HardLink):
        raise ValueError(f"{where}: {key}: expected a part of the file itself, got a link")  # noqa: TRY004
    return parent[key]
