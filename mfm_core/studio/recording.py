"""A recording of one's own, measured as the studio clips are: GloVe of its words, acoustic features of its sound.

Sound is read with soundfile and measured with librosa, which ``requirements-data.txt`` holds; it is read as untrusted
input, and its size and length are checked before it is decoded.
"""

from __future__ import annotations

import importlib.util
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mfm_core.printing import short_repr
from mfm_core.problems import printable
from mfm_core.studio.clip_files import is_mp3
from mfm_core.studio.making import acoustics, voice
from mfm_core.studio.word_times import WordTimes

MAX_BYTES, MAX_SECONDS, LEAST_SECONDS = 4_000_000, 120.0, 0.2
RATES = (8_000, 192_000)
LOUDNESS = 0.0475  # of speech in a studio clip, on average; a recording's own gain tells nothing
_EDGES = re.compile(r"^\W+|\W+$")  # punctuation around a word

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Recording:
    """Measured recording of T words.

    Attributes:
        words: In lower case, without punctuation at their ends.
        times: Start and end in seconds, ``(T, 2)``.
        language: GloVe of each word, ``(T, 50)``; NaN where a word is unknown.
        acoustic: Raw features, ``(T, 28)``.
        waveform: At 22,050 Hz, as loud as a studio clip.
        unknown: Words that have no vector, each once.
    """

    words: tuple[str, ...]
    times: Array
    language: Array
    acoustic: Array
    waveform: voice.Waveform
    unknown: tuple[str, ...]

    __repr__ = short_repr


def can_read_sound() -> bool:
    """Whether the libraries that decode and measure sound are installed, known without importing them."""
    return all(importlib.util.find_spec(name) is not None for name in ("librosa", "soundfile"))


def plain_word(word: str) -> str:
    """A word in lower case, without punctuation at its ends."""
    return _EDGES.sub("", word.lower()) or word.lower()


def read_sound(content: bytes, file_name: str) -> voice.Waveform:
    """Decode a WAV or MP3 file.

    Args:
        content: The file.
        file_name: Its name, for messages.

    Returns:
        One channel at 22,050 Hz.

    Raises:
        ValueError: If it is too large, too long, too short, damaged, or of another format, in one sentence.
        OSError: If soundfile or librosa is not installed.
    """
    name = printable(file_name)
    if len(content) > MAX_BYTES:
        raise ValueError(f"{name}: expected at most {MAX_BYTES} bytes, got {len(content)}")
    if not is_mp3(content) and not (content[:4] == b"RIFF" and content[8:12] == b"WAVE"):
        raise ValueError(f"{name}: expected a WAV or MP3 file, got other bytes")
    try:
        import librosa
        import soundfile
    except ImportError as missing:
        raise OSError(f"{missing.name}: not found; sound of one's own needs requirements-data.txt") from None
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            rate = int(file.samplerate)
            if not RATES[0] <= rate <= RATES[1] or file.channels > 8:
                given = f"{rate} samples a second on {file.channels} channels"
                raise ValueError(f"{name}: expected {RATES[0]} to {RATES[1]} samples a second, got {given}")
            if file.frames > MAX_SECONDS * rate:
                raise ValueError(f"{name}: expected at most {MAX_SECONDS:.0f} s, got {file.frames / rate:.0f} s")
            sound = file.read(int(MAX_SECONDS * rate) + 1, dtype="float32", always_2d=True).mean(axis=1)
    except soundfile.LibsndfileError:
        raise ValueError(f"{name}: expected a WAV or MP3 file, got one that cannot be decoded") from None
    if len(sound) > MAX_SECONDS * rate or len(sound) < LEAST_SECONDS * rate:
        seconds = len(sound) / rate
        raise ValueError(f"{name}: expected {LEAST_SECONDS} to {MAX_SECONDS:.0f} s of sound, got {seconds:.2f} s")
    if not np.isfinite(sound).all() or not sound.any():
        raise ValueError(f"{name}: expected sound, got silence or numbers that are not finite")
    resampled: voice.Waveform = librosa.resample(sound, orig_sr=rate, target_sr=voice.SAMPLE_RATE).astype(np.float32)
    return resampled


def measure(
    sound: voice.Waveform,
    timed: WordTimes,
    vectors: Mapping[str, Array],
    *,
    on_progress: Callable[[str], object] = str,
) -> Recording:
    """Measure a recording with the functions that measure studio clips.

    Args:
        sound: At 22,050 Hz; brought to the loudness of studio clips, for its gain tells nothing.
        timed: Its words and their times.
        vectors: GloVe by word.
        on_progress: Called with the name of each stage.

    Raises:
        ValueError: If a word is said after the sound has ended.
    """
    seconds = len(sound) / voice.SAMPLE_RATE
    if float(timed.times[:, 0].max()) >= seconds:
        step = int((timed.times[:, 0] >= seconds).argmax())
        raise ValueError(
            f"times: expected words within the {seconds:.2f} s of sound, got word {step + 1} at "
            f"{timed.times[step, 0]:.2f} s"
        )
    times = timed.times.clip(max=np.float32(seconds))
    on_progress("vectors of the words")
    words = tuple(map(plain_word, timed.words))
    nothing = np.full(50, np.nan, np.float32)
    language = np.stack([vectors.get(word, nothing) for word in words]).astype(np.float32)
    on_progress("acoustic features")
    waveform = (sound * np.float32(LOUDNESS / max(voice.speech_level(sound), 1e-6))).clip(-1, 1).astype(np.float32)
    acoustic = acoustics.word_features(waveform, times, words)
    unknown = tuple(dict.fromkeys(word for word in words if word not in vectors))
    return Recording(words, times, language, acoustic, waveform, unknown)
