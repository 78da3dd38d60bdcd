"""Sentences spoken by espeak-ng, with a tone marked at single words and the exact time of each word.

espeak-ng is needed only to make the data, not to use them.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mfm_core.studio.making.speak import END, PHONEME, WORD

SAMPLE_RATE = 22_050
SECONDS = 60  # a sentence takes espeak-ng a twentieth of a second
VOICES = tuple(
    f"{accent}+{variant}"
    for accent in ("en-us", "en-gb-scotland", "en-gb-x-rp")
    for variant in ("m1", "m3", "m7", "f1", "f2", "f4")
)
# A tone is made of these changes at full expressiveness: of pitch and speed in percent, of loudness in espeak's units.
RAISED, LOWERED = {"pitch": 55, "volume": 40, "rate": 6}, {"pitch": -50, "volume": -26, "rate": -22}
_VOLUME = 60  # of 100, so that a raised word is not cut off
# espeak speaks some pairs ("of the", "it was") as one word; the second of a pair has this many phonemes.
_SECOND_OF_PAIR = {"the": 2, "a": 1, "an": 2, "was": 3, "of": 2, "in": 2, "to": 2, "is": 2, "had": 3, "by": 2}

Waveform = npt.NDArray[np.float32]
Event = tuple[int, int, int, str]

_log = logging.getLogger(__name__)


class UntimedWordError(ValueError):
    """espeak-ng does not tell when a word is said."""


@dataclass(frozen=True)
class Style:
    """How somebody speaks, and where; drawn independently of everything that counts.

    Attributes:
        voice: A voice of espeak-ng.
        rate: Words a minute.
        pitch: Of the voice, 0 to 100.
        melody: Range of the intonation, 0 to 100.
        expressiveness: Factor of the changes that make a tone.
        echo: Loudness of the room's echo against the direct sound.
        decay: Seconds in which the echo falls by 60 dB.
        noise_db: Level of the noise against the speech.
        tilt: Treble (above 0) or bass (below 0), -1 to 1.
        loudness: Root mean square of the recording.
    """

    voice: str
    rate: int
    pitch: int
    melody: int
    expressiveness: float
    echo: float
    decay: float
    noise_db: float
    tilt: float
    loudness: float


def draw_style(rng: np.random.Generator) -> Style:
    """Draw a speaker, a manner and a room."""
    return Style(
        voice=VOICES[rng.integers(len(VOICES))],
        rate=int(rng.integers(150, 196)),
        pitch=int(rng.integers(32, 69)),
        melody=int(rng.integers(35, 61)),
        expressiveness=float(rng.uniform(0.85, 1.15)),
        echo=float(rng.uniform(0, 0.12)),
        decay=float(rng.uniform(0.1, 0.4)),
        noise_db=float(rng.uniform(-50, -30)),
        tilt=float(rng.uniform(-0.4, 0.4)),
        loudness=float(rng.uniform(0.035, 0.06)),
    )


def speak(
    words: Sequence[str],
    pauses: Sequence[bool],
    tones: Sequence[int],
    style: Style,
    room_seed: np.random.SeedSequence,
) -> tuple[Waveform, npt.NDArray[np.float32]]:
    """Speak a sentence in a room.

    Some voices lose words of some texts; such a text is spoken by another voice.

    Args:
        words: In lower case.
        pauses: Which words have a comma after them.
        tones: -1, 0 or 1 for each word.
        style: Speaker, manner and room.
        room_seed: Of the room's echo and noise.

    Returns:
        The waveform at 22,050 Hz, and start and end of each word in seconds, ``(len(words), 2)``.

    Raises:
        OSError: If espeak-ng is not installed.
        ValueError: If espeak-ng did not speak the words one by one.
    """
    ssml, places = _markup(words, pauses, tones, style)
    variant = style.voice.rpartition("+")[2]
    alike = [voice for voice in VOICES if voice.endswith(f"+{variant}")]  # the same person, of another accent
    for name in dict.fromkeys((style.voice, *alike, *VOICES)):
        told, dry = _spoken(ssml, style, name)
        try:
            times = word_samples(told, places, words) / SAMPLE_RATE
        except ValueError as error:
            _log.warning("%s, by %s", error, name)
            continue
        return in_room(dry, style, np.random.default_rng(room_seed)), times.astype(np.float32)
    raise ValueError(f"words: expected what espeak-ng can speak word by word, got: {' '.join(words)}")


def _spoken(ssml: str, style: Style, name: str) -> tuple[list[Event], Waveform]:
    """The events and the sound of a text, by a program of its own."""
    order = {
        "voice": name,
        "rate": style.rate,
        "pitch": style.pitch,
        "range": style.melody,
        "volume": _VOLUME,
        "ssml": ssml,
    }
    program = [sys.executable, "-I", str(Path(__file__).with_name("speak.py"))]
    spoken = subprocess.run(  # noqa: S603 - our own program
        program, input=json.dumps(order).encode(), capture_output=True, timeout=SECONDS, check=False
    )
    if spoken.returncode != 0:
        raise OSError(f"espeak-ng: {spoken.stderr.decode(errors='replace').strip()}")
    line, _, samples = spoken.stdout.partition(b"\n")
    told = json.loads(line)
    if told["rate"] != SAMPLE_RATE:
        raise ValueError(f"espeak-ng: expected {SAMPLE_RATE} samples a second, got {told['rate']}")
    dry: Waveform = np.frombuffer(samples, np.int16).astype(np.float32) / np.float32(2**15)
    return told["events"], dry


def _markup(
    words: Sequence[str], pauses: Sequence[bool], tones: Sequence[int], style: Style
) -> tuple[str, dict[int, int]]:
    """The sentence as SSML, and at which place of it (counted from 1) which word begins.

    Punctuation stands inside of a marked span, for after one espeak-ng reads it aloud ("dot").
    """
    text, places, last = "<speak>", {}, len(words) - 1
    for step, (word, pause, tone) in enumerate(zip(words, pauses, tones, strict=True)):
        before, after = (0 if step == 0 else tones[step - 1]), (0 if step == last else tones[step + 1])
        if tone != 0 and tone != before:
            pitch, volume, rate = (
                round(style.expressiveness * (RAISED if tone > 0 else LOWERED)[key])
                for key in ("pitch", "volume", "rate")
            )
            text += f'<prosody pitch="{pitch:+d}%" volume="{volume:+d}" rate="{100 + rate}%">'
        places[len(text) + 1] = step
        text += word + ("." if step == last else "," if pause else "")
        text += "</prosody> " if tone != 0 and tone != after else " "
    return text.rstrip() + "</speak>", places


def word_samples(events: Sequence[Event], places: dict[int, int], words: Sequence[str]) -> npt.NDArray[np.int64]:
    """First sample of each word, and the sample after its last.

    A word ends where the next begins, or where the pause after it begins.

    Args:
        events: Kind, place in the text, sample and phoneme.
        places: Which word begins at which place.
        words: The words, for those that espeak-ng speaks as one.

    Returns:
        ``(len(words), 2)``.

    Raises:
        ValueError: If a word has no time of its own.
    """
    if any(kind == PHONEME and place not in places and not name.startswith("_") for kind, place, _, name in events):
        raise ValueError(f"espeak-ng: more was spoken than the words of: {' '.join(words)}")
    starts: list[int | None] = [None] * len(words)
    for kind, place, sample, _ in events:
        if kind == WORD and place in places:
            starts[places[place]] = sample
    phonemes = [(sample, name) for kind, _, sample, name in events if kind == PHONEME]
    silences = [sample for sample, name in phonemes if name.startswith("_")]
    silences += [sample for kind, _, sample, _ in events if kind == END]
    end = max(silences)
    bounds = np.zeros((len(words), 2), np.int64)
    for step in reversed(range(len(words))):
        stop = min([sample for sample in silences if sample > (starts[step] or 0)] + [end])
        if step + 1 < len(words):
            stop = min(stop, int(bounds[step + 1, 0]))
        if starts[step] is None:
            if step == 0 or starts[step - 1] is None or words[step] not in _SECOND_OF_PAIR:
                raise UntimedWordError(f"espeak-ng: no time for word {step}, {words[step]!r}, of: {' '.join(words)}")
            first, stop = starts[step - 1] or 0, int(bounds[step + 1, 0]) if step + 1 < len(words) else end
            within = [sample for sample, name in phonemes if first <= sample < stop and not name.startswith("_")]
            starts[step] = within[-_SECOND_OF_PAIR[words[step]]]
        bounds[step] = starts[step] or 0, stop
    if (bounds[:, 0] >= bounds[:, 1]).any():
        raise ValueError(f"espeak-ng: a word without length in: {' '.join(words)}")
    return bounds


def in_room(dry: Waveform, style: Style, rng: np.random.Generator) -> Waveform:
    """Add the room: echo (noise that decays), the colour of the sound, and noise; all at the style's loudness."""
    from scipy.signal import fftconvolve  # slow to import, and the app needs none of it

    n_echo = int(style.decay * SAMPLE_RATE)
    tail = rng.standard_normal(int(0.4 * SAMPLE_RATE) + 1)[:n_echo]
    tail *= 10 ** (-3 * np.arange(n_echo) / n_echo)
    tail *= style.echo / np.linalg.norm(tail)
    sound = dry + fftconvolve(dry, tail)[: len(dry)]
    sound[1:] = sound[1:] - style.tilt * sound[:-1]  # first difference: treble; sum: bass
    # The scale is that of the voice at rest, not of this sentence, so that loud words do not make others soft.
    sound *= style.loudness / speech_level(sound)
    sound += style.loudness * 10 ** (style.noise_db / 20) * rng.standard_normal(len(sound))
    clipped: Waveform = np.clip(sound, -1, 1).astype(np.float32)
    return clipped


def speech_level(sound: npt.NDArray[np.floating]) -> float:
    """Root mean square of speech, the median in decibels over the pieces of 20 ms in which something is heard."""
    return float(10 ** (np.median(20 * np.log10(_levels(sound) + 1e-6)) / 20))


def _levels(sound: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Root mean square of each 20 ms in which something is heard."""
    size = SAMPLE_RATE // 50
    frames = sound[: len(sound) // size * size].reshape(-1, size)
    levels: npt.NDArray[np.float64] = np.sqrt((frames**2).mean(1))
    heard: npt.NDArray[np.float64] = levels[levels > 0.1 * levels.max()]
    return heard
