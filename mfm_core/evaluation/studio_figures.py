"""What is measured of a model of studio clips alone: the share of noise, and the aims of each world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.digits import Figure
from mfm_core.evaluation.flow_figures import HITS, READING_NAMES, WITHIN
from mfm_core.evaluation.statistics import Estimate
from mfm_core.studio import face

LABEL: Mapping[str, float] = {"studio_language_led": 0.99, "studio_balanced": 0.97, "studio_face_led": 0.99}
LEADING: Mapping[str, str] = {"studio_language_led": "language", "studio_face_led": "visual"}
"""The modality that says most; in the balanced world there is none."""
RECONSTRUCTION: Mapping[str, float] = {"language": 0.8, "acoustic": 0.65, "visual": 0.9}
"""Share of what can be explained."""
LEAK = 0.05
EQ_7, BEST, TOP = 0.85, 0.93, 0.85
EXPLAINED, BOUND = (
    "variance explained by the reconstruction (R2)",
    "share of the variance that is not noise of the measurement",
)


def explainable(data: Dataset) -> dict[str, float]:
    """Share of the variance of standardised features that is not the noise of their measurement, by modality.

    Words and sound are measured without noise. A face is measured with independent noise of known size at each word
    (:data:`mfm_core.studio.face.NOISE`). What is inferred from other modalities can explain no more than the rest; an
    autoencoder can, so far as its code has room to copy the noise.

    Args:
        data: Studio clips, with their scaling.
    """
    mask, scaling = cast(Tensor, data.mask), data.scaling or {}
    size = torch.tensor([face.NOISE, 10 * face.NOISE]).repeat_interleave(len(face.UNITS))
    variance = data.modalities["visual"][mask].double().var(dim=0, correction=0).sum()
    noise = (size / scaling["visual"].std).double().square().sum()
    return dict.fromkeys(data.modalities, 1.0) | {"visual": float(1 - noise / variance)}


def with_aims(figures: Sequence[Figure], data: Dataset) -> list[Figure]:
    """The figures of a studio world with the values aimed at, and with the share that is not noise.

    Args:
        figures: As measured.
        data: The held-out clips.
    """
    bound = explainable(data)
    aims = {"correlation of the score, all modalities a video has": LABEL[data.name]}
    aims |= {f"{EXPLAINED}, {name}": share * bound[name] for name, share in RECONSTRUCTION.items()}
    if data.name in LEADING:
        leading = LEADING[data.name]
        aims[f"{WITHIN}, {leading}: {READING_NAMES['norm']}"] = EQ_7
        best = _best(figures, leading)
        aims |= {f"{WITHIN}, {leading}: {best}": BEST, f"{HITS}, {leading}: {best}": TOP}
    told = []
    for figure in figures:
        at_most = figure.name.startswith("score read from Z_a of")
        aim = LEAK if at_most else aims.get(figure.name)
        told.append(replace(figure, reach=aim, at_most=at_most) if aim is not None else figure)
        if figure.name.startswith(EXPLAINED):
            most = bound[figure.name.removeprefix(f"{EXPLAINED}, ")]
            told.append(Figure(f"{BOUND}, {figure.name.split(', ')[-1]}", Estimate(most, most, most, len(data))))
    return told


def _best(figures: Sequence[Figure], modality: str) -> str:
    """The reading other than Eq. 7 as printed whose area within clips is largest, by its name in figures."""
    found = {figure.name: figure.estimate.value for figure in figures}
    others = [title for reading, title in READING_NAMES.items() if reading != "norm"]
    return max(others, key=lambda title: found.get(f"{WITHIN}, {modality}: {title}", 0.0))
