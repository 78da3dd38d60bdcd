"""Uploads: clips and pictures of visitors, whatever is in them."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from app.lessons import catalogue
from app.lessons.states import problems
from app.shared.pictures import UnreadablePictureError, take
from mfm_core.data.importing.upload import ClipShape, clip_table, read_clip
from mfm_core.data.notes import Notes
from mfm_core.data.scaling import Scaling
from mfm_core.lab.data import read_upload
from mfm_core.lessons.lesson import parse_lesson
from mfm_core.studio.recording import read_sound
from mfm_core.studio.word_times import MAX_WORDS, read_word_times
from tests.doors.doors import HTML, at_most, damaged, damaged_archives, door, one_sentence

SIZES = {"language": 3, "visual": 2}
SHAPE = ClipShape(SIZES, 1, {name: Scaling(torch.ones(d), torch.full((d,), 2.0)) for name, d in SIZES.items()})
HOOK = Path("run_by_a_pickle")


def clip_bytes() -> bytes:
    random, buffer = np.random.default_rng(0), io.BytesIO()
    arrays = {name: random.normal(size=(4, d)).astype(np.float32) for name, d in SIZES.items()}
    np.savez_compressed(buffer, words=np.array(list("abcd")), times=np.arange(8.0).reshape(4, 2), **arrays)
    return buffer.getvalue()


def table() -> bytes:
    random = np.random.default_rng(0)
    arrays = {name: random.normal(size=(4, d)).astype(np.float32) for name, d in SIZES.items()}
    return clip_table(arrays, ("a", HTML, "c", "d"), np.arange(8, dtype=np.float32).reshape(4, 2)).encode()


def taken(content: bytes, name: str) -> None:
    notes = Notes()
    try:
        with at_most(150_000_000):
            clip = read_clip(content, name, SHAPE, notes)
    except ValueError as error:
        one_sentence(error)
        return
    assert clip.steps is not None
    assert 1 <= clip.modalities["language"].shape[1] <= 200
    assert all(bool(torch.isfinite(x).all()) for x in clip.modalities.values())
    assert all("\n" not in line for line in notes.lines())
    starts = clip.steps.times[0, :, 0]
    assert bool((starts[~starts.isnan()].diff() >= 0).all())


def test_a_message_repeats_no_bytes_of_a_file() -> None:
    """The library's own repeats a name, which in a damaged archive goes on to the end of it."""
    content = bytearray(clip_bytes())
    content[26:28] = (60_000).to_bytes(2, "little")  # letters of the first name, as its own header has them
    with pytest.raises(ValueError, match="expected a whole NumPy archive") as told:
        read_clip(bytes(content), "mine.npz", SHAPE, Notes())
    one_sentence(told.value)
    assert len(str(told.value)) < 300


@given(content=damaged_archives(clip_bytes(), HOOK.absolute()))
@door
def test_any_archive_is_a_clip_or_refused_and_nothing_is_unpickled(content: bytes) -> None:
    taken(content, "mine.npz")
    assert not HOOK.exists()


@given(content=damaged(table()), name=st.sampled_from(["mine.csv", f"{HTML}.csv", "../../x.csv", "a\nb.csv"]))
@door
def test_any_table_is_a_clip_or_refused(content: bytes, name: str) -> None:
    taken(content, name)


def lab_set() -> bytes:
    random, buffer = np.random.default_rng(0), io.BytesIO()
    left, right = random.random((60, 1, 8, 8), np.float32), random.random((60, 3, 8, 8), np.float32)
    np.savez_compressed(buffer, left=left, right=right, labels=np.arange(60) % 3)
    return buffer.getvalue()


@given(content=damaged_archives(lab_set(), HOOK.absolute(), ("left", "right", "labels", "mask")))
@door
def test_any_set_for_the_lab_is_taken_or_refused_and_nothing_is_unpickled(content: bytes) -> None:
    try:
        with at_most(150_000_000):
            data = read_upload(content, "own.npz")
    except ValueError as error:
        one_sentence(error)
    else:
        assert 60 <= len(data) <= 4_000
        assert all(bool(torch.isfinite(x).all()) for x in data.modalities.values())
    assert not HOOK.exists()


