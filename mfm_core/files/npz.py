"""NumPy archives (.npz), read as untrusted input: what every member declares is checked before it is decompressed."""

from __future__ import annotations

import math
import warnings
import zipfile
import zlib
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from tokenize import TokenError
from typing import IO, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from mfm_core.problems import reason

Array = npt.NDArray[np.generic]
T = TypeVar("T")

KINDS = "biufU"  # booleans, integers, floating point, text
_HEADER_BYTES = 4_000
_MAX_NDIM = 4
_MAX_LETTERS = 200


class Limits(NamedTuple):
    """How large an archive may be.

    Attributes:
        file_bytes: Of the file.
        array_bytes: Of all arrays together, decompressed.
        members: Number of arrays.
    """

    file_bytes: int
    array_bytes: int
    members: int


UPLOAD_LIMITS = Limits(8_000_000, 32_000_000, 16)
LOCAL_LIMITS = Limits(2_000_000_000, 8_000_000_000, 64)


def read_archive(
    source: Path | IO[bytes], limits: Limits, name: str = "", *, only: Collection[str] | None = None
) -> dict[str, Array]:
    """Read arrays of an archive, without unpickling anything.

    Args:
        source: A file, or its content as a seekable stream.
        limits: What is too large.
        name: What messages call it; default the path.
        only: Names of the arrays to decompress, as far as they are there; all of them without it.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a NumPy archive, is damaged, too large, or holds anything but plain arrays.
    """
    return _opened(source, limits, name, partial(_read_members, only))


def read_shapes(source: Path | IO[bytes], limits: Limits, name: str = "") -> dict[str, tuple[int, ...]]:
    """Shapes of all arrays of an archive, from their headers: no array is decompressed; see :func:`read_archive`."""
    return _opened(source, limits, name, _shapes)


def _opened(
    source: Path | IO[bytes], limits: Limits, name: str, read: Callable[[zipfile.ZipFile, Limits, str], T]
) -> T:
    """Result of ``read`` on an archive."""
    name = name or str(source)
    if isinstance(source, Path) and not source.is_file():
        raise FileNotFoundError(f"{source}: no such file")
    size = source.stat().st_size if isinstance(source, Path) else source.seek(0, 2)
    if size > limits.file_bytes:
        raise ValueError(f"{name}: expected at most {limits.file_bytes} bytes, got {size}")
    try:
        with zipfile.ZipFile(source) as archive:
            return read(archive, limits, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{name}: expected a whole NumPy archive (.npz): {reason(error)}") from None


def _read_members(
    only: Collection[str] | None, archive: zipfile.ZipFile, limits: Limits, name: str
) -> dict[str, Array]:
    _shapes(archive, limits, name)
    arrays: dict[str, Array] = {}
    for member in archive.infolist():
        if only is not None and _key(member) not in only:
            continue
        with archive.open(member) as file:
            arrays[_key(member)] = npy.read_array(file, allow_pickle=False, max_header_size=_HEADER_BYTES)
    return arrays


def _shapes(archive: zipfile.ZipFile, limits: Limits, name: str) -> dict[str, tuple[int, ...]]:
    """Shapes that the headers declare, checked."""
    members = archive.infolist()
    if len(members) > limits.members:
        raise ValueError(f"{name}: expected at most {limits.members} arrays, got {len(members)}")
    if len({member.filename for member in members}) != len(members):
        raise ValueError(f"{name}: expected arrays of different names, got two of one name")
    if (total := sum(member.file_size for member in members)) > limits.array_bytes:
        raise ValueError(f"{name}: expected at most {limits.array_bytes} bytes of arrays, got {total}")
    shapes: dict[str, tuple[int, ...]] = {}
    for member in members:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{name}: expected arrays stored or deflated, got the method {member.compress_type}")
        shapes[_key(member)] = _check_header(archive, member, name)
    return shapes


def _check_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> tuple[int, ...]:
    """The shape of an array; its header, which alone is decompressed, is compared with what the archive declares."""
    key = _key(member)
    where = f"{name}: {key[:_MAX_LETTERS]!r}"
    if not member.filename.endswith(".npy"):
        raise ValueError(f"{where}: expected an array (.npy), got another kind of file")
    try:
        with archive.open(member) as file, warnings.catch_warnings():
            warnings.simplefilter("error")
            if npy.read_magic(file) == (1, 0):
                shape, _, dtype = npy.read_array_header_1_0(file, max_header_size=_HEADER_BYTES)
            else:
                shape, _, dtype = npy.read_array_header_2_0(file, max_header_size=_HEADER_BYTES)
            n_header = file.tell()
    except (ValueError, UserWarning, TokenError, SyntaxError) as error:
        raise ValueError(f"{where}: expected the header of a NumPy array: {reason(error)}") from None
    if dtype.kind not in KINDS or dtype.itemsize > 4 * _MAX_LETTERS:
        raise ValueError(f"{where}: expected numbers or text, got {str(dtype)[:_MAX_LETTERS]}")
    if len(shape) > _MAX_NDIM:
        raise ValueError(f"{where}: expected at most {_MAX_NDIM} dimensions, got {len(shape)}")
    if n_header + math.prod(shape) * dtype.itemsize != member.file_size:
        raise ValueError(
            f"{where}: expected {math.prod(shape) * dtype.itemsize} bytes for shape {shape} of {dtype}, "
            f"got {member.file_size - n_header}"
        )
    return shape


def _key(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def as_float32(array: Array, where: str) -> npt.NDArray[np.float32]:
    """An array as float32; what float32 cannot express becomes infinite.

    Raises:
        ValueError: If it holds anything but numbers.
    """
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{where}: expected numbers, got {array.dtype}")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def numbers(array: Array, where: str) -> npt.NDArray[np.float32]:
    """An array as float32.

    Raises:
        ValueError: If it holds anything but finite numbers that float32 can express; the message names the place.
    """
    values = as_float32(array, where)
    if np.isfinite(values).all():
        return values
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
    parts = {3: ("sample", "step", "feature"), 2: ("row", "column")}.get(len(place), ("place",) * len(place))
    told = ", ".join(f"{part} {i}" for part, i in zip(parts, place, strict=True))
    raise ValueError(f"{where}: expected finite numbers, got {values[place]} at {told}")
