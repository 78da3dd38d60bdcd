"""Make the studio clips: every clip follows from the seed and its own number alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mfm_core.files.npz import LOCAL_LIMITS, read_archive
from mfm_core.studio import face
from mfm_core.studio.clips import load_clips
from mfm_core.studio.making import acoustics, voice
from mfm_core.studio.making.grammar import MAX_WORDS, Sentence, draw_levels, draw_sentence
from mfm_core.studio.truth import MODALITIES, language_evidence

SPLITS = {"train": 1_700, "validation": 200, "test": 500}
N_CLIPS = sum(SPLITS.values())
SEED = 20_190_507

Array = npt.NDArray[np.float32]
Vectors = Mapping[str, Array]


@dataclass(frozen=True)
class Script:
    """All that is decided of a clip before anything is spoken.

    Attributes:
        sentence: What is said.
        tones: -1, 0 or 1 for each word.
        faces: Likewise.
        style: Speaker, manner and room.
        habits: What the face does anyhow.
        seeds: Of the room, of the face, and of its measurement.
    """

    sentence: Sentence
    tones: npt.NDArray[np.int64]
    faces: npt.NDArray[np.int64]
    style: voice.Style
    habits: face.Habits
    seeds: tuple[np.random.SeedSequence, np.random.SeedSequence, np.random.SeedSequence]

    def evidence(self) -> Array:
        """Contribution of each word, language, tone and face, before any weight: ``(3, words)``."""
        return np.stack([language_evidence(self.sentence.words), self.tones, self.faces]).astype(np.float32)


@dataclass(frozen=True)
class Clip:
    """A clip as it was made.

    Attributes:
        script: What was decided.
        waveform: At 22,050 Hz.
        times: Start and end of each word in seconds, ``(words, 2)``.
        acoustic: ``(words, 28)``.
        resting: Curves of the face without judgement, ``(frames, 6)``.
        curves: Curves of the face, ``(frames, 6)``.
        visual: ``(words, 12)``.
    """

    script: Script
    waveform: voice.Waveform
    times: Array
    acoustic: Array
    resting: Array
    curves: Array
    visual: Array


def draw_script(seed: int, number: int) -> Script:
    """Decide clip ``number``: what is said, how, and with what face, from sources of randomness of their own."""
    sources = np.random.SeedSequence([seed, number]).spawn(8)
    sentence = draw_sentence(np.random.default_rng(sources[0]))
    return Script(
        sentence,
        tones=draw_levels(sentence.words, np.random.default_rng(sources[1])),
        faces=draw_levels(sentence.words, np.random.default_rng(sources[2])),
        style=voice.draw_style(np.random.default_rng(sources[3])),
        habits=face.draw_habits(np.random.default_rng(sources[4])),
        seeds=(sources[5], sources[6], sources[7]),
    )


def perform(script: Script) -> Clip:
    """Speak a script, show its face, and measure both.

    Raises:
        OSError: If espeak-ng is not installed.
    """
    words = script.sentence.words
    room, looks, measurement = script.seeds
    waveform, times = voice.speak(words, script.sentence.pauses, script.tones.tolist(), script.style, room)
    resting = face.resting_curves(waveform, script.habits, np.random.default_rng(looks))
    curves = face.judging_curves(resting, times, script.faces.tolist(), script.habits.strength)
    noise = face.draw_noise(len(words), np.random.default_rng(measurement))
    return Clip(
        script,
        waveform,
        times,
        acoustics.word_features(waveform, times, words),
        resting,
        curves,
        face.word_features(curves, times, noise),
    )


def splits(n_clips: int = N_CLIPS) -> npt.NDArray[np.str_]:
    """The split of each clip, in the order of their numbers: training, then validation, then test."""
    bounds = np.round(np.cumsum(list(SPLITS.values())) / N_CLIPS * n_clips).astype(int)
    return np.repeat(list(SPLITS), np.diff([0, *bounds]))


def spread_of(scripts: list[Script]) -> Array:
    """Standard deviation of each modality's evidence, summed over a clip: ``(3,)``."""
    sums = np.array([script.evidence().sum(1) for script in scripts])
    return np.asarray(sums.std(0), np.float32)


def table(
    vectors: Vectors, seed: int, n_clips: int, measured: Mapping[str, Array]
) -> dict[str, npt.NDArray[np.generic]]:
    """The arrays of ``studio_clips.npz``.

    Args:
        vectors: GloVe vector ``(50,)`` of every word.
        seed: Of all randomness.
        n_clips: How many clips are split into training, validation and test; all that follow are for training.
        measured: ``acoustic``, ``visual`` and ``times`` of all of them in order, ``(N, T, ...)``. Further training
            clips that could not be made, of which no time is known, are left out.

    Raises:
        ValueError: If a word has no vector, or one of the first ``n_clips`` could not be made.
    """
    made = np.array([bool(np.isfinite(times).any()) for times in measured["times"]])
    if not made[:n_clips].all():
        raise ValueError(f"seed: expected one of which every clip can be spoken, got {seed}, clip {made.argmin()}")
    numbers = np.flatnonzero(made)
    n = len(numbers)
    split = np.concatenate([splits(n_clips), np.full(n - n_clips, "train")])
    scripts = [draw_script(seed, int(number)) for number in numbers]
    if missing := {word for script in scripts for word in script.sentence.words} - set(vectors):
        raise ValueError(f"vectors: expected one for every word, missing {', '.join(sorted(missing))}")
    language = np.zeros((n, MAX_WORDS, 50), np.float32)
    evidence = np.zeros((len(MODALITIES), n, MAX_WORDS), np.float32)
    mask = np.zeros((n, MAX_WORDS), bool)
    words = np.full((n, MAX_WORDS), "", "<U16")
    for row, script in enumerate(scripts):
        length = len(script.sentence.words)
        mask[row, :length], words[row, :length] = True, script.sentence.words
        evidence[:, row, :length] = script.evidence()
        language[row, :length] = [vectors[word] for word in script.sentence.words]
    return {
        "language": language,
        **{name: x[made] for name, x in measured.items()},
        **{f"evidence_{name}": evidence[i] for i, name in enumerate(MODALITIES)},
        "mask": mask,
        "words": words,
        "split": split,
        "kind": np.array([script.sentence.kind for script in scripts]),
        "spread": spread_of([scripts[row] for row in np.flatnonzero(splits(n_clips) == "train")]),
        "seed": np.array(seed, np.int64),
        "number": numbers,
        "further": np.array(n - n_clips, np.int64),
    }


def read_vectors(folder: Path) -> dict[str, Array]:
    """GloVe-50 of the grammar's words as the project ships them, and of all others in the data folder's GloVe file.

    Args:
        folder: Where ``glove50_top30k.npz`` may lie, which only a changed grammar needs.

    Raises:
        ValueError: If that file is damaged, or lacks an array.
    """
    clips = load_clips()
    known = dict(zip(clips.vocabulary, clips.vectors.numpy(), strict=True))
    path = folder / "glove50_top30k.npz"
    if not path.is_file():
        return known
    arrays = read_archive(path, LOCAL_LIMITS, only=("words", "vectors"))
    if missing := {"words", "vectors"} - set(arrays):
        raise ValueError(f"{path}: expected arrays words and vectors, missing {', '.join(sorted(missing))}")
    words, vectors = arrays["words"].tolist(), arrays["vectors"].astype(np.float32)
    return dict(zip(words, vectors, strict=True)) | known
