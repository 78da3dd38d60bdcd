"""Studio clips as they are stored, and their face, without any sound being made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mfm_core import load_dataset
from mfm_core.studio import face
from mfm_core.studio.words import VALENCE


def stored() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    n, lengths = 6, [3, 4, 2, 4, 3, 4]
    mask = np.arange(4)[None] < np.array(lengths)[:, None]
    sizes = {"language": 50, "acoustic": 28, "visual": 12}
    arrays: dict[str, np.ndarray] = {
        name: (rng.standard_normal((n, 4, size)) * mask[..., None]).astype(np.float32) for name, size in sizes.items()
    }
    arrays |= {f"evidence_{name}": (rng.standard_normal((n, 4)) * mask).astype(np.float32) for name in sizes}
    arrays |= {
        "mask": mask,
        "times": np.where(mask[..., None], 1.0, np.nan).astype(np.float32) * np.ones(2, np.float32),
        "words": np.where(mask, "good", ""),
        "split": np.array(["train"] * 4 + ["validation", "test"]),
        "spread": np.array([2, 1, 0.5], np.float32),
    }
    return arrays


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MFM_DATA", str(tmp_path))
    return tmp_path


def test_worlds_differ_only_in_the_weights(folder: Path) -> None:
    arrays = stored()
    np.savez(folder / "studio_clips.npz", allow_pickle=False, **arrays)
    worlds = {name: load_dataset(f"studio_{name}") for name in ("language_led", "balanced", "face_led")}
    for name, x in worlds["balanced"].modalities.items():
        assert torch.equal(x, worlds["face_led"].modalities[name])
    # 0.80, 0.15, 0.05 over the spread, and over the length of (0.80, 0.15, 0.05)
    expected = arrays["evidence_acoustic"] * 0.15 / 1 / np.sqrt(0.8**2 + 0.15**2 + 0.05**2)
    assert worlds["language_led"].evidence is not None
    assert worlds["language_led"].evidence["acoustic"].numpy() == pytest.approx(expected, abs=1e-6)
    ratio = worlds["face_led"].evidence["visual"] / worlds["balanced"].evidence["visual"]
    assert torch.allclose(ratio[worlds["balanced"].mask], ratio[0, 0])


def test_features_are_standardised_by_the_training_clips(folder: Path) -> None:
    np.savez(folder / "studio_clips.npz", allow_pickle=False, **stored())
    dataset = load_dataset("studio_balanced")
    part = dataset.part("train")
    x = part.modalities["acoustic"][part.mask]
    assert torch.allclose(x.mean(0), torch.zeros(28), atol=1e-5)
    assert torch.allclose(x.std(0, correction=0), torch.ones(28), atol=1e-4)


def test_without_the_file_one_learns_how_to_make_it(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file; make the clips with: python -m mfm_core data make"):
        load_dataset("studio_balanced")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("visual", np.zeros((6, 3, 12), np.float32), "visual: expected shape"),
        ("acoustic", np.full((6, 4, 28), np.nan, np.float32), "acoustic: expected an observed step, got none in 6"),
        ("language", np.zeros((6, 4, 50)), "language: expected float32 numbers, got float64"),
        ("spread", np.zeros(2, np.float32), "spread: expected shape"),
        ("spread", np.zeros(3, np.float32), "spread: expected numbers above 0"),
        ("words", np.zeros((6, 4), np.int64), "words: expected text"),
        ("split", np.array(["trial"] * 6), "split: expected train, validation, test, got 'trial'"),
        ("mask", np.ones((6, 4), np.int64), "mask: expected booleans of shape"),
    ],
)
def test_a_damaged_file_is_refused_in_one_sentence(folder: Path, name: str, value: np.ndarray, message: str) -> None:
    np.savez(folder / "studio_clips.npz", allow_pickle=False, **(stored() | {name: value}))
    with pytest.raises(ValueError, match=message) as caught:
        load_dataset("studio_balanced")
    assert "\n" not in str(caught.value)


def test_a_face_judges_at_its_word_and_nowhere_else() -> None:
    resting = np.full((50, 6), 0.3, np.float32)
    times = np.array([[0.0, 0.5], [0.5, 1.0], [1.0, 1.4]], np.float32)
    smiling = face.judging_curves(resting, times, [0, 1, 0], 1.0)
    frowning = face.judging_curves(resting, times, [0, -1, 0], 1.0)
    changed = np.flatnonzero((smiling != resting).any(1)) / face.FRAMES_A_SECOND
    assert changed.min() >= 0.5
    assert changed.max() < 1.0
    middle = round(0.75 * face.FRAMES_A_SECOND)
    assert smiling[middle] == pytest.approx(resting[middle] + face.SMILE)
    assert frowning[middle] == pytest.approx(resting[middle] + face.FROWN)
    quiet = np.zeros((3, 12), np.float32)
    means = face.word_features(smiling, times, quiet) - face.word_features(resting, times, quiet)
    assert (means[[0, 2]] == 0).all()
    assert means[1, 0] > 0.4
    assert (face.judging_curves(resting, times, [0, 0, 0], 1.0) == resting).all()


def test_curves_stay_within_what_a_face_can_do() -> None:
    rng = np.random.default_rng(3)
    sound = rng.standard_normal(44_100).astype(np.float32) * np.linspace(0, 1, 44_100, dtype=np.float32)
    curves = face.resting_curves(sound, face.draw_habits(rng), rng)
    assert curves.shape == (50, 6)
    assert np.abs(curves).max() <= 1
    assert curves[:, [0, 2, 3]].min() >= 0
    assert np.corrcoef(curves[:, 3], np.arange(50))[0, 1] > 0.9  # the jaw opens as the sound grows


def test_valences_are_balanced() -> None:
    assert abs(sum(VALENCE.values())) < 0.1 * sum(map(abs, VALENCE.values()))
