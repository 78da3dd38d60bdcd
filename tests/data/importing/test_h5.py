"""Published HDF5 tensors: what was written is what is read, and what is damaged or hostile is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from mfm_core.data.importing.h5 import read_tensors_of
from tests.data import features, videos


def test_published_tensors_come_back_and_a_split_may_lack_a_modality(tmp_path: Path) -> None:
    arrays = videos.published("ict_mmmo")
    parts = read_tensors_of(features.write_h5(tmp_path, arrays))
    assert set(parts["train"].modalities) == {"acoustic", "visual"}
    np.testing.assert_array_equal(parts["validation"].modalities["language"], arrays["text_valid"])
    np.testing.assert_array_equal(parts["test"].modalities["visual"], arrays["visual_test"])
    np.testing.assert_array_equal(parts["train"].labels, arrays["y_train"])


def external_link(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["d1"] = h5py.ExternalLink("/etc/passwd", "d1")


def external_storage(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("d1", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def huge(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("d1", (10**6, 10**6), "f4", chunks=(64, 64), compression="gzip")


def objects(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("d1", (2,), h5py.string_dtype())


def group(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("d1")


H5_DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda p: p.unlink(), "no such file"),
    "empty": (lambda p: p.write_bytes(b""), "expected a whole HDF5 file"),
    "noise": (lambda p: p.write_bytes(b"noise" * 100), "expected a whole HDF5 file"),
    "cut short": (lambda p: p.write_bytes(p.read_bytes()[:-300]), "expected a whole HDF5 file"),
    "other key": (
        lambda p: features.write_h5(p.parent, {"y_test": np.ones(3)}, "data"),
        "expected the key 'd1', got data",
    ),
    "a group": (group, "expected the table 'd1', got a group"),
    "a link to another file": (external_link, "d1: expected a part of the file itself, got a link"),
    "numbers in another file": (external_storage, "expected a table in the file itself, got one that refers to other"),
    "too large": (huge, "d1: expected at most 1000000000 bytes, got 4000000000000"),
    "objects": (objects, "d1: expected numbers or text, got object of shape (2,)"),
    "NaN": (lambda p: features.write_h5(p.parent, {"y_test": np.full(6, np.nan)}), "expected finite labels"),
    "text": (lambda p: features.write_h5(p.parent, {"y_test": np.array([b"a"])}), "expected numbers, got |S1"),
}


@pytest.mark.parametrize("kind", H5_DAMAGE)
def test_damaged_hdf5_is_refused(tmp_path: Path, kind: str) -> None:
    inflict, message = H5_DAMAGE[kind]
    paths = features.write_h5(tmp_path, videos.published("pom"))
    inflict(tmp_path / "y_test.h5")
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(message)):
        read_tensors_of(paths)


def test_tensors_under_other_names_or_without_labels_are_refused(tmp_path: Path) -> None:
    paths = features.write_h5(tmp_path, videos.published("pom"))
    with pytest.raises(ValueError, match=r"expected y_valid.h5 among the files, got audio_test, audio_train"):
        read_tensors_of([path for path in paths if path.stem != "y_valid"])
    with pytest.raises(ValueError, match=r"expected a name such as audio_train.h5"):
        read_tensors_of([paths[0].rename(tmp_path / "sound.h5")])
