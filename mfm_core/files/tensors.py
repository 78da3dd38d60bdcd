"""Tensors in safetensors files, read as untrusted input: everything is checked before anything is allocated.

Format: https://github.com/huggingface/safetensors#format. Eight bytes give the length of a JSON header, the header
names each tensor's type, shape and place in the bytes that follow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import torch
from pydantic import Field, TypeAdapter, ValidationError
from safetensors.torch import save
from torch import Tensor

from mfm_core.config import Config
from mfm_core.files.writing import write_whole
from mfm_core.problems import expectation

MAX_FILE_BYTES = 256_000_000
# A header of 100,000 entries would keep a core busy for seconds; ours have a few hundred.
MAX_HEADER_BYTES = 1_000_000
MAX_TENSOR_NAME = 400
_LENGTH_BYTES = 8
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}

_Size = Annotated[int, Field(ge=0, lt=2**40, strict=True)]


class _Entry(Config):
    dtype: Literal["F64", "F32", "F16", "BF16", "I64", "I32", "U8", "BOOL"]
    shape: Annotated[tuple[_Size, ...], Field(max_length=8)]
    data_offsets: tuple[_Size, _Size]


_HEADER = TypeAdapter(dict[str, _Entry | dict[str, str]])


class TensorSpec(NamedTuple):
    """Shape and type of a tensor."""

    shape: tuple[int, ...]
    dtype: torch.dtype

    @classmethod
    def of(cls, tensor: Tensor) -> TensorSpec:
        """The specification that ``tensor`` itself meets."""
        return cls(tuple(tensor.shape), tensor.dtype)


class TensorHeader(NamedTuple):
    """A file's table of contents, checked.

    Attributes:
        specs: What each tensor is.
        offsets: Where each lies in the file: first byte, and the byte after its last.
    """

    specs: dict[str, TensorSpec]
    offsets: dict[str, tuple[int, int]]


def read_header(path: Path) -> TensorHeader:
    """Read and check a safetensors header without reading any tensor.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is too large, is not of this format, or its tensors overlap or lie outside of it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ValueError(f"{path}: expected at most {MAX_FILE_BYTES} bytes, got {size}")
    with path.open("rb") as file:
        n_header = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if size < _LENGTH_BYTES or not 2 <= n_header <= min(MAX_HEADER_BYTES, size - _LENGTH_BYTES):
            raise ValueError(
                f"{path}: expected a safetensors file with a header of 2 to {MAX_HEADER_BYTES} bytes, "
                f"got {size} bytes that announce a header of {n_header}"
            )
        header = file.read(n_header)
    try:
        entries = _HEADER.validate_json(header)
    except ValidationError as error:
        problem = error.errors()[0]
        # The second part of a place is the member of the union that pydantic tried: no name of the file's.
        where = ".".join(["header", *(_plain(str(part)) for i, part in enumerate(problem["loc"]) if i != 1)])
        raise ValueError(f"{path}: {where}: {expectation(problem)}") from None
    if unfit := [name for name in entries if _plain(name) != name]:
        raise ValueError(
            f"{path}: header: expected names of up to {MAX_TENSOR_NAME} printable letters, got {_plain(unfit[0])}"
        )
    start = _LENGTH_BYTES + n_header
    return _checked(path, {name: entry for name, entry in entries.items() if isinstance(entry, _Entry)}, start, size)


def _checked(path: Path, entries: Mapping[str, _Entry], start: int, size: int) -> TensorHeader:
    """Check that the tensors fill the bytes from ``start`` to ``size`` one after the other."""
    specs, offsets = {}, {}
    for name, entry in entries.items():
        spec = TensorSpec(entry.shape, _DTYPES[entry.dtype])
        begin, end = entry.data_offsets
        if end - begin != math.prod(spec.shape) * spec.dtype.itemsize:
            raise ValueError(
                f"{path}: {name}: expected {math.prod(spec.shape) * spec.dtype.itemsize} bytes for shape {spec.shape} "
                f"of {spec.dtype}, got {end - begin}"
            )
        if start + end > size:
            raise ValueError(f"{path}: {name}: expected to end within {size - start} bytes of data, got {end}")
        specs[name], offsets[name] = spec, (start + begin, start + end)
    order = sorted(offsets, key=lambda name: offsets[name])
    for first, second in pairwise(order):
        if offsets[second][0] < offsets[first][1]:
            raise ValueError(f"{path}: expected tensors that do not overlap, got {first} and {second} on common bytes")
    n_used = start + sum(end - begin for begin, end in offsets.values())
    if n_used != size:
        raise ValueError(f"{path}: expected {n_used} bytes in all, got {size}")
    return TensorHeader(specs, offsets)


def read_tensors(path: Path, expected: Mapping[str, TensorSpec]) -> dict[str, Tensor]:
    """Read a safetensors file that has to hold exactly the expected tensors, all of them finite, or true or false.

    Args:
        path: The file.
        expected: Name, shape and type of every tensor.

    Returns:
        The tensors, in the order of ``expected``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or holds anything but the expected tensors with finite numbers.
    """
    header = check_tensors(path, expected)
    tensors = {}
    with path.open("rb") as file:
        for name, spec in expected.items():
            begin, end = header.offsets[name]
            file.seek(begin)
            data = bytearray(file.read(end - begin))
            # torch.frombuffer refuses an empty buffer.
            flat = torch.frombuffer(data, dtype=spec.dtype) if data else torch.empty(0, dtype=spec.dtype)
            if spec.dtype == torch.bool and data and max(data) > 1:  # no bool of torch's, which then misbehaves
                raise ValueError(f"{path}: {name}: expected bytes 0 or 1 for torch.bool, got {max(data)}")
            tensors[name] = flat.reshape(spec.shape)
            if spec.dtype.is_floating_point and not torch.isfinite(tensors[name]).all():
                raise ValueError(f"{path}: {name}: expected finite numbers, got NaN or infinity")
    return tensors


def check_tensors(path: Path, expected: Mapping[str, TensorSpec]) -> TensorHeader:
    """Check that a safetensors file holds exactly the expected tensors, by its header, without reading any tensor.

    Args:
        path: The file.
        expected: Name, shape and type of every tensor.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the header is damaged, or tells of anything but the expected tensors.
    """
    header = read_header(path)
    missing = [name for name in expected if name not in header.specs]
    surplus = [name for name in header.specs if name not in expected]
    if missing or surplus:
        raise ValueError(
            f"{path}: expected {len(expected)} tensors, missing {_some(missing)}, surplus {_some(surplus)}"
        )
    for name, spec in expected.items():
        given = header.specs[name]
        if given != spec:
            raise ValueError(
                f"{path}: {name}: expected shape {spec.shape} of {spec.dtype}, got {given.shape} of {given.dtype}"
            )
    return header


def _some(names: list[str], limit: int = 3) -> str:
    """The first few names, for a message."""
    return (", ".join(names[:limit]) or "none") + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _plain(name: str) -> str:
    """The name, if it fits into one line of a message, else the start of it, quoted."""
    return name if name.isprintable() and len(name) <= MAX_TENSOR_NAME else repr(name[:MAX_TENSOR_NAME])


def write_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors so that a kill at any moment leaves the old file or the new one, never half of one.

    Raises:
        OSError: If the disk is full or read-only, in one sentence; the old file is kept.
    """
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_whole(path, save(contiguous))
