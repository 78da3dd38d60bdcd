"""Which models are stored, and of what kind each is, known without loading any."""

from __future__ import annotations

import os
from pathlib import Path

import mfm_core as mfm
from mfm_core.config import ImageModality
from mfm_core.storage.folder import CONFIG, PRETRAINED, StoredModel

TITLES = {
    "svhn_mnist": "SVHN-MNIST, digits",
    "studio_language_led": "studio clips, language-led",
    "studio_balanced": "studio clips, balanced",
    "studio_face_led": "studio clips, face-led",
    "ict_mmmo": "ICT-MMMO, real reviews",
    "cmu_mosi": "CMU-MOSI, real opinions",
}
"""Titles of the project's models on a page, in the order in which they are offered."""


def stored_as(name: str) -> str:
    """Name of a stored model, or its folder where ``MFM_PRETRAINED`` names another place than the repository's."""
    place = os.environ.get("MFM_PRETRAINED")
    return os.path.join(place, name) if place else name  # noqa: PTH118 - mfm_core takes a name or a path as text


def elsewhere() -> bool:
    """Whether ``MFM_PRETRAINED`` names another place than the repository's."""
    return bool(os.environ.get("MFM_PRETRAINED"))


def title(name: str) -> str:
    """A model in a list."""
    return TITLES.get(name, name.replace("_", " "))


def models() -> tuple[str, ...]:
    """Names of all stored MFMs."""
    return tuple(name for name, _ in _stored())


def sequence_models() -> tuple[str, ...]:
    """Names of the stored MFMs of sequences."""
    return tuple(
        name
        for name, config in _stored()
        if not any(isinstance(modality, ImageModality) for modality in config.modalities.values())
    )


def image_models() -> tuple[str, ...]:
    """Names of the stored MFMs of images."""
    of_sequences = sequence_models()
    return tuple(name for name in models() if name not in of_sequences)


def _stored() -> list[tuple[str, mfm.ModelConfig]]:
    place = os.environ.get("MFM_PRETRAINED")
    found = {}
    for path in sorted(Path(place or PRETRAINED).glob(f"*/{CONFIG}")):
        try:
            stored = StoredModel.of_folder(path.parent)
        except (OSError, ValueError):
            continue
        if stored.kind == "mfm":
            found[path.parent.name] = stored.model
    order = list(TITLES)
    return sorted(found.items(), key=lambda one: (order.index(one[0]) if one[0] in TITLES else len(order), one[0]))
