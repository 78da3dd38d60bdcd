"""Small made-up data sets, in files of the layout that the loaders read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, in use."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("MFM_DATA", str(folder))
    return folder


@pytest.fixture
def digits(data_folder: Path) -> Path:
    """A data folder with 400 SVHN-like digits of 200 photographs and 6,000 MNIST-like digits of random pixels."""
    random = np.random.default_rng(0)
    n = 400
    np.savez(
        data_folder / "svhn.npz",
        images=random.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8),
        labels=(np.arange(n) % 10).astype(np.uint8),
        split=(np.arange(n) >= 200).astype(np.uint8),
        number_image=np.arange(n, dtype=np.int32) % 200 // 2 + 1,
    )
    n = 6000
    np.savez(
        data_folder / "mnist.npz",
        images=random.integers(0, 256, (n, 28, 28), dtype=np.uint8),
        labels=(np.arange(n) % 10).astype(np.uint8),
        split=(np.arange(n) >= 5500).astype(np.uint8),
    )
    return data_folder
