"""What blocks of Z and modalities are called on a page."""

from __future__ import annotations

from collections.abc import Sequence

TITLES = {"svhn": "SVHN", "mnist": "MNIST"}
STYLES = {"svhn": "house-number style", "mnist": "handwriting"}


def title(modality: str) -> str:
    """A modality in a heading."""
    return TITLES.get(modality, modality.replace("_", " ").capitalize())


def meaning(factor: str) -> str:
    """What a block of Z should hold."""
    return "the digit" if factor == "y" else STYLES.get(factor, f"style of {title(factor)}")


def plain(factor: str) -> str:
    """A block of Z in running text."""
    return "Z_y" if factor == "y" else f"Z_a of {title(factor)}"


def factors(modalities: Sequence[str]) -> dict[str, str]:
    """Every block of Z and what it is called on a button."""
    return {factor: meaning(factor) for factor in ("y", *modalities)}
