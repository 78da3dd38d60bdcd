"""Small made-up sets of videos, in files of the layouts that the loaders read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from mfm_core.files.npz import Array

NAMES = ("ict_mmmo", "youtube", "pom", "cmu_mosi", "iemocap")
SIZES = {"train": 9, "valid": 5, "test": 6}
LENGTH = 4
# Utterances of a made-up CMU-MOSI: words with start, end and whether the times are measured.
SAID = {
    "train": [
        [["good", 1.0, 1.5, 1], ["film", 2.0, 2.25, 1]],
        [["couldve", None, None, 0], ["film", 4.0, 4.5, 1]],
    ],
    "valid": [[["good", None, None, 0]]],
    "test": [[["word", 0.5 * t, 0.5 * t + 0.25, 1] for t in range(25)], [["good", 9.0, 9.5, 1], ["film", 8.0, 8.5, 1]]],
}


def features(d: int, n: int, seed: int) -> np.ndarray:
    """Sequences (n, LENGTH, d), the first of them one step shorter on the left."""
    x = np.random.default_rng(seed).normal(size=(n, LENGTH, d)).astype(np.float32)
    x[0, 0] = 0
    return x


def published(name: str) -> dict[str, Array]:
    """The arrays of a made-up ICT-MMMO, YouTube, POM or IEMOCAP."""
    arrays: dict[str, Array] = {}
    random = np.random.default_rng(0)
    for i, (end, n) in enumerate(SIZES.items()):
        arrays[f"audio_{end}"], arrays[f"visual_{end}"] = features(3, n, i), features(2, n, 10 + i)
        if name == "iemocap" or (end != "train" and name != "pom"):
            arrays[f"text_{end}"] = features(5, n, 20 + i)
        arrays[f"y_{end}"] = {
            "ict_mmmo": random.integers(2, 11, n).astype(np.float32) / 2,
            "youtube": np.eye(3, dtype=np.float32)[random.integers(0, 3, n)],
            "pom": random.uniform(1, 7, (n, 17)).astype(np.float32),
            "iemocap": np.eye(4, dtype=np.float32)[random.integers(0, 4, n)],
        }[name]
    return arrays


def write_mosi(folder: Path) -> None:
    said = [(split, words) for split, utterances in SAID.items() for words in utterances]
    ids = [f"{split}_{i}" for i, (split, _) in enumerate(said)]
    random = np.random.default_rng(0)
    np.savez(
        folder / "cmu_mosi_utterances.npz",
        ids=np.array(ids),
        audio=random.normal(size=(len(ids), 3)).astype(np.float32),
        sentiment=random.uniform(-3, 3, len(ids)).astype(np.float32),
        split=np.array([split for split, _ in said]),
    )
    utterances = [{"id": ids[i], "text": "as spoken", "words": words} for i, (_, words) in enumerate(said)]
    (folder / "cmu_mosi_words.json").write_text(json.dumps({"utterances": utterances}))
    vectors = np.array([[1, 2], [3, 5], [6, 8]], dtype=np.float16)
    np.savez(folder / "glove50_top30k.npz", words=np.array(["good", "film", "word"]), vectors=vectors)


def write_all(folder: Path) -> None:
    for name in NAMES:
        if name == "cmu_mosi":
            write_mosi(folder)
        else:
            np.savez(folder / f"{name}.npz", **published(name))
