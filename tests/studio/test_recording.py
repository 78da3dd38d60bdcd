"""Recordings of one's own, against the studio clips that the same code measured."""

from __future__ import annotations

import importlib.util
import io
import struct

import numpy as np
import pytest
import torch

import mfm_core as mfm
from mfm_core.studio.making.say import can_speak, say, wav
from mfm_core.studio.making.voice import SAMPLE_RATE
from mfm_core.studio.recording import MAX_BYTES, measure, read_sound
from mfm_core.studio.word_times import WordTimes

_missing = [name for name in ("librosa", "soundfile") if importlib.util.find_spec(name) is None]
needs_sound = pytest.mark.skipif(bool(_missing), reason=f"not installed: {', '.join(_missing)}")
# librosa's own dependencies warn of what is to come in Python.
quiet = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def tone(seconds: float, rate: int = SAMPLE_RATE) -> np.ndarray:
    return (0.1 * np.sin(2 * np.pi * 220 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@needs_sound
@quiet
def test_a_shipped_clip_is_measured_as_it_was_when_it_was_made() -> None:
    clips = mfm.load_clips()
    edited, n = clips.edits[0], len(clips.edits[0])
    timed = WordTimes(tuple(word.upper() + "," for word in edited.words), clips.times[0, :n].numpy())
    vectors = dict(zip(clips.vocabulary, clips.vectors.numpy(), strict=True))
    made = measure(read_sound(clips.audio[0], "clip.mp3"), timed, vectors)
    assert made.words == edited.words
    assert made.unknown == ()
    step = torch.arange(n)
    np.testing.assert_array_equal(made.language, clips.vectors[[edited.vocabulary[word] for word in edited.words]])
    wanted = clips.tones[0, step, torch.tensor(edited.tones) + 1]
    scaling = clips.scaling["acoustic"]
    everywhere = torch.ones(1, n, dtype=torch.bool)
    given, known = (scaling.apply(x[None], everywhere)[0] for x in (torch.from_numpy(made.acoustic), wanted))
    # The MP3 has lost what lies high in the spectrum, and the loudness is that of all clips instead of this one's.
    likeness = torch.corrcoef(torch.stack([given.flatten(), known.flatten()]))[0, 1]
    assert float(likeness) > 0.9


@needs_sound
@quiet
def test_a_word_without_a_vector_is_told_and_is_no_number() -> None:
    timed = WordTimes(("hello", "Zyzzyx!"), np.array([[0.0, 0.5], [0.5, 0.9]], np.float32))
    made = measure(tone(1.0), timed, {"hello": np.ones(50, np.float32)})
    assert made.unknown == ("zyzzyx",)
    assert np.isnan(made.language[1]).all()
    assert made.acoustic.shape == (2, 28)
    assert np.isfinite(made.acoustic).all()


@needs_sound
@quiet
def test_its_loudness_does_not_matter() -> None:
    timed = WordTimes(("a", "b"), np.array([[0.0, 0.5], [0.5, 0.9]], np.float32))
    soft, loud = (measure(gain * tone(1.0), timed, {}).acoustic for gain in (0.1, 5.0))
    np.testing.assert_allclose(soft, loud, rtol=1e-2, atol=0.05)


@needs_sound
@quiet
def test_a_word_after_the_sound_is_refused() -> None:
    timed = WordTimes(("a", "b"), np.array([[0.0, 0.5], [1.5, 2.0]], np.float32))
    with pytest.raises(ValueError, match=r"times: expected words within the 1\.00 s of sound, got word 2 at 1\.50 s"):
        measure(tone(1.0), timed, {})


@needs_sound
@quiet
def test_wav_of_another_rate_is_resampled() -> None:
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, np.stack([tone(1.0, 44_100)] * 2, axis=1), 44_100, format="WAV")
    sound = read_sound(buffer.getvalue(), "a.wav")
    assert len(sound) == SAMPLE_RATE
    assert sound.dtype == np.float32


@needs_sound
@quiet
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "expected a WAV or MP3 file, got other bytes"),
        (b"OggS" + bytes(100), "expected a WAV or MP3 file, got other bytes"),
        (b"RIFF\x10\0\0\0WAVE" + bytes(30), "cannot be decoded"),
        (wav(np.zeros(SAMPLE_RATE, np.float32)), "expected sound, got silence"),
        (wav(tone(0.1)), "0.2 to 120 s of sound, got 0.10 s"),
        (wav(tone(121.0)), "expected at most 120 s, got 121 s"),
        (b"ID3" + bytes(MAX_BYTES), f"expected at most {MAX_BYTES} bytes"),
    ],
)
def test_what_is_no_sound_gets_a_sentence(content: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=r"^a\?b") as caught:
        read_sound(content, "a\nb")
    assert told in str(caught.value)


@needs_sound
@quiet
def test_a_header_that_promises_days_is_refused_before_anything_is_decoded() -> None:
    short = bytearray(wav(tone(0.5)))
    short[24:28] = struct.pack("<I", 1)  # one sample a second
    with pytest.raises(ValueError, match="8000 to 192000 samples a second"):
        read_sound(bytes(short), "a.wav")


@pytest.mark.skipif(not can_speak(), reason="espeak-ng is not installed")
def test_words_are_said_in_the_time_that_is_told() -> None:
    spoken = say(("the", "film", "was", "good"), (0, 0, 0, 1), 3)
    assert spoken.sound[:4] == b"RIFF"
    assert spoken.times.shape == (4, 2)
    assert float(spoken.times[-1, 1]) <= spoken.seconds
    assert say(("the", "film", "was", "good"), (0, 0, 0, 1), 3).sound == spoken.sound


def test_tones_that_do_not_fit_the_words_are_refused() -> None:
    with pytest.raises(ValueError, match="tones: expected -1, 0 or 1 for each of 2 words"):
        say(("a", "b"), (0,), 0)
    with pytest.raises(ValueError, match="words: expected 1 to 40, got 0"):
        say((), (), 0)
