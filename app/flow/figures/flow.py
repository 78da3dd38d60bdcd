"""Lanes of one clip: gradient-norm flow (Eq. 7) or attributions, with the score and the reconstruction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

import mfm_core as mfm
from app.flow.clips import Array, Clip
from mfm_core.interpretation.base import Interpretation
from mfm_core.interpretation.registry import EQ_7, find_interpretation


@dataclass(frozen=True)
class Strip:
    """Lanes, score and reconstruction of one clip of ``n`` steps.

    Attributes:
        model: Name of the model.
        factor: The F in question.
        clip: The clip.
        flow: Values of each modality's lane, ``(n,)``: a flow, or an attribution, which may have signs.
        label: What D(F_y) says: a score, scores, or probabilities of classes.
        reconstruction: Each modality as it is generated from Z, ``(n, d)``.
        before: The same clip before the what-if.
        reading: What the lanes show.
    """

    model: str
    factor: str
    clip: Clip
    flow: Mapping[str, Array]
    label: tuple[float, ...]
    reconstruction: Mapping[str, Array]
    before: Strip | None = None
    reading: str = EQ_7

    @property
    def interpretation(self) -> Interpretation:
        """Description of the reading."""
        return find_interpretation(self.reading)

    @property
    def of_score(self) -> bool:
        """Whether the lanes are an attribution of the score, and of no factor."""
        return not self.interpretation.needs_factor


def encode(model: mfm.MFM, clip: Clip) -> mfm.Latents:
    """Z of a clip: from its features where there are any, else as it is stored.

    Raises:
        ValueError: If the clip has neither.
    """
    if clip.features:
        with torch.inference_mode():
            return model.encode(dict(clip.features))
    if clip.latents is None:
        raise ValueError(f"clip: expected features or latents, got neither in {clip.key}")
    return clip.latents


def strip(
    name: str,
    model: mfm.MFM,
    clip: Clip,
    factor: str,
    before: Clip | None = None,
    reading: str = EQ_7,
    reference: mfm.Latents | None = None,
) -> Strip:
    """Lanes, label and reconstruction of a clip, and of the same before a change.

    Args:
        name: Name of the model.
        model: The model.
        clip: The clip.
        factor: Of the flow; an attribution is of no factor.
        before: The same clip before a change.
        reading: What the lanes show.
        reference: The clips that a reading refers to, if it does.

    Raises:
        ValueError: If the clip is not known well enough for the reading.
    """
    latents = encode(model, clip).map(torch.clone)  # no longer of inference, so that gradients are taken of it
    entry = find_interpretation(reading)
    if entry.needs_features:
        flow = attributed(model, clip, reading)
    else:
        beside = reference if entry.needs_reference else None
        flow = mfm.gradient_flow(model, latents, factor, reading=reading, reference=beside)
    with torch.inference_mode():
        generated = model.decode(latents)
    label = generated.label.softmax(1) if model.config.label.kind == "classes" else generated.label
    return Strip(
        name,
        factor,
        clip,
        {key: x[0].detach().float().numpy() for key, x in flow.items()},
        tuple(float(value) for value in label[0]),
        {key: x[0].float().numpy() for key, x in generated.modalities.items()},
        None if before is None else strip(name, model, before, factor, reading=reading, reference=reference),
        reading,
    )


def attributed(model: mfm.MFM, clip: Clip, method: str) -> dict[str, Tensor]:
    """Attribution of the score to each step of each modality, ``(1, n)``; 0 of a modality that was not given.

    Raises:
        ValueError: If only Z of the clip is known.
    """
    if not clip.features:
        raise ValueError(f"clip: expected features to attribute the score to, got Z alone of {clip.key}")
    found = mfm.attribute(model, dict(clip.features), method)
    return {name: found.get(name, torch.zeros(1, clip.length)) for name in model.modalities}


def tops(strips: Sequence[Strip], scale: str) -> list[dict[str, float]]:
    """Value at the top of each lane of each strip: its largest value, signs aside, or the largest of its reading.

    The same clip before a change counts, so that both fit into the lane. Different readings have no unit in common, and
    so each has a scale of its own.
    """
    found = []
    for one in strips:
        both = [one, one.before] if one.before else [one]
        found.append({name: max(float(np.abs(part.flow[name]).max(initial=0)) for part in both) for name in one.flow})
    if scale != "common":
        return found
    most: dict[str, float] = {}
    for one, lanes in zip(strips, found, strict=True):
        most[one.reading] = max(most.get(one.reading, 0.0), *lanes.values())
    return [dict.fromkeys(lanes, most[one.reading]) for one, lanes in zip(strips, found, strict=True)]
