"""Names of blocks of Z and of modalities on a page."""

from __future__ import annotations

from collections.abc import Sequence

from mfm_core.data.registry import DatasetInfo, modality_info


def title(modality: str, dataset: DatasetInfo | None = None) -> str:
    """A modality in a heading: as its data set describes it, or by the data set that it is, in pairs of two."""
    return modality_info(modality, dataset).title


def meaning(factor: str, label: str) -> str:
    """Meaning of a block of Z.

    Args:
        factor: The block.
        label: What the label of the model is, a noun.
    """
    return f"the {label}" if factor == "y" else modality_info(factor).style


def shown_in(label: str) -> str:
    """Name what a picture of a modality shows, a noun; ``label`` as for :func:`meaning`."""
    return "picture" if label == DatasetInfo.label else label


def plain(factor: str) -> str:
    """A block of Z in running text."""
    return "Z_y" if factor == "y" else f"Z_a of {title(factor)}"


def factors(modalities: Sequence[str], label: str) -> dict[str, str]:
    """Every block of Z and what it is called on a button; ``label`` as for :func:`meaning`."""
    return {factor: meaning(factor, label) for factor in ("y", *modalities)}


def stream(modality: str, dataset: DatasetInfo) -> str:
    """Content of a modality of a data set; empty where nothing is known of it."""
    return modality_info(modality, dataset).content


def generating(modalities: Sequence[str]) -> dict[str, str]:
    """Every F and what it is called on a button of pages about spoken videos."""
    return {"y": "shared factor"} | {name: f"{title(name).lower()} factor" for name in modalities}


def plain_f(factor: str) -> str:
    """An F in running text."""
    return "F_y" if factor == "y" else f"F_a of {title(factor).lower()}"
