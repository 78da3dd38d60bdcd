"""The shipped studio clips: whole, true, and ready to be asked "what if"; and damaged copies of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mfm_core import Clips, load_clips, load_dataset
from mfm_core.storage.folder import PRETRAINED
from mfm_core.studio import face
from mfm_core.studio.truth import MODALITIES, WORLDS, language_evidence
from tests.damage import edit, overwrite, rename, rewrite

MAX_AUDIO_IN_ALL = 2_000_000


@pytest.fixture(scope="module")
def clips() -> Clips:
    return load_clips("studio_clips")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PRETRAINED / "studio_clips", tmp_path / "clips"))


def test_thirty_held_out_clips_of_every_kind_are_shipped(clips: Clips) -> None:
    assert len(clips) == 30
    assert {"neutral", "plain", "intensified", "negated"} <= set(clips.kinds)
    assert sum(map(len, clips.audio)) < MAX_AUDIO_IN_ALL
    for text, take in zip(clips.text, clips.edits, strict=True):
        assert text.lower().replace(",", "").rstrip(".").split() == list(take.words)


@pytest.mark.parametrize("world", WORLDS)
def test_scores_are_the_sum_of_the_evidence(world: str, clips: Clips) -> None:
    dataset = clips.dataset(world)
    assert dataset.evidence is not None
    total = sum(x.double().sum(1) for x in dataset.evidence.values())
    assert torch.allclose(dataset.labels[:, 0].double(), total, atol=1e-6)
    for row, take in enumerate(clips.edits):
        n, weight = len(take), np.array(WORLDS[world]) / np.linalg.norm(WORLDS[world]) / clips.spread.numpy()
        rows = [language_evidence(take.words), np.array(take.tones), np.array(take.faces)]
        for name, values, w in zip(MODALITIES, rows, weight, strict=True):
            assert dataset.evidence[name][row, :n].numpy() == pytest.approx(w * values, abs=1e-6)
            assert (dataset.evidence[name][row, n:] == 0).all()


def test_padded_steps_are_zero_and_nothing_is_missing(clips: Clips) -> None:
    dataset = clips.dataset("balanced")
    assert dataset.mask is not None
    assert dataset.steps is not None
    for x in dataset.modalities.values():
        assert (x[~dataset.mask] == 0).all()
        assert (x[dataset.mask] != 0).any(1).all()
    assert torch.isnan(dataset.steps.times[~dataset.mask]).all()


def test_they_are_what_the_whole_set_holds(clips: Clips) -> None:
    try:
        of_all = load_dataset("studio_face_led")
    except FileNotFoundError:
        pytest.skip("studio_clips.npz is not in the data folder: python -m mfm_core data make studio-clips")
    assert of_all.ids is not None
    shipped = clips.dataset("face_led")
    same = of_all.take(torch.tensor([of_all.ids.index(name) for name in clips.ids]))
    assert set(same.split) == {"test"}
    assert torch.equal(same.mask, shipped.mask)
    assert torch.allclose(same.labels, shipped.labels, atol=1e-6)
    for name, x in shipped.modalities.items():
        assert torch.equal(x, same.modalities[name]), name


def mp3_samples(sound: bytes) -> int:
    """Samples in a MPEG-2 layer III file, by its frames' headers alone: 576 in each."""
    rates = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
    place, n_frames = 0, 0
    while place + 4 <= len(sound):
        header = int.from_bytes(sound[place : place + 4], "big")
        assert header >> 17 == 0b111111111111001, f"no frame of MPEG-2 layer III at {place}"
        assert header >> 10 & 3 == 0, "22,050 Hz"
        place += 72 * rates[header >> 12 & 15] * 1000 // 22_050 + (header >> 9 & 1)
        n_frames += 1
    return 576 * n_frames


def test_the_sound_is_as_long_as_said_and_longer_than_its_last_word(clips: Clips) -> None:
    for row, sound in enumerate(clips.audio):
        seconds = mp3_samples(sound) / 22_050
        # An encoder adds a frame that tells of the others, its delay, and fills the last frame.
        assert clips.seconds[row] <= seconds < clips.seconds[row] + 4 * 576 / 22_050
        assert float(clips.times[row, len(clips.edits[row]) - 1, 1]) <= clips.seconds[row]


