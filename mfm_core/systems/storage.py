"""Fitted systems as folders: ``config.json`` with what a system is and ``weights.safetensors`` with what it learnt."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

from pydantic import BaseModel, JsonValue, ValidationError

from mfm_core.config import Config
from mfm_core.files.tensors import read_header, read_tensors, write_tensors
from mfm_core.storage.folder import CONFIG, StoredModel, model_folder, read_text
from mfm_core.storage.models import load_discriminative, load_pretrained, save_model
from mfm_core.storage.scaling import SCALING, load_scaling, save_scaling
from mfm_core.systems.base import DataSpec, System
from mfm_core.systems.parts.family import FamilyConfig, StoredAsModel
from mfm_core.systems.registry import find_system, read_config

WEIGHTS = "weights.safetensors"
MAX_CONFIG_BYTES = 1_000_000


class StoredSystem(Config):
    """Content of ``config.json`` of a stored system.

    Attributes:
        format_version: Version of this layout; 1 is that of stored models.
        system: Name in the registry.
        config: The system's configuration.
        data: What it reads and predicts.
    """

    format_version: Literal[2]
    system: str
    config: dict[str, JsonValue]
    data: DataSpec


def save(system: System, folder: str | Path) -> None:
    """Store a fitted system; of MFM, UM and MM as a model, which :func:`mfm_core.load_pretrained` reads too.

    Args:
        system: Any fitted system.
        folder: Where to; made if need be.
    """
    folder = Path(folder)
    config = system.config.model_dump(mode="json")
    if isinstance(system, StoredAsModel):
        name, date = system.info.title, datetime.now(UTC).date().isoformat()
        card = f"# {folder.name}\n\n{name}, fitted to a data set of one's own. Not evaluated.\n"
        save_model(system.model, folder, run={"fitted": config, "date": date}, card=card)
        (folder / SCALING).unlink(missing_ok=True)
        if system.scaling:
            save_scaling(system.scaling, folder)
        return
    folder.mkdir(parents=True, exist_ok=True)
    stored = StoredSystem(format_version=2, system=system.config.system, config=config, data=system.spec)
    write_tensors(system.state(), folder / WEIGHTS)
    (folder / CONFIG).write_text(stored.model_dump_json(indent=2) + "\n", encoding="utf-8")


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
    model = (load_pretrained if stored.kind == "mfm" else load_discriminative)(folder)
    scaling = load_scaling(folder) if stored.model.sequences else {}
    fitted = stored.run.get("fitted")
    name = "mfm" if stored.kind == "mfm" else "um" if len(stored.model.modalities) == 1 else "mm"
    system = find_system(name)
    if not issubclass(system, StoredAsModel):
        raise ValueError(f"system: expected one that is stored as a model, got {name}")  # noqa: TRY004
    config = read_config({**fitted, "system": name}) if isinstance(fitted, dict) else system.Config()  # type: ignore[call-arg]
    return system.from_model(cast(FamilyConfig, config), model, scaling)
