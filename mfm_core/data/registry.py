"""The registry of data sets, and the folder that real data lies in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pooch

from mfm_core.data.dataset import Dataset


def data_folder() -> Path:
    """Where real data lies: the folder that ``MFM_DATA`` names, else the user's cache folder."""
    named = os.environ.get("MFM_DATA")
    return Path(named) if named else Path(pooch.os_cache("mfm"))


def read_arrays(name: str, members: tuple[str, ...]) -> dict[str, npt.NDArray[np.generic]]:
    """Read arrays from ``<data folder>/<name>.npz``, without unpickling anything.

    Raises:
        FileNotFoundError: If the file is not there; the message says how to get it.
        ValueError: If the file lacks one of ``members``.
    """
    path = data_folder() / f"{name}.npz"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; set MFM_DATA to the folder that holds it, "
            f"or run: python -m mfm_core data fetch {name}"
        )
    with np.load(path, allow_pickle=False) as archive:
        if missing := [member for member in members if member not in archive.files]:
            raise ValueError(f"{path}: expected arrays {', '.join(members)}, missing {', '.join(missing)}")
        return {member: archive[member] for member in members}


_registry: dict[str, Callable[[], Dataset]] = {}


def register(name: str) -> Callable[[Callable[[], Dataset]], Callable[[], Dataset]]:
    """Enter a loader into the registry under ``name``."""

    def enter(loader: Callable[[], Dataset]) -> Callable[[], Dataset]:
        _registry[name] = loader
        return loader

    return enter


def dataset_names() -> tuple[str, ...]:
    """Names that :func:`load_dataset` knows."""
    return tuple(_registry)


def load_dataset(name: str) -> Dataset:
    """Load a data set by name from the data folder; sets that the user imported under other names are known too.

    Raises:
        ValueError: If the name is unknown.
        FileNotFoundError: If its files are not there.
    """
    if name not in _registry:
        from mfm_core.data.importing import imported  # which is made of this module

        if (dataset := imported.load(name)) is not None:
            return dataset
        raise ValueError(f"name: expected one of {', '.join(_registry)}, got {name!r}")
    return _registry[name]()