def test_curves_are_of_the_length_of_the_sound(clips: Clips) -> None:
    for take, seconds in zip(clips.edits, clips.seconds, strict=True):
        curves = clips.curves(take)
        assert abs(len(curves) / face.FRAMES_A_SECOND - seconds) <= 1 / face.FRAMES_A_SECOND
        assert np.abs(curves).max() <= 1


def test_a_face_that_is_changed_moves_the_curves_at_its_word_only(clips: Clips) -> None:
    take = clips.edits[0].change_face(2, "rest")
    start, end = clips.times[0, 2].tolist()
    moved = clips.curves(take.change_face(2, "smile")) - clips.curves(take)
    seconds = np.flatnonzero(np.abs(moved).max(1)) / face.FRAMES_A_SECOND
    assert len(seconds) > 0
    assert start - 1e-6 <= seconds.min()
    assert seconds.max() < end
    assert moved[:, face.UNITS.index("smile")].max() > 0.3


@given(st.data())
def test_a_change_touches_one_modality_at_one_step(clips: Clips, data: st.DataObject) -> None:
    before = clips.edits[data.draw(st.integers(0, len(clips) - 1))]
    step = data.draw(st.integers(0, len(before) - 1))
    after, name = data.draw(
        st.sampled_from(
            [
                (before.replace_word(step, data.draw(st.sampled_from(clips.vocabulary))), "language"),
                (before.change_tone(step, data.draw(st.sampled_from(["lowered", "plain", "raised"]))), "acoustic"),
                (before.change_face(step, data.draw(st.sampled_from(["frown", "rest", "smile"]))), "visual"),
            ]
        )
    )
    pair = clips.dataset("balanced", [before, after])
    assert pair.evidence is not None
    for modality, x in pair.modalities.items():
        moved = (x[0] != x[1]).any(1)
        moved[step] &= modality != name
        assert not moved.any()
    change = {m: x[1] - x[0] for m, x in pair.evidence.items()}
    assert all((x == 0).all() for m, x in change.items() if m != name)
    assert float(pair.labels[1] - pair.labels[0]) == pytest.approx(float(change[name].sum()), abs=1e-5)


def test_changing_back_gives_the_same_clip_to_the_bit(clips: Clips) -> None:
    take = clips.edits[4]
    there = take.change_tone(1, "raised").change_face(1, "frown").replace_word(1, "awful")
    names = {-1: 0, 0: 1, 1: 2}
    back = (
        there.replace_word(1, take.words[1])
        .change_tone(1, ("lowered", "plain", "raised")[names[take.tones[1]]])
        .change_face(1, ("frown", "rest", "smile")[names[take.faces[1]]])
    )
    assert back == take
    original, returned = clips.dataset("balanced"), clips.dataset("balanced", [back])
    for name, x in returned.modalities.items():
        assert torch.equal(x[0], original.modalities[name][4])


def test_changes_of_different_words_add_up_in_any_order(clips: Clips) -> None:
    take = clips.edits[7]
    one = take.change_tone(0, "raised").change_face(3, "frown")
    other = take.change_face(3, "frown").change_tone(0, "raised")
    assert one == other


def test_negating_a_praise_turns_its_evidence(clips: Clips) -> None:
    take = clips.edits[0]
    praised = take.replace_word(1, "was").replace_word(2, "good").replace_word(0, "a")
    denied = praised.replace_word(1, "not")
    assert praised.evidence()["language"][:3].tolist() == [0, 0, 1]
    assert denied.evidence()["language"][:3].tolist() == pytest.approx([0, -0.4, -0.4])


