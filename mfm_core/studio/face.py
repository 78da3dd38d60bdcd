"""A face given by the curves of six action units, and what of it a word shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mfm_core.studio.making.voice import SAMPLE_RATE, Waveform

UNITS = ("smile", "brow", "frown", "jaw", "gaze", "nod")
"""Smile, frown and jaw from 0; brow, gaze (left, right) and nod (up, down) around 0; all within -1 to 1."""
FRAMES_A_SECOND = 25
FEATURES = (*(f"{unit}_mean" for unit in UNITS), *(f"{unit}_speed" for unit in UNITS))
NOISE = 0.06  # standard deviation of the measurement, of means; of speeds it is ten times that
# What a face does at a word it judges, added to what it does anyhow.
SMILE = np.array([0.50, 0.35, -0.05, 0, 0, 0], np.float32)
FROWN = np.array([-0.10, -0.30, 0.50, 0, 0, 0], np.float32)
_RAMP = 0.04  # seconds from rest to full, within the word

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Habits:
    """Habits of a face, drawn independently of everything that counts.

    Attributes:
        smile: Resting smile.
        brow: Resting height of the brow.
        liveliness: How much smile, brow and frown drift.
        openness: How far the jaw goes.
        gaze: How far the eyes wander.
        nod: How deep the head nods.
        nods_a_second: How often.
        strength: Factor of what a judging face does.
    """

    smile: float
    brow: float
    liveliness: float
    openness: float
    gaze: float
    nod: float
    nods_a_second: float
    strength: float


def draw_habits(rng: np.random.Generator) -> Habits:
    """Draw the habits of a face."""
    return Habits(
        smile=float(rng.uniform(0, 0.25)),
        brow=float(rng.uniform(-0.1, 0.1)),
        liveliness=float(rng.uniform(0.02, 0.08)),
        openness=float(rng.uniform(0.4, 0.9)),
        gaze=float(rng.uniform(0.05, 0.5)),
        nod=float(rng.uniform(0, 0.5)),
        nods_a_second=float(rng.uniform(0.3, 1.5)),
        strength=float(rng.uniform(0.85, 1.15)),
    )


def resting_curves(waveform: Waveform, habits: Habits, rng: np.random.Generator) -> Array:
    """The curves of a face that judges nothing: its jaw follows the sound, the rest its habits.

    Args:
        waveform: At 22,050 Hz.
        habits: What it does anyhow.
        rng: Source of its drifts and glances.

    Returns:
        ``(frames, 6)`` float32, 25 frames a second.
    """
    hop = SAMPLE_RATE // FRAMES_A_SECOND
    n = -(-len(waveform) // hop)
    level = np.sqrt((np.pad(waveform, (0, n * hop - len(waveform))).reshape(n, hop) ** 2).mean(1))
    seconds = np.arange(n) / FRAMES_A_SECOND
    curves = np.zeros((n, len(UNITS)))
    curves[:, 0] = habits.smile + habits.liveliness * _drift(n, rng)
    curves[:, 1] = habits.brow + habits.liveliness * _drift(n, rng)
    curves[:, 2] = 0.1 + habits.liveliness * _drift(n, rng)
    curves[:, 3] = habits.openness * np.clip(level / (np.quantile(level, 0.95) + 1e-6), 0, 1)
    glances = habits.gaze * rng.uniform(-1, 1, n)
    curves[:, 4] = glances[np.cumsum(rng.random(n) < 1 / FRAMES_A_SECOND)]  # a glance a second
    curves[:, 5] = habits.nod * np.sin(2 * np.pi * (habits.nods_a_second * seconds + rng.random()))
    curves[:, [0, 2, 3]] = curves[:, [0, 2, 3]].clip(0, 1)
    return curves.clip(-1, 1).astype(np.float32)


def judging_curves(resting: Array, times: Array, faces: Sequence[int], strength: float) -> Array:
    """The same face while it smiles (1) or frowns (-1) at some words, and there only.

    Args:
        resting: ``(frames, 6)``.
        times: Start and end of each word in seconds, ``(T, 2)``.
        faces: -1, 0 or 1 for each word.
        strength: Factor of what it does.

    Returns:
        ``(frames, 6)`` float32.
    """
    seconds = np.arange(len(resting), dtype=np.float32) / np.float32(FRAMES_A_SECOND)
    curves = resting.copy()
    for (start, end), face in zip(times, faces, strict=True):
        if face == 0:
            continue
        inside = _frames_of(seconds, start, end)
        near = np.minimum(seconds[inside] - start, end - seconds[inside])
        weight = np.clip(near / _RAMP, 0.5, 1)[:, None]
        curves[inside] += np.float32(strength) * weight * (SMILE if face > 0 else FROWN)
    curves[:, [0, 2, 3]] = curves[:, [0, 2, 3]].clip(0, 1)
    return curves.clip(-1, 1).astype(np.float32)


def word_features(curves: Array, times: Array, noise: Array) -> Array:
    """Mean of each unit over a word, and its mean speed within it, as somebody measures them who is not exact.

    Args:
        curves: ``(frames, 6)``.
        times: ``(T, 2)``.
        noise: Standard normal, ``(T, 12)``.

    Returns:
        ``(T, 12)`` float32.
    """
    seconds = np.arange(len(curves), dtype=np.float32) / np.float32(FRAMES_A_SECOND)
    rows = []
    for start, end in times:
        shown = curves[_frames_of(seconds, start, end)]
        steps = np.abs(np.diff(shown, axis=0)) if len(shown) > 1 else np.zeros((1, len(UNITS)))
        rows.append(np.concatenate([shown.mean(0), steps.mean(0) * FRAMES_A_SECOND]))
    scale = np.repeat([NOISE, 10 * NOISE], len(UNITS))
    return (np.array(rows) + scale * noise).astype(np.float32)


def draw_noise(n_words: int, rng: np.random.Generator) -> Array:
    """Standard normal noise of a measurement, ``(n_words, 12)``."""
    return rng.standard_normal((n_words, len(FEATURES))).astype(np.float32)


def _frames_of(seconds: Array, start: float, end: float) -> npt.NDArray[np.int64]:
    """The frames within a word, or the one nearest to its middle: of no other word, unless both are that short."""
    inside = np.flatnonzero((seconds >= start) & (seconds < end))
    return inside if len(inside) else np.array([np.abs(seconds - (start + end) / 2).argmin()])


def _drift(n: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Slow noise of standard deviation about 1."""
    width = FRAMES_A_SECOND // 2
    noise = rng.standard_normal(n + 2 * width)
    return np.convolve(noise, np.hanning(width) / np.linalg.norm(np.hanning(width)), mode="same")[width : n + width]
