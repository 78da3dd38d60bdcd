"""Names of blocks of Z and of modalities on a page."""

from __future__ import annotations

from collections.abc import Sequence

from mfm_core.data.registry import modality_info


def title(modality: str) -> str:
    """A modality in a heading: by the data set that it is, where pairs are made of one."""
    info = modality_info(modality)
    return modality.replace("_", " ").capitalize() if info is None else info.title


def meaning(factor: str, label: str) -> str:
    """Meaning of a block of Z.

    Args:
        factor: The block.
        label: What the label of the model is, a noun.
    """
    if factor == "y":
        return f"the {label}"
    info = modality_info(factor)
    return f"style of {title(factor)}" if info is None else info.style


def plain(factor: str) -> str:
    """A block of Z in running text."""
    return "Z_y" if factor == "y" else f"Z_a of {title(factor)}"


def factors(modalities: Sequence[str], label: str) -> dict[str, str]:
    """Every block of Z and what it is called on a button; ``label`` as for :func:`meaning`."""
    return {factor: meaning(factor, label) for factor in ("y", *modalities)}


STREAMS = {
    "language": "the words",
    "acoustic": "the voice",
    "visual": "the face",
    "timing": "when the words are said",
}
HUES = ("a0", "a1", "a2", "a3")
"""Classes of the elements that give the modalities their colours, in order; see ``elements/common.css``."""


def stream(modality: str) -> str:
    """Content of a modality of spoken videos."""
    return STREAMS.get(modality, "")


def hue(place: int) -> str:
    """The colour of the modality at a place in their order."""
    return HUES[place % len(HUES)]


def generating(modalities: Sequence[str]) -> dict[str, str]:
    """Every F and what it is called on a button of pages about spoken videos."""
    return {"y": "shared factor"} | {name: f"{title(name).lower()} factor" for name in modalities}


def plain_f(factor: str) -> str:
    """An F in running text."""
    return "F_y" if factor == "y" else f"F_a of {title(factor).lower()}"
