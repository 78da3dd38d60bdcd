"""Folds by identity: a video of a known set stays in its official fold, whatever else is missing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from mfm_core.data.dataset import SPLITS, Split, video_of

_SIZES = (52, 10, 31)  # videos of CMU-MOSI's official folds
_DIGITS = 12
_FILES = {"CMU-MOSI": "cmu_mosi_folds.json", "CMU-MOSEI": "cmu_mosei_folds.json", "POM": "pom_folds.json"}
_MAX_BYTES = 5_000_000
_NAMES: dict[str, Split] = {"train": "train", "valid": "validation", "validation": "validation", "test": "test"}


def fingerprint_of(video: str) -> str:
    """The start of the SHA-256 of a video's id, by which folds are stored."""
    return hashlib.sha256(video.encode()).hexdigest()[:_DIGITS]


@cache
def _published() -> dict[str, dict[str, Split]]:
    """The official fold of each video, by the fingerprint of its id, of each set whose folds are published.

    Those of CMU-MOSI, CMU-MOSEI and POM are the standard folds of the CMU-MultimodalSDK. Some 459 videos are in both
    of the last two, and in other folds there.
    """
    folds = {}
    for title, file in _FILES.items():
        text = (Path(__file__).parent / file).read_text(encoding="utf-8")
        folds[title] = {print_: split for split, prints in json.loads(text).items() for print_ in prints}
    return folds


def official_folds(videos: Iterable[str]) -> tuple[str, dict[str, Split]]:
    """The official folds of videos, of the one published set that knows most of them; of equals, of the smallest set.

    Args:
        videos: Ids of videos of one data set.

    Returns:
        The title of the set, and the fold of each of the videos that it has; no title and no folds where no published
        set has any.
    """
    prints = {video: fingerprint_of(video) for video in videos}
    known = {
        title: {video: folds[print_] for video, print_ in prints.items() if print_ in folds}
        for title, folds in _published().items()
    }
    title = max(known, key=lambda title: (len(known[title]), -len(_published()[title])))
    return (title, known[title]) if known[title] else ("", {})


def read_folds(path: Path) -> dict[str, Split]:
    """Read folds that a user has: JSON with the keys train, validation and test, each a list of the ids of videos.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is something else, or has a video in two folds.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if (size := path.stat().st_size) > _MAX_BYTES:
        raise ValueError(f"{path}: expected at most {_MAX_BYTES} bytes, got {size}")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        content = None
    lists = content.values() if isinstance(content, dict) else [None]
    if not all(isinstance(ids, list) and all(isinstance(video, str) for video in ids) for ids in lists):
        raise ValueError(f"{path}: expected JSON with the keys train, validation and test, each a list of ids")
    folds: dict[str, Split] = {}
    for key, ids in content.items():
        if key not in _NAMES:
            raise ValueError(f"{path}: expected the keys train, validation and test, got {key[:40]!r}")
        for video in map(video_of, ids):
            if folds.setdefault(video, _NAMES[key]) != _NAMES[key]:
                raise ValueError(f"{path}: expected each video in one fold, got {video[:60]!r} in two")
    return folds


def split_videos(keys: Sequence[str], folds: Mapping[str, Split] | None = None) -> dict[Split, list[str]]:
    """Split videos, so that all segments of one are in one split.

    Args:
        keys: Names of videos, or of segments such as ``video[3]``.
        folds: The fold of each video by its id; those that it lacks keep their official fold
            (:func:`official_folds`) if they have one. The others are split in the order of their names, in the
            proportions of CMU-MOSI's official folds.

    Returns:
        The keys of each split, in the given order.
    """
    videos = list(dict.fromkeys(video_of(key) for key in keys))
    fold = official_folds(videos)[1] | {video: split for video, split in (folds or {}).items() if video in set(videos)}
    others = sorted(video for video in videos if video not in fold)
    bounds = np.cumsum(_SIZES) / sum(_SIZES)
    first, second = (round(float(bound) * len(others)) for bound in bounds[:2])
    for i, video in enumerate(others):
        fold[video] = "train" if i < first else "validation" if i < second else "test"
    return {split: [key for key in keys if fold[video_of(key)] == split] for split in SPLITS}
