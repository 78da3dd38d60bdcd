"""Computational sequences: aligned to words, cut into segments, and refused in one sentence if damaged."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from mfm_core.data.importing.csd import read_aligned, split_videos
from tests.data import features


def test_computational_sequences_are_aligned_to_words_and_cut_into_segments(tmp_path: Path) -> None:
    parts = read_aligned(features.write_mosi_csd(tmp_path), length=4)
    assert {split: len(part.labels) for split, part in parts.items()} == {"train": 12, "validation": 2, "test": 6}
    test = parts["test"]
    assert test.ids is not None
    assert test.words is not None
    assert test.times is not None
    assert test.ids.tolist()[:2] == ["v07_0", "v07_1"]
    assert test.words.tolist()[:2] == [["", "", "it", "was"], ["", "a", "good", "film"]]
    assert test.times[0, 2:].tolist() == [[0, 0.5], [0.5, 1]]
    with h5py.File(tmp_path / "CMU_MOSI_COVAREP.csd") as file:
        sound = file["CMU_MOSI_COVAREP/data/v07/features"][()]
    np.testing.assert_allclose(test.modalities["acoustic"][1, 3], sound[50:60].mean(0), rtol=1e-5, atol=1e-6)
    with h5py.File(tmp_path / "CMU_MOSI_Opinion_Labels.csd") as file:
        np.testing.assert_allclose(test.labels[:2], file["CMU_MOSI_Opinion_Labels/data/v07/features"][()], rtol=1e-6)


def test_93_videos_are_split_as_officially() -> None:
    split = split_videos([f"{i:02d}" for i in range(93)])
    assert [len(names) for names in split.values()] == [52, 10, 31]
    assert split["validation"][0] == "52"


def rewrite_csd(stem: str, change: Callable[[h5py.File], object]) -> Callable[[Path], object]:
    def inflict(folder: Path) -> None:
        with h5py.File(folder / f"{stem}.csd", "a") as file:
            change(file)

    return inflict


def replace(key: str, value: object) -> Callable[[h5py.File], object]:
    def change(file: h5py.File) -> None:
        del file[key]
        if value is not None:
            file[key] = value

    return change


COVAREP, WORDS = "CMU_MOSI_COVAREP", "CMU_MOSI_TimestampedWords"
CSD_DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda f: (f / f"{COVAREP}.csd").unlink(), "no such file; get it with CMU-MultimodalSDK"),
    "no data": (rewrite_csd(COVAREP, replace(f"{COVAREP}/data", None)), "expected the key 'data', got metadata"),
    "two contents": (
        rewrite_csd(COVAREP, lambda f: f.create_group("more")),
        "expected one group that names the content",
    ),
    "no times": (rewrite_csd(COVAREP, replace(f"{COVAREP}/data/v03/intervals", None)), "expected the key 'intervals'"),
    "fewer times": (
        rewrite_csd(COVAREP, replace(f"{COVAREP}/data/v03/intervals", np.zeros((5, 2)))),
        "v03: expected features (n, d) and intervals (n, 2), got (60, 3) and (5, 2)",
    ),
    "backwards": (
        rewrite_csd(COVAREP, replace(f"{COVAREP}/data/v03/intervals", np.tile([2.0, 1.0], (60, 1)))),
        "v03: intervals: expected each to end after it starts",
    ),
    "other d": (
        rewrite_csd(COVAREP, replace(f"{COVAREP}/data/v03/features", np.zeros((60, 7)))),
        "v03: acoustic: expected 3 numbers a frame, got (60, 7)",
    ),
    "words as numbers": (
        rewrite_csd(WORDS, replace(f"{WORDS}/data/v03/features", np.zeros((6, 1)))),
        "v03: expected words as text (n, 1) and labels as numbers, got float64",
    ),
}


@pytest.mark.parametrize("kind", CSD_DAMAGE)
def test_damaged_computational_sequences_are_refused(tmp_path: Path, kind: str) -> None:
    inflict, message = CSD_DAMAGE[kind]
    paths = features.write_mosi_csd(tmp_path)
    inflict(tmp_path)
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(message)):
        read_aligned(paths, length=4)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (("COVAREP", "Labels"), "expected a .csd file of words among the files; get it with CMU-MultimodalSDK"),
        (("COVAREP", "Words"), "expected a .csd file of labels among the files; get it with CMU-MultimodalSDK"),
        (("Labels", "Words"), "expected a .csd file of language, acoustic or visual features; get it with"),
    ],
)
def test_missing_computational_sequences_are_named(tmp_path: Path, kept: tuple[str, ...], message: str) -> None:
    paths = [path for path in features.write_mosi_csd(tmp_path) if any(part in path.stem for part in kept)]
    with pytest.raises(ValueError, match=re.escape(message)):
        read_aligned(paths, length=4)
