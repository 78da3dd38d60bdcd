"""Performance of generated sequences: in which tone and with which face each word is to be said, and the face's curves.

Tone and face are read by linear discriminants, learnt from the words of the shipped clips, each of which is known in
all three tones and with all three faces.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.studio import face
from mfm_core.studio.clips import Clips

if TYPE_CHECKING:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

Array = npt.NDArray[np.float32]
Times = npt.NDArray[np.float64]
Stream = Literal["acoustic", "visual"]


def read_levels(clips: Clips, stream: Stream, features: Tensor) -> tuple[int, ...]:
    """Tone or face of each word of one sample, from its features.

    Args:
        clips: Whose words the discriminant is learnt from.
        stream: ``"acoustic"`` for tones, ``"visual"`` for faces.
        features: Standardised, ``(T, d)``, of real steps.

    Returns:
        -1 (lowered, frown), 0 (plain, rest) or 1 (raised, smile) for each step.

    Raises:
        ValueError: If the features are not of the stream's size.
    """
    wanted = len(clips.scaling[stream].mean)
    if features.ndim != 2 or features.shape[1] != wanted:
        raise ValueError(f"features: expected shape (T, {wanted}) of {stream}, got {tuple(features.shape)}")
    levels = _discriminant(_Same(clips), stream).predict(features.detach().numpy())
    return tuple(int(level) for level in levels)


def retimed_curves(curves: Mapping[str, Array], rate: float, old: Times, new: Times) -> dict[str, Array]:
    """Curves of a face whose words are said at other times: at each moment as at the same place of the same word.

    Args:
        curves: By action unit, ``(frames,)``.
        rate: Frames a second.
        old: Start of each word, and the end of the clip, in seconds, ``(n + 1,)``.
        new: The same of the words as they are said now.

    Returns:
        The curves over the new seconds, at the same rate.
    """
    frames = np.arange(int(np.ceil(new[-1] * rate))) / rate
    before = np.interp(frames, np.maximum.accumulate(new), old)
    return {unit: np.interp(before, np.arange(len(x)) / rate, x).astype(np.float32) for unit, x in curves.items()}


def word_curves(
    clips: Clips, visual: Tensor, times: npt.NDArray[np.float32], seconds: float
) -> npt.NDArray[np.float32]:
    """Action units of a face that does at each word what was generated, and moves evenly in between.

    Args:
        clips: Whose scaling counts.
        visual: Generated features of the face, standardised, ``(T, 12)``.
        times: Start and end of each word in seconds, ``(T, 2)``.
        seconds: How long the clip is.

    Returns:
        ``(frames, 6)`` float32 at 25 frames a second, in the order of ``face.UNITS``.
    """
    raw = clips.scaling["visual"].restore(visual[None], torch.ones(1, len(visual), dtype=torch.bool))[0]
    means = raw[:, : len(face.UNITS)].detach().numpy()
    frames = np.arange(int(np.ceil(seconds * face.FRAMES_A_SECOND))) / face.FRAMES_A_SECOND
    centres = times.mean(1)
    curves = np.stack([np.interp(frames, centres, means[:, i]) for i in range(len(face.UNITS))], axis=1)
    curves[:, [0, 2, 3]] = curves[:, [0, 2, 3]].clip(0, 1)
    return curves.clip(-1, 1).astype(np.float32)


class _Same:
    """Clips, equal only to themselves, so that what is learnt of them is kept."""

    def __init__(self, clips: Clips) -> None:
        self.clips = clips

    def __hash__(self) -> int:
        return id(self.clips)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.clips is self.clips


@lru_cache(maxsize=4)
def _discriminant(kept: _Same, stream: Stream) -> LinearDiscriminantAnalysis:
    """Discriminant of the three levels, learnt from each real word of the clips in all three."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    clips = kept.clips
    raw = (clips.tones if stream == "acoustic" else clips.faces)[clips.mask]  # (words, 3, d)
    known = clips.scaling[stream].apply(raw, torch.ones(raw.shape[:2], dtype=torch.bool))
    levels = np.tile([-1, 0, 1], len(known))
    found: LinearDiscriminantAnalysis = LinearDiscriminantAnalysis().fit(known.flatten(0, 1).numpy(), levels)
    return found
