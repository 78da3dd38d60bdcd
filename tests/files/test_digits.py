"""The published formats: what is read is what was written, and what is damaged is refused."""

from __future__ import annotations

import gzip
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from mfm_core.files.digits import read_idx, read_mat
from tests.data.published import write_idx, write_mat


@pytest.mark.parametrize("shape", [(5,), (0,), (3, 28, 28), (2, 3, 4, 5)])
def test_idx_comes_back(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert np.array_equal(read_idx(write_idx(tmp_path / "x.gz", array)), array)


def test_mat_comes_back_with_zero_for_ten(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    digits = np.array([0, 9, 1, 0, 5, 2], np.uint8)
    x, y = read_mat(write_mat(tmp_path / "x.mat", images, digits))
    assert np.array_equal(x, images)
    assert np.array_equal(y, digits)
    assert x.flags.c_contiguous
    assert y.dtype == np.uint8


def compressed(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(gzip.compress(data))


IDX_DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "expected a whole IDX file, compressed by gzip: unpack requires"),
    "not compressed": (
        lambda path: path.write_bytes(b"0123456789"),
        "expected a whole IDX file, compressed by gzip: Not a gzipped file",
    ),
    "cut short": (
        lambda path: write_idx(path, np.zeros((9, 9), np.uint8)).write_bytes(path.read_bytes()[:-10]),
        "expected a whole IDX file, compressed by gzip: Compressed file ended",
    ),
    "flipped bit": (
        lambda path: write_idx(path, np.arange(200, dtype=np.uint8)).write_bytes(
            path.read_bytes()[:60] + bytes([path.read_bytes()[60] ^ 1]) + path.read_bytes()[61:]
        ),
        "expected a whole IDX file, compressed by gzip: ",
    ),
    "other type": (
        lambda path: write_idx(path, np.zeros(4, np.uint8), kind=13),
        "expected an IDX file of bytes, got type 0xd of shape (4,)",
    ),
    "absurd shape": (
        compressed(struct.pack(">HBBII", 0, 8, 2, 2**31, 2**31)),
        "expected an IDX file of bytes, got type 0x8 of shape (2147483648, 2147483648)",
    ),
    "data missing": (compressed(struct.pack(">HBBI", 0, 8, 1, 5) + b"123"), "expected 5 bytes of data, got 3 or more"),
    "data left over": (
        compressed(struct.pack(">HBBI", 0, 8, 1, 5) + b"12345678"),
        "expected 5 bytes of data, got 6 or more",
    ),
    "header cut": (
        compressed(struct.pack(">HBBI", 0, 8, 3, 5)),
        "expected a whole IDX file, compressed by gzip: unpack requires",
    ),
}


@pytest.mark.parametrize("kind", IDX_DAMAGE)
def test_damaged_idx_is_refused(tmp_path: Path, kind: str) -> None:
    inflict, message = IDX_DAMAGE[kind]
    inflict(tmp_path / "x.gz")
    with pytest.raises(ValueError, match=re.escape(f"{tmp_path}/x.gz: {message}")):
        read_idx(tmp_path / "x.gz")


IMAGES, LABELS = np.zeros((32, 32, 3, 4), np.uint8), np.array([[1], [2], [10], [3]], np.uint8)


def mat(**arrays: object) -> Callable[[Path], object]:
    return lambda path: savemat(path, arrays)


def cut_mat(path: Path) -> None:
    savemat(path, {"X": IMAGES, "y": LABELS}, do_compression=True)
    path.write_bytes(path.read_bytes()[:-40])


MAT_DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "expected a whole MATLAB 5 file: "),
    "noise": (lambda path: path.write_bytes(b"noise" * 100), "expected a whole MATLAB 5 file: "),
    "cut short": (cut_mat, "expected a whole MATLAB 5 file: "),
    "no labels": (mat(X=IMAGES), "expected X of shape (32, 32, 3, N) and y (N, 1), got (32, 32, 3, 4) and (0,)"),
    "no pictures": (mat(y=LABELS), "expected X of shape (32, 32, 3, N) and y (N, 1), got (0,) and (4, 1)"),
    "other shape": (
        mat(X=IMAGES.T.copy(), y=LABELS),
        "expected X of shape (32, 32, 3, N) and y (N, 1), got (4, 3, 32, 32) and (4, 1)",
    ),
    "fewer labels": (
        mat(X=IMAGES, y=LABELS[:3]),
        "expected X of shape (32, 32, 3, N) and y (N, 1), got (32, 32, 3, 4) and (3, 1)",
    ),
    "label 0": (mat(X=IMAGES, y=LABELS * 0), "expected labels 1 to 10, got 0 to 0"),
    "label 11": (mat(X=IMAGES, y=LABELS + np.uint8(1)), "expected labels 1 to 10, got 2 to 11"),
}


@pytest.mark.parametrize("kind", MAT_DAMAGE)
def test_damaged_mat_is_refused(tmp_path: Path, kind: str) -> None:
    inflict, message = MAT_DAMAGE[kind]
    inflict(tmp_path / "x.mat")
    with pytest.raises(ValueError, match=re.escape(f"{tmp_path}/x.mat: {message}")):
        read_mat(tmp_path / "x.mat")
