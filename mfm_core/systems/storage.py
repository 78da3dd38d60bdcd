"""Fitted systems as folders: ``config.json`` with what a system is and ``weights.safetensors`` with what it learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from mfm_core.config import Config
from mfm_core.files.tensors import read_header, read_tensors, write_tensors
from mfm_core.storage.folder import CONFIG, model_folder
from mfm_core.systems.base import DataSpec, System
from mfm_core.systems.registry import find_system, read_config

WEIGHTS = "weights.safetensors"
MAX_CONFIG_BYTES = 1_000_000


class StoredSystem(Config):
    """Content of ``config.json`` of a stored system.

    Attributes:
        format_version: Version of this layout; 1 is that of stored models of MFM.
        system: Name in the registry.
        config: The system's configuration.
        data: What it reads and predicts.
    """

    format_version: Literal[2]
    system: str
    config: dict[str, JsonValue]
    data: DataSpec


def save(system: System, folder: str | Path) -> None:
    """Store a fitted system.

    Args:
        system: Any fitted system.
        folder: Where to; made if need be.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config = system.config.model_dump(mode="json")
    stored = StoredSystem(format_version=2, system=system.config.system, config=config, data=system.spec)
    write_tensors(system.state(), folder / WEIGHTS)
    (folder / CONFIG).write_text(stored.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load(name_or_folder: str | Path) -> System:
    """Load a stored system.

    Args:
        name_or_folder: A folder that :func:`save` wrote, or a name of the pretrained folder.

    Raises:
        FileNotFoundError: If the folder or a file in it is missing.
        ValueError: If a file is damaged or does not fit the others, in one sentence that names it.
    """
    folder = model_folder(name_or_folder)
    stored = StoredSystem.read(folder / CONFIG, MAX_CONFIG_BYTES)
    path = folder / WEIGHTS
    state = read_tensors(path, read_header(path).specs)
    try:
        return find_system(stored.system).from_state(read_config(stored.config), stored.data, state)
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from None
