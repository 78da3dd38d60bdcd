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
    return "the digit, shared" if factor == "y" else STYLES.get(factor, f"style of {title(factor)}")


def symbol(factor: str) -> str:
    """A block of Z in running text (Markdown)."""
    return "$Z_y$" if factor == "y" else rf"$Z_a$ {title(factor)}"


def plain(factor: str) -> str:
    """A block of Z where no mathematics can be set."""
    return "Z_y" if factor == "y" else f"Z_a of {title(factor)}"


def factors(modalities: Sequence[str]) -> dict[str, str]:
    """Every block of Z and what it is called on a button."""
    return {"y": "$Z_y$ · digit"} | {name: f"$Z_a$ · {title(name)}" for name in modalities}
