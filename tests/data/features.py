"""Feature files in the formats that users have, as their makers write them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

Track = tuple[npt.NDArray[Any], npt.NDArray[np.float64]]


def write_h5(folder: Path, arrays: Mapping[str, npt.NDArray[Any]], key: str = "d1") -> list[Path]:
    """Files named as github.com/pliang279/MFN names them, from arrays named as in our .npz."""
    paths = []
    for name, array in arrays.items():
        kind, _, split = name.partition("_")
        stem = {"text": f"text_{split}_emb", "visual": f"video_{split}"}.get(kind, name)
        paths.append(folder / f"{stem}.h5")
        with h5py.File(paths[-1], "w") as file:
            file[key] = array
    return paths


def write_csd(path: Path, root: str, videos: Mapping[str, Track]) -> Path:
    """A computational sequence; metadata beside the data, as the toolkit writes them."""
    with h5py.File(path, "w") as file:
        data = file.create_group(root).create_group("data")
        file[root].create_group("metadata")["root name"] = root
        for video, (features, intervals) in videos.items():
            group = data.create_group(video)
            group["features"], group["intervals"] = features, intervals
    return path


def spoken(words: Sequence[str], seconds: float = 0.5) -> Track:
    """Words one after the other, each of the same length."""
    start = seconds * np.arange(len(words))
    return np.array(words, dtype="S32")[:, None], np.stack([start, start + seconds], axis=1)


def write_mosi_csd(folder: Path, n_videos: int = 10) -> list[Path]:
    """A made-up CMU-MOSI: videos of six words and a silence, sound at 20 frames a second, a face at 10."""
    random = np.random.default_rng(0)
    names = [f"v{i:02d}" for i in range(n_videos)]
    words = {v: spoken(["it", "was", "sp", "a", "good", "film"]) for v in names}
    labels = {v: (random.normal(size=(2, 1)), np.array([[0, 1.5], [1.5, 3.0]])) for v in names}
    tables = {"CMU_MOSI_TimestampedWords": words, "CMU_MOSI_Opinion_Labels": labels}
    for name, d, rate in (("CMU_MOSI_COVAREP", 3, 20), ("CMU_MOSI_Visual_Facet_42", 2, 10)):
        start = np.arange(3 * rate) / rate
        intervals = np.stack([start, start + 1 / rate], axis=1)
        tables[name] = {v: (random.normal(size=(3 * rate, d)).astype(np.float32), intervals) for v in names}
    return [write_csd(folder / f"{name}.csd", name, videos) for name, videos in tables.items()]


def multimodal_transformer(n: int = 6, length: int = 5, emotions: int = 0) -> dict[str, dict[str, Any]]:
    """The content of mosi_data.pkl, or of iemocap_data.pkl."""
    random = np.random.default_rng(0)
    content: dict[str, dict[str, Any]] = {}
    for split in ("train", "valid", "test"):
        parts = {"text": 4, "audio": 3, "vision": 2}
        content[split] = {key: random.normal(size=(n, length, d)).astype(np.float32) for key, d in parts.items()}
        for key in parts:
            content[split][key][0, :2] = 0  # padded on the left
        content[split]["audio"] = content[split]["audio"].astype(np.float64)
        content[split]["audio"][1, 3, 0] = -np.inf
        content[split]["labels"] = random.normal(size=(n, 1, 1)).astype(np.float32)
        content[split]["id"] = np.array([[f"{split}v{i}", "0.0", "1.5"] for i in range(n)], dtype=object)
        if emotions:
            chosen = np.eye(emotions, dtype=np.int64)[random.integers(0, emotions, n)]
            content[split]["labels"] = np.eye(2)[chosen]
    return content


def mmsa(n: int = 6, length: int = 5) -> dict[str, dict[str, Any]]:
    """The content of aligned_50.pkl: numbers also where BERT saw padding."""
    random = np.random.default_rng(1)
    content: dict[str, dict[str, Any]] = {}
    for split in ("train", "valid", "test"):
        bert = np.zeros((n, 3, length), np.float32)
        bert[:, 1] = np.arange(length) < random.integers(2, length + 1, (n, 1))
        content[split] = {
            "raw_text": [f"text {i}" for i in range(n)],
            "text": random.normal(size=(n, length, 4)).astype(np.float32),
            "text_bert": bert,
            "audio": random.normal(size=(n, length, 3)),
            "vision": random.normal(size=(n, length, 2)),
            "regression_labels": random.normal(size=n),
            "classification_labels": random.integers(0, 3, n),
            "annotations": ["Positive"] * n,
            "audio_lengths": [length] * n,
            "id": [f"{split}$_${i}" for i in range(n)],
        }
    return content


def write_pickle(path: Path, content: object, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path
