"""Tones and faces read of features, and the curves of a face that acts them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mfm_core as mfm
from mfm_core.studio import face
from mfm_core.studio.clips import Clips
from mfm_core.studio.performance import read_levels, retimed_curves, word_curves


@pytest.fixture(scope="module")
def clips() -> Clips:
    return mfm.load_clips()


@pytest.mark.parametrize(("stream", "least"), [("acoustic", 0.8), ("visual", 0.95)])
def test_most_levels_of_the_shipped_clips_are_read_back(stream: str, least: float, clips: Clips) -> None:
    data = clips.dataset("balanced")
    assert data.mask is not None
    right = []
    for i, edited in enumerate(clips.edits):
        found = read_levels(clips, stream, data.modalities[stream][i][data.mask[i]])  # type: ignore[arg-type]
        right += [a == b for a, b in zip(found, edited.tones if stream == "acoustic" else edited.faces, strict=True)]
    assert np.mean(right) > least


def test_the_curves_pass_through_what_was_generated_at_the_middle_of_each_word(clips: Clips) -> None:
    data = clips.dataset("balanced")
    assert data.mask is not None
    n = int(data.mask[0].sum())
    times = np.array([[t, t + 1] for t in range(n)], np.float32)  # the middle of a word lies on a frame or beside one
    curves = word_curves(clips, data.modalities["visual"][0][:n], times, float(n))
    assert curves.shape == (n * face.FRAMES_A_SECOND, len(face.UNITS))
    raw = clips.faces[0, torch.arange(n), torch.tensor(clips.edits[0].faces) + 1][:, 0].clamp(0, 1)  # the smile
    frames = np.arange(len(curves)) / face.FRAMES_A_SECOND
    np.testing.assert_allclose(np.interp(times.mean(1), frames, curves[:, 0]), raw, atol=0.02)


def test_features_of_another_size_are_refused(clips: Clips) -> None:
    with pytest.raises(ValueError, match=r"features: expected shape \(T, 28\) of acoustic"):
        read_levels(clips, "acoustic", torch.zeros(3, 12))


def test_a_face_keeps_to_its_words_when_they_are_said_at_other_times() -> None:
    seconds = np.arange(40, dtype=np.float32) / 10  # a curve whose value is its time
    old, new = np.array([0.0, 1.0, 3.0, 4.0]), np.array([0.0, 2.0, 3.0, 5.0])
    (curve,) = retimed_curves({"jaw": seconds}, 10.0, old, new).values()
    assert curve.shape == (50,)
    np.testing.assert_allclose(curve[[0, 10, 20, 25, 30, 40]], [0.0, 0.5, 1.0, 2.0, 3.0, 3.5], atol=1e-6)
