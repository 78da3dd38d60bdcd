"""Manifest of the shipped models: the SHA-256 of every file, to tell a damaged or changed one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from mfm_core.config import Config
from mfm_core.files.writing import write_whole
from mfm_core.storage.folder import MAX_TEXT_BYTES

MANIFEST = "manifest.json"


class Manifest(Config):
    """Content of ``manifest.json`` in the folder of all stored models.

    Attributes:
        format_version: Version of this layout.
        files: SHA-256 of each file, by its path from that folder.
    """

    format_version: Literal[1] = 1
    files: dict[str, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]


def take_inventory(folder: Path) -> Manifest:
    """Compute the manifest of the files that a folder of stored models holds now.

    Args:
        folder: The folder; hidden files and the manifest itself are left out.

    Raises:
        OSError: If a file cannot be read.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in paths]
    return Manifest(
        files={
            name: _digest(folder / name)
            for name in names
            if name != MANIFEST and not any(part.startswith(".") for part in name.split("/"))
        }
    )


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder of stored models.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is damaged, in one sentence.
    """
    return Manifest.read(folder / MANIFEST, MAX_TEXT_BYTES)


def write_manifest(folder: Path) -> Path:
    """Write the manifest of what a folder of stored models holds now, and return its path."""
    path = folder / MANIFEST
    write_whole(path, take_inventory(folder).model_dump_json(indent=1) + "\n")
    return path


def differences(folder: Path) -> dict[str, str]:
    """Compare a folder of stored models with its manifest.

    Args:
        folder: The folder.

    Returns:
        A sentence for each file that is missing, unknown or another than when the manifest was written, by its path.

    Raises:
        FileNotFoundError: If there is no manifest.
        ValueError: If the manifest is damaged.
        OSError: If a file cannot be read.
    """
    wanted, found = read_manifest(folder).files, take_inventory(folder).files
    sentences = {}
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            sentences[name] = f"{folder / name}: missing"
        elif name not in wanted:
            sentences[name] = f"{folder / name}: expected no such file, for the manifest does not name it"
        elif wanted[name] != found[name]:
            sentences[name] = (
                f"{folder / name}: expected SHA-256 {wanted[name][:12]}…, got {found[name][:12]}…; "
                "the file was changed or damaged"
            )
    return sentences


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
