"""Figures of models of studio clips alone: the share of noise, and the aims of each world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor

from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.quantities import exact, figure
from mfm_core.interpretation.registry import EQ_7, flow_readings
from mfm_core.studio import face

LABEL: Mapping[str, float] = {"studio_language_led": 0.99, "studio_balanced": 0.97, "studio_face_led": 0.99}
LEADING: Mapping[str, str] = {"studio_language_led": "language", "studio_face_led": "visual"}
"""The modality that says most; in the balanced world there is none."""
RECONSTRUCTION: Mapping[str, float] = {"language": 0.8, "acoustic": 0.65, "visual": 0.9}
"""Share of what can be explained."""
LEAK = 0.05
PRINTED, BEST, TOP = 0.85, 0.93, 0.85
"""Areas of Eq. 7 as printed and of the best other reading, and how often the latter's largest step is at evidence."""
Targets = dict[tuple[str, str], float]
"""Values aimed at, by key and subject of the figure."""


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


def with_targets(figures: Sequence[Figure], data: Dataset) -> list[Figure]:
    """The figures of a studio world with the values aimed at, and with the share that is not noise.

    Args:
        figures: As measured.
        data: The held-out clips.
    """
    bound = explainable(data)
    targets: Targets = {("r", ""): LABEL[data.name]}
    targets |= {("reconstruction_r2", name): share * bound[name] for name, share in RECONSTRUCTION.items()}
    targets |= {("probe_r2", name): LEAK for name in bound}
    if data.name in LEADING:
        leading = LEADING[data.name]
        best = _best(figures, leading)
        targets["evidence_auc", f"{leading}:{EQ_7}"] = PRINTED
        targets |= {("evidence_auc", f"{leading}:{best}"): BEST, ("evidence_hits", f"{leading}:{best}"): TOP}
    found = []
    for one in figures:
        found.append(one.model_copy(update={"target": targets.get((one.key, one.subject))}))
        if one.key == "reconstruction_r2":
            found.append(figure("explainable_share", one.subject, exact(bound[one.subject], len(data))))
    return found


def _best(figures: Sequence[Figure], modality: str) -> str:
    """The reading other than Eq. 7 as printed whose area within clips is largest."""
    areas = {one.way: one.value for one in figures if one.key == "evidence_auc" and one.modalities == (modality,)}
    return max((reading for reading in flow_readings() if reading != EQ_7), key=lambda reading: areas.get(reading, 0.0))
