"""Download of real data from the data sets' own addresses, checked and stored as the loaders read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pooch

from mfm_core.data.registry import Recipe, Source, dataset_infos
from mfm_core.files.writing import replaced

Downloader = Callable[[str, Any, Any], bool | None]


def recipes_of_sets() -> dict[str, Recipe]:
    """How to download each data set that can be downloaded."""
    return {info.name: info.recipe for info in dataset_infos() if info.recipe is not None}


def fetch(
    name: str, folder: Path, *, recipes: Mapping[str, Recipe] | None = None, downloader: Downloader | None = None
) -> Path:
    """Download a data set and store it as ``<folder>/<name>.npz``; do nothing if it is there.

    What was downloaded stays in ``<folder>/downloads``, and is used again if its checksum is right.

    Args:
        name: One of ``recipes``.
        folder: The data folder; made if need be.
        recipes: What can be fetched; by default what the registry of data sets knows.
        downloader: One of pooch's, for instance with a progress bar.

    Returns:
        The path of the file.

    Raises:
        ValueError: If the name is unknown, or a file is not the expected one; such a file is not kept.
        ConnectionError: If an address cannot be reached.
    """
    recipes = recipes_of_sets() if recipes is None else recipes
    if name not in recipes:
        raise ValueError(f"name: expected one of {', '.join(recipes)}, got {name!r}")
    path = folder / f"{name}.npz"
    if path.is_file():
        return path
    recipe = recipes[name]
    arrays = recipe.convert([_download(source, folder / "downloads", downloader) for source in recipe.sources])
    with replaced(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return path


def _download(source: Source, folder: Path, downloader: Downloader | None) -> Path:
    try:
        name = source.url.rpartition("/")[2]
        found = pooch.retrieve(source.url, f"sha256:{source.sha256}", name, folder, downloader=downloader)
    except OSError as error:
        # The errors of requests, which pooch downloads with, carry no error number; those of a disk do.
        if error.errno is not None:
            raise
        reason = type(error).__name__
        raise ConnectionError(f"{source.url}: could not be downloaded ({reason}); is there a network?") from None
    except ValueError:
        raise ValueError(
            f"{source.url}: expected a file of SHA-256 {source.sha256}, got another, which was not kept"
        ) from None
    return Path(found)
