"""Choose held-out clips and write the folder that the app ships."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from mfm_core.data.sets.studio_clips import scaled
from mfm_core.files.tensors import write_tensors
from mfm_core.files.writing import write_whole
from mfm_core.studio import face, words
from mfm_core.studio.clip_files import AUDIO, CLIPS, FEATURES, STEPS, audio_path
from mfm_core.studio.making import acoustics, grammar
from mfm_core.studio.making.make import Clip, Script, Vectors, draw_script, perform
from mfm_core.studio.making.voice import SAMPLE_RATE
from mfm_core.studio.truth import MODALITIES, WORLDS, weights

N_OF_KIND = {"neutral": 3, "plain": 5, "intensified": 5, "negated": 5}
N_OF_OTHER_KINDS = 3
LICENCE = (
    "Sentences, voices (espeak-ng), faces and scores: this project, MIT licence. "
    "Word vectors: GloVe, 6 billion words of Wikipedia and Gigaword, Public Domain Dedication and License."
)
_QUALITY = 0.3  # of the MP3, from 0 (best) to 1

Array = npt.NDArray[np.float32]


def choose(kind: npt.NDArray[np.str_], split: npt.NDArray[np.str_], score: npt.NDArray[np.float32]) -> list[int]:
    """Numbers of the clips to ship: test clips, some of each kind, in turns of a high and of a low score.

    Args:
        kind: Of each clip, ``(N,)``.
        split: Likewise.
        score: In the balanced world, ``(N,)``.

    Returns:
        30 numbers, sorted.
    """
    chosen: list[int] = []
    for name in dict.fromkeys(sorted(kind.tolist())):
        sides = [np.flatnonzero((kind == name) & (split == "test") & side) for side in (score > 0, score <= 0)]
        in_turns = [int(number) for pair in zip(*sides, strict=False) for number in pair]
        chosen += in_turns[: N_OF_KIND.get(name, N_OF_OTHER_KINDS)]
    return sorted(chosen)


def vocabulary() -> tuple[str, ...]:
    """Every word that the grammar can say, sorted."""
    said = {*words.VALENCE, *words.INTENSIFIERS, *words.NEGATORS, *words.ARTICLES}
    said |= {word for role in words.ROLES.values() for word in role}
    frames = (*grammar.PREDICATES, *grammar.PLAIN, *grammar.NEUTRAL, *grammar.LINKS)
    said |= {token for frame in frames for token in frame.split() if token[0] not in "<{"}
    return tuple(sorted(said))


def in_every_way(script: Script, clip: Clip) -> tuple[Array, Array]:
    """Each word in the three tones and with the three faces, the rest of the clip as it is.

    Returns:
        Acoustic features ``(words, 3, 28)``, visual features ``(words, 3, 12)``.
    """
    n = len(script.sentence.words)
    tones = np.zeros((n, 3, len(acoustics.FEATURES)), np.float32)
    faces = np.zeros((n, 3, len(face.FEATURES)), np.float32)
    noise = face.draw_noise(n, np.random.default_rng(script.seeds[2]))
    for step in range(n):
        for way, level in enumerate((-1, 0, 1)):
            levels = [np.where(np.arange(n) == step, level, row) for row in (script.tones, script.faces)]
            spoken = clip if level == script.tones[step] else perform(replace(script, tones=levels[0]))
            tones[step, way] = spoken.acoustic[step]
            curves = face.judging_curves(clip.resting, clip.times, levels[1].tolist(), script.habits.strength)
            faces[step, way] = face.word_features(curves, clip.times, noise)[step]
    return tones, faces


def ship(folder: Path, vectors: Vectors, seed: int, numbers: list[int]) -> Iterator[int]:
    """Write the folder of shipped clips; yields the number of each clip that is done.

    Args:
        folder: Where to; made if need be.
        vectors: GloVe vector of every word.
        seed: Which the clips of ``studio_clips.npz`` were made from.
        numbers: The clips to ship.

    Raises:
        OSError: If espeak-ng is not installed.
    """
    import soundfile

    spread, scaling = _measured()
    (folder / AUDIO).mkdir(parents=True, exist_ok=True)
    entries, ways, resting, strength = [], [], [], []
    for row, number in enumerate(numbers):
        script = draw_script(seed, number)
        clip = perform(script)
        entries.append(_entry(number, clip, spread))
        ways.append(in_every_way(script, clip))
        resting.append(clip.resting)
        strength.append(script.habits.strength)
        soundfile.write(
            audio_path(folder, row),
            clip.waveform,
            SAMPLE_RATE,
            format="MP3",
            subtype="MPEG_LAYER_III",
            compression_level=_QUALITY,
            bitrate_mode="VARIABLE",
        )
        yield number
    frames = max(len(curves) for curves in resting)
    tensors = {
        "spread": spread,
        "vectors": np.stack([vectors[word] for word in vocabulary()]),
        "tones": np.stack([_padded(tones, STEPS) for tones, _ in ways]),
        "faces": np.stack([_padded(faces, STEPS) for _, faces in ways]),
        "resting": np.stack([_padded(curves, frames) for curves in resting]),
        "strength": np.array(strength, np.float32),
        **scaling,
    }
    write_tensors({name: torch.from_numpy(np.ascontiguousarray(x)) for name, x in tensors.items()}, folder / FEATURES)
    told = {
        "format_version": 1,
        "licence": LICENCE,
        "frames": frames,
        "tone_names": acoustics.FEATURES,
        "face_names": face.FEATURES,
        "vocabulary": vocabulary(),
    }
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    text = json.dumps(told)[:-1] + ', "clips": [\n' + lines + "\n]}\n"
    write_whole(folder / CLIPS, text)


def _measured() -> tuple[Array, dict[str, Array]]:
    """Of ``studio_clips.npz``: the spread of evidence, and mean and standard deviation of the training features."""
    from mfm_core.data.registry import read_arrays

    spread = read_arrays("studio_clips", ("spread",))["spread"].astype(np.float32)
    scaling = scaled("balanced").scaling or {}
    means = {f"{name}_mean": scaling[name].mean.numpy() for name in MODALITIES}
    return spread, means | {f"{name}_std": scaling[name].std.numpy() for name in MODALITIES}


def _entry(number: int, clip: Clip, spread: Array) -> dict[str, object]:
    """Entry of a clip in ``clips.json``."""
    script = clip.script
    said = script.sentence.words
    marks = ["," if pause else "" for pause in script.sentence.pauses]
    text = " ".join(word + mark for word, mark in zip(said, marks, strict=True))
    sums = script.evidence().sum(1)
    return {
        "number": number,
        "text": text[0].upper() + text[1:] + ".",
        "kind": script.sentence.kind,
        "words": said,
        "times": [[float(start), float(end)] for start, end in clip.times],
        "tones": script.tones.tolist(),
        "faces": script.faces.tolist(),
        "seconds": len(clip.waveform) / SAMPLE_RATE,
        "scores": {world: float(weights(world, spread) @ sums) for world in WORLDS},
    }


def _padded(x: Array, length: int) -> Array:
    """``(n, ...)`` -> ``(length, ...)``, with zeros after it."""
    return np.concatenate([x, np.zeros((length - len(x), *x.shape[1:]), np.float32)])
