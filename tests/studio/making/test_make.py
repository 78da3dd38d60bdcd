"""Speaking, measuring and storing studio clips; needs espeak-ng and requirements-data.txt."""

from __future__ import annotations

import ctypes.util
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mfm_core import load_dataset
from mfm_core.studio import face
from mfm_core.studio.clips import load_clips
from mfm_core.studio.making import acoustics, chunks, make, ship, voice
from mfm_core.studio.truth import WORLDS

SEED = 5
_missing = [name for name in ("librosa", "soundfile") if importlib.util.find_spec(name) is None]
if ctypes.util.find_library("espeak-ng") is None:
    _missing.append("espeak-ng")
pytestmark = pytest.mark.skipif(bool(_missing), reason=f"makes clips, which needs {', '.join(_missing)}")


@pytest.fixture(scope="module")
def clip() -> make.Clip:
    return make.perform(make.draw_script(SEED, 3))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MFM_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def vectors() -> dict[str, make.Array]:
    rng = np.random.default_rng(0)
    return {word: rng.standard_normal(50).astype(np.float32) for word in ship.vocabulary()}


def say(*words: str, tones: dict[int, int] | None = None, **style: object) -> tuple[voice.Waveform, make.Array]:
    levels = [(tones or {}).get(step, 0) for step in range(len(words))]
    dry = {"echo": 0.0, "noise_db": -90.0, "tilt": 0.0, "voice": "en-us+m3", "expressiveness": 1.0}
    chosen = replace(voice.draw_style(np.random.default_rng(0)), **(dry | style))
    return voice.speak(words, [False] * len(words), levels, chosen, np.random.SeedSequence(1))


def test_a_clip_made_again_is_the_same_to_the_bit(clip: make.Clip) -> None:
    make.perform(make.draw_script(SEED, 4))  # what was spoken before must not matter
    again = make.perform(make.draw_script(SEED, 3))
    for name in ("waveform", "times", "acoustic", "curves", "visual"):
        assert np.array_equal(getattr(again, name), getattr(clip, name)), name


def test_features_are_finite_and_one_a_word(clip: make.Clip) -> None:
    n = len(clip.script.sentence.words)
    assert clip.acoustic.shape == (n, len(acoustics.FEATURES))
    assert clip.visual.shape == (n, len(face.FEATURES))
    assert np.isfinite(clip.acoustic).all()
    assert np.isfinite(clip.visual).all()


def test_words_follow_one_another_within_the_sound(clip: make.Clip) -> None:
    flat = clip.times.flatten()
    assert (np.diff(flat) >= 0).all()
    assert (clip.times[:, 1] > clip.times[:, 0]).all()
    assert flat[-1] <= len(clip.waveform) / voice.SAMPLE_RATE


def test_a_word_is_where_its_time_says() -> None:
    """Words between silences: what espeak-ng tells, against the sound itself."""
    words = ("story", "good", "awful", "music")
    style = replace(voice.draw_style(np.random.default_rng(0)), echo=0.0, noise_db=-90.0, tilt=0.0, voice="en-us+m3")
    sound, times = voice.speak(words, [True, True, True, False], [0] * 4, style, np.random.SeedSequence(1))
    heard = np.convolve(np.abs(sound), np.ones(220) / 220, mode="same") > 0.002
    for before, after in zip(times[:-1, 1], times[1:, 0], strict=True):
        assert after - before > 0.1  # there is a pause
        middle = slice(round((before + 0.04) * voice.SAMPLE_RATE), round((after - 0.01) * voice.SAMPLE_RATE))
        assert heard[middle].mean() < 0.1
    for start, end in times:
        inside = heard[round(start * voice.SAMPLE_RATE) : round(end * voice.SAMPLE_RATE)]
        assert inside.mean() > 0.7


def test_words_that_espeak_speaks_as_one_have_times_of_their_own() -> None:
    words = ("the", "end", "of", "the", "film", "in", "the", "city", "was", "a", "map")
    times = say(*words)[1]
    assert times.shape == (len(words), 2)
    assert (times[:, 1] - times[:, 0] > 0.02).all()


def test_a_raised_word_is_higher_and_louder_and_a_lowered_one_lower_softer_and_slower() -> None:
    words = ("we", "saw", "the", "movie", "on", "sunday", "morning")
    rows = {}
    for level in (-1, 0, 1):
        sound, times = say(*words, tones={3: level})
        rows[level] = dict(zip(acoustics.FEATURES, acoustics.word_features(sound, times, words)[3], strict=True))
    assert rows[-1]["pitch"] < rows[0]["pitch"] - 1 < rows[0]["pitch"] + 2 < rows[1]["pitch"]
    assert rows[-1]["energy"] < rows[0]["energy"] - 2 < rows[0]["energy"] + 1 < rows[1]["energy"]
    assert rows[-1]["duration"] > 1.1 * rows[0]["duration"]


def test_pitch_and_voicing_are_those_of_a_known_sound() -> None:
    """A harmonic tone of 150 Hz, then noise."""
    seconds = np.arange(voice.SAMPLE_RATE) / voice.SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * 150 * k * seconds) / k for k in range(1, 8))
    noise = np.random.default_rng(0).standard_normal(voice.SAMPLE_RATE)
    sound = (0.1 * np.concatenate([tone, noise])).astype(np.float32)
    times = np.array([[0.1, 0.9], [1.1, 1.9]], np.float32)
    tonal, noisy = (
        dict(zip(acoustics.FEATURES, row, strict=True)) for row in acoustics.word_features(sound, times, ("aa", "ff"))
    )
    assert tonal["pitch"] == pytest.approx(12 * np.log2(150 / 60), abs=0.2)
    assert tonal["voicing"] == 1
    assert noisy["voicing"] < 0.1
    assert noisy["spectral_flatness"] > tonal["spectral_flatness"]
    assert tonal["duration"] == pytest.approx(0.8)


