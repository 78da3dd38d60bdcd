"""Words said aloud by espeak-ng, in tones, by the speaker of a studio clip: a WAV file and the time of each word."""

from __future__ import annotations

import ctypes.util
import io
import wave
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mfm_core.studio.making import voice
from mfm_core.studio.making.make import SEED, draw_script

MAX_WORDS = 40


class Spoken(NamedTuple):
    """Spoken words.

    Attributes:
        sound: A WAV file, 16 bits, one channel.
        times: Start and end of each word in seconds, ``(T, 2)`` float32.
        seconds: How long it lasts.
    """

    sound: bytes
    times: npt.NDArray[np.float32]
    seconds: float


def can_speak() -> bool:
    """Whether espeak-ng is installed."""
    return ctypes.util.find_library("espeak-ng") is not None


def say(words: Sequence[str], tones: Sequence[int], number: int) -> Spoken:
    """Say words in the voice and the room of a studio clip.

    Args:
        words: In lower case, 1 to 40.
        tones: -1 (lowered), 0 (plain) or 1 (raised) for each word.
        number: Of the clip among all studio clips, whose speaker it is.

    Raises:
        OSError: If espeak-ng is not installed.
        ValueError: If there are no words or too many, tones are not one each, or espeak-ng cannot say them one by one.
    """
    if not 1 <= len(words) <= MAX_WORDS:
        raise ValueError(f"words: expected 1 to {MAX_WORDS}, got {len(words)}")
    if len(tones) != len(words) or any(tone not in (-1, 0, 1) for tone in tones):
        raise ValueError(f"tones: expected -1, 0 or 1 for each of {len(words)} words, got {len(tones)}: {list(tones)}")
    if not can_speak():
        raise OSError("espeak-ng: not found; install it to hear words said anew")
    script = draw_script(SEED, number)
    waveform, times = voice.speak(words, [False] * len(words), tones, script.style, script.seeds[0])
    return Spoken(wav(waveform), times, len(waveform) / voice.SAMPLE_RATE)


def wav(waveform: voice.Waveform) -> bytes:
    """A waveform within -1 to 1 at 22,050 Hz as a WAV file of 16 bits."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(voice.SAMPLE_RATE)
        file.writeframes((waveform.clip(-1, 1) * (2**15 - 1)).astype("<i2").tobytes())
    return buffer.getvalue()