LESSONS = [path.read_bytes() for path in sorted(catalogue.CONTENT.glob("*.toml"))]


@given(content=st.sampled_from(LESSONS).flatmap(damaged), name=st.text(max_size=20).map(lambda text: f"{text}.toml"))
@example(content=b"\x80", name="a\nb.toml")
@door
def test_any_lesson_is_taken_or_refused(content: bytes, name: str) -> None:
    try:
        with at_most(50_000_000):
            lesson = parse_lesson(content, name)
    except ValueError as error:
        one_sentence(error)
        return
    problems(lesson)


WORDS = {
    "words.csv": b"word,start,end\nso,0,0.5\ngood,0.5,1\n",
    "words.srt": b"1\n00:00:00,000 --> 00:00:01,500\nso <i>good</i>\n\n2\n00:00:02,000 --> 00:00:03,000\nfine\n",
    "words.vtt": b"WEBVTT\n\n00:00.000 --> 00:01.500\nso good\n\n00:02.000 --> 00:03.000\nfine\n",
    "words.TextGrid": b'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n1\n<exists>\n1\n"IntervalTier"'
    b'\n"words"\n0\n1\n2\n0\n0.5\n"so"\n0.5\n1\n"good"\n',
}


LIBRARIES = {"words.csv": "csv", "words.srt": "pysubs2", "words.vtt": "pysubs2", "words.TextGrid": "praatio"}


@pytest.mark.parametrize("name", WORDS)
@given(data=st.data())
@door
def test_any_words_with_times_are_taken_or_refused(name: str, data: st.DataObject) -> None:
    pytest.importorskip(LIBRARIES[name], reason="needs requirements-data.txt")
    assert read_word_times(WORDS[name], name).words[0] == "so"
    try:
        with at_most(100_000_000):
            timed = read_word_times(data.draw(damaged(WORDS[name])), name)
    except ValueError as error:
        one_sentence(error)
        return
    assert 1 <= len(timed.words) <= MAX_WORDS
    assert bool(np.isfinite(timed.times).all())
    assert bool((timed.times[:, 0] <= timed.times[:, 1]).all())


def small_sound() -> bytes:
    """A quarter of a second at 8,000 Hz, in bytes: hypothesis prints what fails."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8_000)
        file.writeframes((128 + 100 * np.sin(np.arange(2_000) / 9)).astype(np.uint8).tobytes())
    return buffer.getvalue()


SOUND = small_sound()


@given(content=st.one_of(damaged(SOUND[:60]).map(lambda head: head + SOUND[60:]), damaged(SOUND)))
@door
def test_any_sound_is_taken_or_refused(content: bytes) -> None:
    pytest.importorskip("librosa", reason="needs requirements-data.txt")
    read_sound(SOUND, "mine.wav")  # imports what it needs, which is no memory of the sound's
    try:
        with at_most(150_000_000):
            sound = read_sound(content, "mine.wav")
    except ValueError as error:
        one_sentence(error)
        return
    assert bool(np.isfinite(sound).all())


def picture(kind: str, mode: str) -> bytes:
    buffer = io.BytesIO()
    pixels = (np.add.outer(np.arange(40), np.arange(40)) % 256).astype(np.uint8)
    Image.fromarray(pixels).convert(mode).save(buffer, kind)
    return buffer.getvalue()


PICTURES = [
    picture("PNG", "L"),
    picture("PNG", "RGBA"),
    picture("PNG", "P"),
    picture("JPEG", "RGB"),
    picture("GIF", "L"),
]


@pytest.mark.filterwarnings("ignore")  # Pillow tells of what it can still read
@given(content=st.sampled_from(PICTURES).flatmap(damaged), channels=st.sampled_from([1, 3]))
@door
def test_any_picture_is_taken_or_refused(content: bytes, channels: int) -> None:
    try:
        with at_most(150_000_000):
            made = take(content, (channels, 28, 28))
    except UnreadablePictureError as error:
        one_sentence(error)
        return
    assert made.shape == (channels, 28, 28)
    assert 0 <= made.min() <= made.max() <= 1
