"""A clip, or a draw from the prior, with Z_y moved to a chosen score: its words, tones and face."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

import mfm_core as mfm
from app.flow.clip_source import ClipSource
from app.flow.clips import SILENT_STEP, Clip, Face
from app.flow.figures import flow
from app.flow.figures.flow import Strip
from app.flow.studio_clips import WhatIf
from mfm_core.studio import face
from mfm_core.studio.performance import read_levels, word_curves
from mfm_core.studio.wording import nearest_words

PACE = 0.35
"""Seconds a word of a draw from the prior, until it is said."""


@dataclass(frozen=True)
class ChosenScore:
    """Sequence generated with a chosen score.

    Attributes:
        strip: Its lanes; before the move as ``before``.
        tones: -1, 0 or 1 for each word, as read of what was generated.
        faces: Likewise.
        tones_before: Of the same before the move.
        faces_before: Likewise.
        heard: Score that the model reads from the generated sequences themselves.
        heard_before: The same before the move.
    """

    strip: Strip
    tones: tuple[int, ...]
    faces: tuple[int, ...]
    tones_before: tuple[int, ...]
    faces_before: tuple[int, ...]
    heard: float
    heard_before: float


def make(shown: ClipSource, what_if: WhatIf, index: int, draw: int | None, score: float) -> ChosenScore:
    """Move Z_y of a clip, or of a draw from the prior, to a score, and decode.

    Args:
        shown: The model.
        what_if: The studio clips, for words, tones and faces.
        index: The clip.
        draw: Seed of the draw from the prior instead; None for the clip.
        score: The chosen score.
    """
    model, own = shown.model, what_if.clip(index)
    if draw is None:
        latents = flow.encode(model, own).map(torch.clone)
        spans, seconds, title = own.spans, own.seconds, own.title
    else:
        latents = model.sample(1, generator=torch.Generator().manual_seed(draw))
        n = model.config.length
        spans, seconds = tuple((PACE * t, PACE * (t + 1)) for t in range(n)), PACE * n
        title = f"draw {draw} from the prior"
    moved = mfm.with_score(model, latents, score)
    after = _performed(
        model,
        what_if,
        moved,
        spans,
        seconds,
        f"generated from {title}, score {score:+.1f} asked for",
        f"{index} {draw} {score}",
    )
    before = _performed(model, what_if, latents, spans, seconds, title, f"{index} {draw}")
    strip = flow.strip(shown.name, model, after[0], "y", before[0], "score", shown.reference)
    return ChosenScore(strip, after[1], after[2], before[1], before[2], after[3], before[3])


Performed = tuple[Clip, tuple[int, ...], tuple[int, ...], float]


def _performed(
    model: mfm.MFM,
    what_if: WhatIf,
    latents: mfm.Latents,
    spans: tuple[tuple[float, float], ...],
    seconds: float,
    title: str,
    key: str,
) -> Performed:
    """Clip generated of one sample, with its tones, its faces, and the score that the model reads in it."""
    clips, mask = what_if.clips, latents.mask
    if mask is None:
        raise ValueError("latents: expected those of sequences, with a mask, got none")
    with torch.inference_mode():
        made = {name: x.clone() for name, x in model.decode(latents).modalities.items()}
        heard = float(model.decide(model.encode(made, mask).y)[0, 0])
    (words,) = nearest_words(clips, made["language"], mask)
    visual = made["visual"][0][mask[0]]
    curves = word_curves(clips, visual, np.array(spans, np.float32), seconds)
    clip = Clip(
        key=f"generated {key}",
        title=title,
        unit="word",
        length=len(words),
        words=words,
        spans=spans,
        timed=True,
        features={},
        latents=latents,
        seconds=max(seconds, SILENT_STEP),
        face=Face(face.FRAMES_A_SECOND, {unit: curves[:, i] for i, unit in enumerate(face.UNITS)}),
    )
    tones = read_levels(clips, "acoustic", made["acoustic"][0][mask[0]])
    return clip, tones, read_levels(clips, "visual", visual), heard


def with_clip(strip: Strip, clip: Clip) -> Strip:
    """The same lanes of a clip of which more is known; before the change it is known alike."""
    before = strip.before
    if before is not None:
        before = replace(before, clip=replace(clip, key=before.clip.key, words=before.clip.words))
    return replace(strip, clip=clip, before=before)
