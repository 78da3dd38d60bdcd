"""NumPy archives: what was written is what is read, and what is damaged or hostile is refused."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mfm_core.files.npz import UPLOAD_LIMITS, Limits, read_archive


def archive_of(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def bomb() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, x=np.zeros(50_000_000, np.float32))
    return file.getvalue()


def member(content: bytes, file_name: str = "x.npy", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(file_name, content)
    return file.getvalue()


def npy(header: str, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def twice() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", b"")
        archive.writestr("y.npy", b"")
    return file.getvalue().replace(b"y.npy", b"x.npy")


SHAPE = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s,), }\n"
NPZ_DAMAGE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "x.npz: expected a whole NumPy archive (.npz)"),
    "noise": (lambda: b"noise" * 100, "x.npz: expected a whole NumPy archive (.npz)"),
    "cut short": (lambda: archive_of(x=np.ones(99))[:-60], "x.npz: expected a whole NumPy archive (.npz)"),
    "a flipped bit": (
        lambda: archive_of(x=np.zeros(99)).replace(bytes(80), bytes(79) + b"\x01", 1),
        "x.npz: expected a whole NumPy archive (.npz): Bad CRC-32",
    ),
    "a bomb": (bomb, "x.npz: expected at most 32000000 bytes of arrays, got 200000128"),
    "a shape larger than the data": (
        lambda: member(npy(SHAPE % 10**12, b"1234")),
        "x.npz: 'x': expected 4000000000000 bytes for shape (1000000000000,) of float32, got 4",
    ),
    "data larger than the shape": (
        lambda: member(npy(SHAPE % 1, b"12345678")),
        "x.npz: 'x': expected 4 bytes for shape (1,) of float32, got 8",
    ),
    "objects": (lambda: archive_of(x=np.array([{}], dtype=object)), "x.npz: 'x': expected numbers or text, got object"),
    "a structured type": (lambda: archive_of(x=np.zeros(1, [("a", "f4")])), "x.npz: 'x': expected numbers or text"),
    "complex numbers": (lambda: archive_of(x=np.zeros(1, complex)), "expected numbers or text, got complex128"),
    "five dimensions": (lambda: archive_of(x=np.zeros((1,) * 5)), "'x': expected at most 4 dimensions, got 5"),
    "no array": (lambda: member(b"hello", "x.txt"), "x.npz: 'x.txt': expected an array (.npy), got another kind"),
    "no header": (lambda: member(b"hello"), "x.npz: 'x': expected the header of a NumPy array"),
    "a header that calls": (lambda: member(npy("__import__('os')\n")), "x.npz: 'x': expected the header of a NumPy"),
    "a header without its end": (
        lambda: member(npy(SHAPE[: SHAPE.index("(") + 1] + "\n")),
        "x.npz: 'x': expected the header of a NumPy",
    ),
    "another compression": (
        lambda: member(npy(SHAPE % 0), method=zipfile.ZIP_LZMA),
        "stored or deflated, got the method 14",
    ),
    "many arrays": (lambda: archive_of(**{f"x{i}": 1 for i in range(17)}), "x.npz: expected at most 16 arrays, got 17"),
    "one name twice": (twice, "x.npz: expected arrays of different names, got two of one name"),
    "a large file": (lambda: bytes(8_000_001), "x.npz: expected at most 8000000 bytes, got 8000001"),
}


@pytest.mark.parametrize("kind", NPZ_DAMAGE)
def test_damaged_archives_are_refused(kind: str) -> None:
    make, message = NPZ_DAMAGE[kind]
    with pytest.raises(ValueError, match=re.escape(message)):
        read_archive(io.BytesIO(make()), UPLOAD_LIMITS, "x.npz")


def test_archives_come_back_in_any_byte_order(tmp_path: Path) -> None:
    arrays = {"big": np.arange(4, dtype=">f4"), "columns": np.asfortranarray(np.ones((2, 3))), "words": np.array(["a"])}
    (tmp_path / "x.npz").write_bytes(archive_of(**arrays))
    read = read_archive(tmp_path / "x.npz", Limits(10_000, 10_000, 3))
    for key, expected in arrays.items():
        np.testing.assert_array_equal(read[key], expected)
