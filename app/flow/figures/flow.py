"""Gradient-norm flow of one clip (Eq. 7), with the score and the reconstruction it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

import mfm_core as mfm
from app.flow.clips import Array, Clip
from app.flow.view import Reading


@dataclass(frozen=True)
class Strip:
    """Flow, score and reconstruction of one clip of ``n`` steps.

    Attributes:
        model: Name of the model.
        factor: The F in question.
        clip: The clip.
        flow: Of each modality, ``(n,)``.
        label: What D(F_y) says: a score, scores, or probabilities of classes.
        reconstruction: Each modality as it is generated from Z, ``(n, d)``.
        before: The same clip before the what-if.
    """

    model: str
    factor: str
    clip: Clip
    flow: Mapping[str, Array]
    label: tuple[float, ...]
    reconstruction: Mapping[str, Array]
    before: Strip | None = None


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
    name: str, model: mfm.MFM, clip: Clip, factor: str, before: Clip | None = None, reading: Reading = "norm"
) -> Strip:
    """Flow, label and reconstruction of a clip, and of the same before a change."""
    latents = encode(model, clip)
    latents = mfm.Latents(latents.y.clone(), {key: z.clone() for key, z in latents.a.items()}, latents.mask)
    flow = mfm.gradient_flow(model, latents, factor=factor, reading=reading)
    with torch.inference_mode():
        generated = model.decode(latents)
    label = generated.label.softmax(1) if model.config.label.kind == "classes" else generated.label
    return Strip(
        name,
        factor,
        clip,
        {key: x[0].float().numpy() for key, x in flow.items()},
        tuple(float(value) for value in label[0]),
        {key: x[0].float().numpy() for key, x in generated.modalities.items()},
        None if before is None else strip(name, model, before, factor, reading=reading),
    )


def tops(strips: Sequence[Strip], scale: str) -> list[dict[str, float]]:
    """Value at the top of each lane of each strip: a modality's largest flow, or the largest of all.

    The same clip before a change counts, so that both fit into the lane.
    """
    found = []
    for one in strips:
        both = [one, one.before] if one.before else [one]
        found.append({name: max(float(part.flow[name].max(initial=0)) for part in both) for name in one.flow})
    if scale == "common":
        most = max(value for lanes in found for value in lanes.values())
        return [dict.fromkeys(lanes, most) for lanes in found]
    return found