def test_a_raised_voice_is_higher_and_a_smile_is_a_smile(clips: Clips) -> None:
    pitch, smile = clips.tone_names.index("pitch_above_speaker"), clips.face_names.index("smile_mean")
    rises = clips.tones[..., 2, pitch] - clips.tones[..., 0, pitch]
    assert (rises[clips.mask] > 0).float().mean() > 0.9
    assert (clips.faces[..., 2, smile] > clips.faces[..., 0, smile])[clips.mask].all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda take: take.replace_word(0, "xylophone"), r"^word: expected one of \d+ words .*, got 'xylophone'$"),
        (lambda take: take.replace_word(99, "good"), r"^step: expected 0 to \d+, got 99$"),
        (lambda take: take.change_tone(-1, "raised"), r"^step: expected 0 to \d+, got -1$"),
        (lambda take: take.change_tone(0, "sung"), r"^tone: expected one of lowered, plain, raised, got 'sung'$"),
        (lambda take: take.change_face(0, "wink"), r"^face: expected one of frown, rest, smile, got 'wink'$"),
    ],
)
def test_an_impossible_change_is_named(clips: Clips, change: Callable[..., object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        change(clips.edits[0])


def change_json(path: Path, change: Callable[[dict], object]) -> None:
    told = json.loads((path / "clips.json").read_text())
    change(told)
    (path / "clips.json").write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("frames"), "frames: expected this key, which is missing"),
        (lambda t: t.update(frames=10**9), "frames: "),
        (lambda t: t.update(format_version=2), "format_version: "),
        (lambda t: t.update(extra=1), "extra: expected no such key"),
        (lambda t: t["clips"].clear(), "clips: "),
        (lambda t: t["clips"][2]["words"].append("good"), "times: expected"),
        (lambda t: t["clips"][2]["words"].__setitem__(0, "xylophone"), "got 'xylophone'"),
        (lambda t: t["clips"][2]["words"].__setitem__(0, "<b>"), "clips.2.words.0"),
        (lambda t: t["clips"][2]["tones"].__setitem__(0, 2), "clips.2.tones.0"),
        (lambda t: t["clips"][2]["faces"].pop(), "faces: expected"),
        (lambda t: t["clips"][2]["times"].reverse(), "times: expected words one after the other"),
        (lambda t: t["clips"][2]["times"][0].__setitem__(0, float("nan")), "clips.2.times.0.0"),
        (lambda t: t["clips"][2].update(seconds=29.5), "seconds: expected at most"),
        (lambda t: t["clips"][2]["scores"].update(balanced=3.21), "clips.2.scores.balanced: expected"),
        (lambda t: t["vocabulary"].__setitem__(0, t["vocabulary"][1]), "vocabulary: expected each word once|got '"),
        (lambda t: t["vocabulary"].pop(), "vectors: expected shape|got '"),
        (lambda t: t["clips"].pop(), "expected shape"),
    ],
)
def test_a_damaged_table_is_refused_in_one_sentence(
    folder: Path, change: Callable[[dict], object], message: str
) -> None:
    change_json(folder, change)
    with pytest.raises(ValueError, match=message) as caught:
        load_clips(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


NAN = np.float32(np.nan).tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename("tones", "sounds"), "missing tones, surplus sounds"),
        (edit("faces", dtype="I32"), "faces: expected shape .* of torch.float32, got .* of torch.int32"),
        (overwrite("tones", NAN), "tones: expected finite numbers"),
        (overwrite("resting", NAN), "resting: expected finite numbers"),
        (overwrite("spread", np.float32(0).tobytes()), "spread: expected numbers above 0"),
        (overwrite("visual_std", np.float32(-1).tobytes()), "visual_std: expected numbers of at least 0"),
        (overwrite("spread", np.float32(9).tobytes()), "scores.language_led: expected"),
    ],
)
def test_damaged_features_are_refused_in_one_sentence(folder: Path, change: Callable[..., None], message: str) -> None:
    rewrite(folder / "features.safetensors", change)
    with pytest.raises(ValueError, match=message) as caught:
        load_clips(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sound", [b"", b"RIFF....WAVE", b"<html>", b"\xff\xfb" + bytes(200_000)])
def test_a_damaged_sound_is_refused_in_one_sentence(folder: Path, sound: bytes) -> None:
    (folder / "audio" / "03.mp3").write_bytes(sound)
    with pytest.raises(ValueError, match=r"03\.mp3: expected (an MP3 file|at most)"):
        load_clips(folder)


def test_a_name_of_no_clips_is_answered_with_those_there_are() -> None:
    expected = "name_or_folder: expected studio_clips, or the folder of stored clips, got"
    for name in ("studio", "", "nowhere/else"):
        with pytest.raises(FileNotFoundError, match=f"^{expected} {name!r}$"):
            load_clips(name)
    with pytest.raises(ValueError, match=r"^name_or_folder: expected text or a path, got an int$"):
        load_clips(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["clips.json", "features.safetensors", "audio/29.mp3"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"{Path(name).name}: no such file"):
        load_clips(folder)
