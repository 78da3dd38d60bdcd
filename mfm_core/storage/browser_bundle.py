"""Everything that sliders in a browser need of one stored model, made once and kept in files named by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch

from mfm_core.config import Config
from mfm_core.files.writing import write_once
from mfm_core.interpretation.named_directions import named_directions
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.browser import BrowserModel, BrowserNetwork, export_judge, export_model
from mfm_core.storage.codes import Codes

N_DIRECTIONS = 8
MADE_AS = 2
"""How directions are ranked and named; a bundle that was made otherwise is not used again."""

MAX_BUNDLE_BYTES = 4_000_000
_DIGITS = 5


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


class BrowserBundle(Config):
    """A model for sliders in a browser.

    Attributes:
        format_version: Of this layout.
        key: A hash of the weights and codes it was made of.
        model: The generative half.
        judges: Independent classifiers by modality, those that are stored.
        directions: Of each block of Z.
        means: Mean Z_y of the codes of each class, ``(n_labels, d_y)``; empty for scores, or where a class has none.
    """

    format_version: Literal[1] = 1
    key: str
    model: BrowserModel
    judges: dict[str, BrowserNetwork]
    directions: dict[str, SliderDirections]
    means: tuple[tuple[float, ...], ...]


def browser_bundle(model: MFM, codes: Codes, judges: Mapping[str, Discriminative], folder: Path) -> BrowserBundle:
    """Export a model for the browser into a folder; what lies there of the same weights and codes is used again.

    Args:
        model: An MFM of images.
        codes: Of held-out pairs: where directions are ranked, and what the mean Z_y of a class is taken of.
        judges: Classifiers of one modality each, by modality.
        folder: Where the files go.

    Returns:
        The bundle; it also lies in the folder as ``KEY.bundle.json``, beside the files of weights that it names.

    Raises:
        ValueError: If the model cannot be exported, see :func:`export_model`.
        OSError: If the folder cannot be written.
    """
    exported = export_model(model)
    judged = {name: export_judge(judge) for name, judge in judges.items()}
    exported.write(folder)
    for one in judged.values():
        one.write(folder)
    key = _key(codes, exported.weights, *(one.weights for one in judged.values()))
    path = folder / f"{key}.bundle.json"
    if path.exists():
        return BrowserBundle.read(path, MAX_BUNDLE_BYTES)
    bundle = BrowserBundle(
        key=key,
        model=exported.description,
        judges={name: one.description for name, one in judged.items()},
        directions={factor: _directions(model, codes, factor) for factor in model.sizes},
        means=_means(model, codes),
    )
    write_once(path, bundle.model_dump_json().encode())
    return bundle


def _key(codes: Codes, *weights: bytes) -> str:
    whole = hashlib.sha256(str(MADE_AS).encode())
    for content in (*weights, *(block.numpy().tobytes() for block in codes.latents.blocks().values())):
        whole.update(content)
    return whole.hexdigest()[:24]


def _directions(model: MFM, codes: Codes, factor: str) -> SliderDirections:
    n = min(N_DIRECTIONS, model.sizes[factor])
    found, names = named_directions(model, codes.latents, factor=factor, n_directions=n)
    return SliderDirections(
        vectors=tuple(tuple(round(x, _DIGITS) for x in vector) for vector in found.vectors.tolist()),
        effects=tuple(round(effect, _DIGITS) for effect in found.effects.tolist()),
        names=tuple(named.name for named in names),
        correlations=tuple(round(named.correlation, 3) for named in names),
    )


def _means(model: MFM, codes: Codes) -> tuple[tuple[float, ...], ...]:
    label = model.config.label
    if label.kind != "classes" or set(codes.labels.tolist()) != set(range(label.size)):
        return ()
    means = torch.stack([codes.latents.y[codes.labels == k].mean(0) for k in range(label.size)])
    return tuple(tuple(round(x, _DIGITS) for x in mean) for mean in means.tolist())
