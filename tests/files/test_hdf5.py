"""Parts of an HDF5 file whose names are no text are named in a sentence, and nothing is found by such a name."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest

from mfm_core.files.hdf5 import group, members, opened, table


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    path = tmp_path / "odd.h5"
    with h5py.File(path, "w") as file:
        file.create_group("plain").create_dataset(b"x\x80", data=[1.0])
    return path


def test_names_that_are_no_text_are_spelt(odd: Path) -> None:
    with opened(odd) as file:
        inside = group(file, "plain", "odd")
        assert members(inside) == ["x\\x80"]
        with pytest.raises(ValueError, match=r"^odd: expected the key 'features', got x\\x80$"):
            table(inside, "features", "odd")
        with pytest.raises(ValueError, match=r"^odd: expected the key 'x\\\\x80', got x\\x80$"):
            table(inside, members(inside)[0], "odd")
