"""Fitted systems as folders: ``config.json`` with what a system is and ``weights.safetensors`` with what it learnt."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ValidationError

from mfm_core.arguments import expect, path_of
from mfm_core.files.tensors import read_header, read_tensors
from mfm_core.files.writing import disk_errors
from mfm_core.storage.folder import CONFIG, StoredModel, model_folder, read_text
from mfm_core.systems.base import WEIGHTS, StoredSystem, System
from mfm_core.systems.registry import find_system, read_config, system_names

MAX_CONFIG_BYTES = 1_000_000


def save(system: System, folder: str | Path) -> None:
    """Store a fitted system; of MFM, UM and MM as a model, which :func:`mfm_core.load_pretrained` reads too.

    Args:
        system: Any fitted system.
        folder: Where to; made if need be.

    Raises:
        ValueError: If ``system`` is none.
        OSError: If the folder cannot be made or a file in it not be written, in one sentence.
    """
    place = path_of("folder", folder)
    fitted = expect("system", system, System)  # type: ignore[type-abstract]
    with disk_errors(place):
        place.mkdir(parents=True, exist_ok=True)
    fitted.save(place)


def load(name_or_folder: str | Path) -> System:
    """Load a stored system.

    Args:
        name_or_folder: A folder that :func:`save` wrote, or a name of the pretrained folder: a stored MFM is the system
            ``mfm``, a stored classifier ``um`` or ``mm``.

    Raises:
        FileNotFoundError: If the folder or a file in it is missing.
        ValueError: If a file is damaged or does not fit the others, in one sentence that names it.
    """
    folder = model_folder(name_or_folder)
    try:
        if _version(read_text(folder / CONFIG)) == 1:
            return _load_model(folder)
        stored = StoredSystem.read(folder / CONFIG, MAX_CONFIG_BYTES)
        state = read_tensors(folder / WEIGHTS, read_header(folder / WEIGHTS).specs)
        return find_system(stored.system).from_state(read_config(stored.config), stored.data, state)
    except ValueError as error:
        begun = str(error).startswith(str(folder))
        raise ValueError(str(error) if begun else f"{folder}: {error}") from None


class _Version(BaseModel):
    format_version: int = 0


def _version(text: str) -> int:
    try:
        return _Version.model_validate_json(text).format_version
    except ValidationError:
        return 0


def _load_model(folder: Path) -> System:
    stored = StoredModel.of_folder(folder)
    for name in system_names():
        if (system := find_system(name)).reads_back(stored):
            return system.load_model(folder, stored)
    raise ValueError(f"kind: expected a kind of model that a system is stored as, got {stored.kind!r}")
