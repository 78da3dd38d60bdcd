"""Aligning frames of sound and picture to words: the expected value a word (supplement C)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def expected_values(
    features: npt.NDArray[np.floating], frames: npt.NDArray[np.floating], words: npt.NDArray[np.floating]
) -> npt.NDArray[np.float32]:
    """Mean of the features over the time of each word, every frame weighted by the time that it shares with the word.

    A number that is not finite, as the logarithm of silence, is left out of the mean of its feature.

    Args:
        features: Of each frame, ``(n, d)``.
        frames: Start and end of each frame in seconds, ``(n, 2)``, in any order.
        words: Start and end of each word in seconds, ``(T, 2)``.

    Returns:
        ``(T, d)``; zeros for a word that no frame touches, NaN for a feature that no frame of a word has a finite
        number of.
    """
    order = np.argsort(frames[:, 0], kind="stable")
    features, (start, end) = features[order], frames[order].T
    # Frames that may touch a word begin before it ends, and are not among those that end before it begins.
    latest_end = np.maximum.accumulate(end) if len(end) else end
    result = np.zeros((len(words), features.shape[1]), dtype=np.float32)
    for t, (begin, stop) in enumerate(words):
        near = slice(np.searchsorted(latest_end, begin, side="right"), np.searchsorted(start, stop, side="left"))
        shared = (np.minimum(end[near], stop) - np.maximum(start[near], begin)).clip(min=0)[:, None]
        finite = np.isfinite(features[near])
        weight = (shared * finite).sum(0)
        total = (shared * np.where(finite, features[near], 0)).sum(0, dtype=np.float64)
        missing = np.full_like(total, np.nan if shared.any() else 0)
        result[t] = np.divide(total, weight, out=missing, where=weight > 0)
    return result