def test_an_unknown_voice_is_one_sentence() -> None:
    with pytest.raises(OSError, match=r"^espeak-ng: voice: espeak-ng knows no martian$"):
        say("hello", voice="martian")


def test_a_small_set_is_made_loaded_and_shipped(folder: Path, vectors: dict[str, make.Array]) -> None:
    n = 12
    arrays = table_of(folder, vectors, n, n)
    np.savez(folder / "studio_clips.npz", allow_pickle=False, **arrays)
    for world in WORLDS:
        dataset = load_dataset(f"studio_{world}")
        assert dataset.evidence is not None
        total = sum(x.double().sum(1) for x in dataset.evidence.values())
        assert torch.allclose(dataset.labels[:, 0].double(), total, atol=1e-6)

    lengths = [len(make.draw_script(SEED, number).sentence.words) for number in range(n)]
    numbers = [int(np.argmin(lengths))]  # each word is spoken thrice
    assert list(ship.ship(folder / "shipped", vectors, SEED, numbers)) == numbers
    clips, of_all = load_clips(folder / "shipped"), load_dataset("studio_balanced").take(torch.tensor(numbers))
    shipped = clips.dataset("balanced")
    for name, x in of_all.modalities.items():
        assert torch.equal(shipped.modalities[name], x), name
    assert torch.allclose(shipped.labels, of_all.labels, atol=1e-6)
    assert torch.equal(shipped.mask, of_all.mask)
    assert shipped.steps.words == of_all.steps.words
    for row, number in enumerate(numbers):
        original = make.perform(make.draw_script(SEED, number))
        assert np.array_equal(clips.curves(clips.edits[row]), original.curves)


def test_a_word_without_a_vector_is_named(vectors: dict[str, make.Array]) -> None:
    some = {word: x for word, x in vectors.items() if word != "the"}
    with pytest.raises(ValueError, match=r"^vectors: expected one for every word, missing the$"):
        make.table(some, SEED, 12, {"times": np.zeros((12, 20, 2), np.float32)})


def table_of(folder: Path, vectors: dict[str, make.Array], n: int, n_clips: int) -> dict[str, np.ndarray]:
    """Files of ``n`` clips, of which ``n_clips`` are split."""
    done = [chunk for chunk in chunks.measured(SEED, n, folder / "kept") if chunk is not None]
    return make.table(vectors, SEED, n_clips, {name: np.concatenate([c[name] for c in done]) for name in chunks.WIDTHS})


def test_making_goes_on_where_it_was_stopped(
    folder: Path, vectors: dict[str, make.Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "SIZE", 2)
    whole = [chunk for chunk in chunks.measured(SEED, 3, folder / "whole") if chunk is not None]
    stopped = chunks.measured(SEED, 3, folder / "kept")
    assert [next(stopped) for _ in range(2)] == [None, None]
    next(stopped)  # the first two are kept
    spoken = []
    perform = chunks.perform
    monkeypatch.setattr(chunks, "perform", lambda script: spoken.append(script) or perform(script))
    again = list(chunks.measured(SEED, 3, folder / "kept"))
    assert sum(chunk is None for chunk in again) == 3  # each clip is counted once
    assert len(spoken) == 1
    for before, after in zip(whole, [chunk for chunk in again if chunk is not None], strict=True):
        for name, x in before.items():
            assert np.array_equal(x, after[name], equal_nan=True), name


def test_a_damaged_chunk_is_made_again(folder: Path) -> None:
    first = [chunk for chunk in chunks.measured(SEED, 1, folder) if chunk is not None]
    (folder / "000000.npz").write_bytes(b"PK\x03\x04 broken")
    again = [chunk for chunk in chunks.measured(SEED, 1, folder) if chunk is not None]
    assert np.array_equal(first[0]["acoustic"], again[0]["acoustic"])


def test_further_clips_change_neither_scores_nor_scales(
    folder: Path, vectors: dict[str, make.Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(folder / "studio_clips.npz", allow_pickle=False, **table_of(folder, vectors, 12, 12))
    few = load_dataset("studio_balanced")
    perform = chunks.perform

    def unless_it_is_the_second(script: make.Script) -> make.Clip:
        if script.sentence == make.draw_script(SEED, 13).sentence:
            raise voice.UntimedWordError("espeak-ng: no time for word 1")
        return perform(script)

    monkeypatch.setattr(chunks, "perform", unless_it_is_the_second)
    np.savez(folder / "studio_clips.npz", allow_pickle=False, **table_of(folder, vectors, 15, 12))
    more = load_dataset("studio_balanced")
    assert more.ids is not None
    assert [*more.ids[11:]] == ["clip 11", "clip 12", "clip 14"]
    assert more.split.tolist() == [*few.split.tolist(), "train", "train"]
    assert torch.equal(more.labels[:12], few.labels)
    for name, x in few.modalities.items():
        assert torch.equal(more.modalities[name][:12], x), name
