"""Truth of studio clips: the contribution of each word by what is said, how it is said, and what the face shows.

Language follows from the words alone (:func:`language_evidence`); tone and face are one level a word: -1 (lowered,
frown), 0 (plain, rest) or 1 (raised, smile). A world weighs the three; a score is the sum of all evidence, without
noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from mfm_core.studio.words import ARTICLES, INTENSIFIERS, NEGATORS, VALENCE

Array = npt.NDArray[np.float32]
World = Literal["language_led", "balanced", "face_led"]
Tone = Literal["lowered", "plain", "raised"]
Face = Literal["frown", "rest", "smile"]
MODALITIES = ("language", "acoustic", "visual")
TONES: Mapping[Tone, int] = {"lowered": -1, "plain": 0, "raised": 1}
FACES: Mapping[Face, int] = {"frown": -1, "rest": 0, "smile": 1}
WORLDS: Mapping[World, tuple[float, float, float]] = {
    "language_led": (0.80, 0.15, 0.05),
    "balanced": (1 / 3, 1 / 3, 1 / 3),
    "face_led": (0.05, 0.15, 0.80),
}
"""Weights of language, acoustic and visual, of evidence whose sum over a clip has standard deviation 1."""


def dataset_of(world: World) -> str:
    """Name of the data set of a world, and of the model that comes with the project."""
    return f"studio_{world}"


WORLD_OF: Mapping[str, World] = {dataset_of(world): world for world in WORLDS}
"""The world of each data set of studio clips."""

INTENSIFIED, NEGATED = 1.5, -0.8
_REACH = 2  # an article may stand between the negator and the rest of its phrase


def language_evidence(words: Sequence[str]) -> Array:
    """Contribution of each word to the score, in a world where only language counts.

    An evaluative word adds its valence. With an intensifier right before it the two add 1.5 times that, of which the
    intensifier has a third. With a negator before them ("not good", "never a really good film") all of it is
    multiplied by -0.8, and the negator has half. Any other word adds nothing.

    Args:
        words: The words of a sentence, in lower case.

    Returns:
        ``(len(words),)`` float32.
    """
    evidence = np.zeros(len(words), np.float32)
    for step, word in enumerate(words):
        if word not in VALENCE:
            continue
        shares, total, first = {step: 1.0}, VALENCE[word], step
        if step > 0 and words[step - 1] in INTENSIFIERS:
            first, total = step - 1, total * INTENSIFIED
            shares = {step: 2 / 3, first: 1 / 3}
        if (negator := _negator(words, first)) is not None:
            total *= NEGATED
            shares = {place: share / 2 for place, share in shares.items()} | {negator: 0.5}
        for place, share in shares.items():
            evidence[place] += np.float32(share * total)
    return evidence


def _negator(words: Sequence[str], first: int) -> int | None:
    """Where the negator of the phrase that begins at ``first`` stands."""
    for step in range(first - 1, max(first - 1 - _REACH, -1), -1):
        if words[step] in NEGATORS:
            return step
        if words[step] not in ARTICLES:
            return None
    return None


def weights(world: World, spread: npt.ArrayLike) -> Array:
    """Weight of one unit of each modality's evidence in a world.

    The weights are divided by the standard deviation of each modality's sum over a clip, and by their own length, so
    that the score of independent modalities has standard deviation 1 in every world.

    Args:
        world: One of ``WORLDS``.
        spread: Standard deviations of the sums over a clip, ``(3,)``.

    Returns:
        ``(3,)`` float32.

    Raises:
        ValueError: If there is no such world.
    """
    if world not in WORLDS:
        raise ValueError(f"world: expected one of {', '.join(WORLDS)}, got {world!r}")
    share = np.array(WORLDS[world])
    weight: Array = (share / np.asarray(spread) / np.linalg.norm(share)).astype(np.float32)
    return weight
