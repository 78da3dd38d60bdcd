"""Folders of stored models: where one lies and what it says of itself, before its weights are read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, Self, cast, get_args

from pydantic import Field, JsonValue

from mfm_core.arguments import path_of
from mfm_core.config import Config, ModelConfig
from mfm_core.data.dataset import Unit
from mfm_core.data.registry import DatasetInfo, dataset_info, dataset_names

PRETRAINED = Path(__file__).resolve().parents[2] / "pretrained"
CONFIG = "config.json"
MAX_MODALITIES = 6  # the surrogates are 2^M - 2
MAX_TEXT_BYTES = 1_000_000


class StoredModel(Config):
    """Content of ``config.json`` of a stored model.

    Attributes:
        format_version: Version of this layout.
        kind: What the weights belong to: :class:`MFM`, or :class:`Discriminative` (a baseline or a judge).
        title: Name in a list of models; where empty, that of the data set that it was trained on, or of its folder.
        about: What it is for, a sentence; may be empty.
        model: The architecture.
        run: Where the weights come from: configuration of the run, command, seed, date; the name of the ``data`` set
            that they were trained on, unless the configuration has it, and the ``unit`` of its steps.
    """

    format_version: Literal[1]
    kind: Literal["mfm", "discriminative"]
    title: Annotated[str, Field(max_length=80)] = ""
    about: Annotated[str, Field(max_length=400)] = ""
    model: ModelConfig
    run: dict[str, JsonValue]

    @property
    def data(self) -> str:
        """Name of the data set that the weights were trained on; empty where none is stored."""
        configuration = self.run.get("configuration")
        name = self.run.get("data", configuration.get("data") if isinstance(configuration, dict) else None)
        return name if isinstance(name, str) else ""

    @property
    def dataset(self) -> DatasetInfo:
        """Description of that data set; where the registry has none of its name, its name and the unit of its steps."""
        if self.data in dataset_names():
            return dataset_info(self.data)
        if self.model.images:
            return DatasetInfo(self.data, title=self.data)
        known = dataset_info(self.data)
        unit = self.run.get("unit")
        return replace(known, unit=cast(Unit, unit)) if unit in get_args(Unit) else known

    @classmethod
    def of_folder(cls, folder: Path) -> Self:
        """Read the ``config.json`` of a stored model.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If it is damaged, or asks for more than any model of ours has, in one sentence.
        """
        stored = cls.read(folder / CONFIG, MAX_TEXT_BYTES)
        check_bounded(stored.model, str(folder / CONFIG))
        return stored


def check_bounded(config: ModelConfig, source: str) -> None:
    """Refuse an architecture of too many modalities, before a network is built, even one without numbers in it.

    Args:
        config: The architecture.
        source: Where it came from, for the message.

    Raises:
        ValueError: If there are more than any model of ours has.
    """
    if (n := len(config.modalities)) > MAX_MODALITIES:
        raise ValueError(f"{source}: model.modalities: expected at most {MAX_MODALITIES}, got {n}")


def pretrained_names() -> tuple[str, ...]:
    """Names of the models in the repository's ``pretrained`` folder, sorted."""
    return tuple(sorted(path.parent.name for path in PRETRAINED.glob(f"*/{CONFIG}") if _is_name(path.parent.name)))


def _is_name(text: str) -> bool:
    return re.fullmatch("[a-z0-9_]+", text) is not None


def model_folder(name_or_folder: str | Path) -> Path:
    """The folder that a pretrained name, or a path, means.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it is neither text nor a path.
    """
    if isinstance(name_or_folder, str) and _is_name(name_or_folder):
        folder = PRETRAINED / name_or_folder
        if folder.is_dir():
            return folder
    folder = path_of("name_or_folder", name_or_folder)  # also one beside the script, of a name as plain as ours
    # An empty string would be the current folder.
    if not (name_or_folder and folder.is_dir()):
        known = ", ".join(pretrained_names()) or "no names yet"
        raise FileNotFoundError(
            f"name_or_folder: expected one of {known}, or the folder of a stored model, got {str(name_or_folder)!r}"
        )
    return folder


def read_text(path: Path) -> str:
    """Read a small UTF-8 file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is too large or not UTF-8.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if (size := path.stat().st_size) > MAX_TEXT_BYTES:
        raise ValueError(f"{path}: expected at most {MAX_TEXT_BYTES} bytes, got {size}")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected UTF-8 text, got byte {error.object[error.start]:#04x}") from None
