"""Named directions of every block of Z for sliders: computed when asked for, or once and stored beside the model."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from mfm_core.config import Config
from mfm_core.files.writing import write_whole
from mfm_core.interpretation.named_directions import named_directions
from mfm_core.model import MFM
from mfm_core.storage.browser import export_model
from mfm_core.storage.codes import Codes
from mfm_core.storage.identity import block_bytes
from mfm_core.storage.models import DIRECTIONS

N_DIRECTIONS = 8
MADE_AS = 2
"""How directions are ranked and named; those that were made otherwise are not used again."""
MAX_BYTES = 1_000_000
DIGITS = 5
"""Decimal places of vectors and effects."""


class SliderDirections(Config):
    """Directions of one block of Z, the strongest first.

    Attributes:
        vectors: ``k`` orthonormal directions of ``d`` numbers.
        effects: Root mean square change of a pixel a unit step, in units of its range [0, 1].
        names: The attribute that rises along each, or None.
        correlations: Of that attribute, or of the one that moves most, with the amount moved.
    """

    vectors: tuple[tuple[float, ...], ...]
    effects: tuple[float, ...]
    names: tuple[str | None, ...]
    correlations: tuple[float, ...]


class StoredDirections(Config):
    """Content of ``directions.json`` in the folder of a model.

    Attributes:
        format_version: Of this layout.
        of: Hash of the weights and codes that they were made of, see :func:`identity`.
        blocks: Directions of each block of Z.
    """

    format_version: Literal[1] = 1
    of: Annotated[str, Field(pattern="^[0-9a-f]{24}$")]
    blocks: dict[str, SliderDirections]


def identity(weights: bytes, codes: Codes) -> str:
    """Hash of all that directions depend on: another after a model was trained again.

    Args:
        weights: Of the generative half, as :func:`export_model` gives them.
        codes: Where the directions are ranked.
    """
    whole = hashlib.sha256(str(MADE_AS).encode())
    for content in (weights, *block_bytes(codes)):
        whole.update(content)
    return whole.hexdigest()[:24]


def slider_directions(model: MFM, codes: Codes) -> dict[str, SliderDirections]:
    """Rank and name the directions of every block of Z, which takes seconds.

    Args:
        model: An MFM of images.
        codes: Of held-out samples, where directions are ranked.
    """
    return {factor: _of_block(model, codes, factor) for factor in model.sizes}


def _of_block(model: MFM, codes: Codes, factor: str) -> SliderDirections:
    n = min(N_DIRECTIONS, model.sizes[factor])
    found, names = named_directions(model, codes.latents, factor=factor, n_directions=n)
    return SliderDirections(
        vectors=tuple(tuple(round(x, DIGITS) for x in vector) for vector in found.vectors.tolist()),
        effects=tuple(round(effect, DIGITS) for effect in found.effects.tolist()),
        names=tuple(named.name for named in names),
        correlations=tuple(round(named.correlation, 3) for named in names),
    )


def save_directions(model: MFM, codes: Codes, folder: Path) -> StoredDirections:
    """Compute directions and store them beside the weights and codes that they are of.

    Raises:
        ValueError: If the model is none of images.
        OSError: If the file cannot be written, in one sentence.
    """
    stored = StoredDirections(of=identity(export_model(model).weights, codes), blocks=slider_directions(model, codes))
    write_whole(folder / DIRECTIONS, stored.model_dump_json(indent=1) + "\n")
    return stored


def load_directions(folder: Path) -> StoredDirections | None:
    """The directions that are stored with a model, of whatever weights; None where none are.

    Raises:
        ValueError: If the file is damaged, in one sentence.
    """
    path = folder / DIRECTIONS
    return StoredDirections.read(path, MAX_BYTES) if path.is_file() else None
