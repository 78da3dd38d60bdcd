"""Computational sequences: aligned to words, cut into segments, and refused in one sentence if damaged."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from mfm_core.data.importing.official_folds import split_videos
from mfm_core.data.importing.segments import read_aligned
from mfm_core.data.notes import Notes
from tests.data import features


def test_computational_sequences_are_aligned_to_words_and_cut_into_segments(tmp_path: Path) -> None:
    parts = read_aligned(features.write_mosi_csd(tmp_path), length=4)
    assert {split: len(part.labels) for split, part in parts.items()} == {"train": 12, "validation": 2, "test": 6}
    test = parts["test"]
    assert test.ids is not None
    assert test.words is not None
    assert test.times is not None
    assert test.ids.tolist()[:2] == ["v07[0]", "v07[1]"]
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


EMPTY = (("features", 3), ("intervals", 2))
ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "no times": (
        rewrite_csd(COVAREP, replace(f"{COVAREP}/data/v03/intervals", None)),
        "1 videos are left out of CMU_MOSI_COVAREP.csd; the first: ",
    ),
    "fewer times": (
        rewrite_csd(COVAREP, replace(f"{COVAREP}/data/v03/intervals", np.zeros((5, 2)))),
        "v03: expected features (n, d) and intervals (n, 2), got (60, 3) and (5, 2)",
    ),
    "empty": (
        rewrite_csd(COVAREP, lambda f: [replace(f"{COVAREP}/data/v03/{k}", np.zeros((0, n)))(f) for k, n in EMPTY]),
        "v03: expected at least one row, got none",
    ),
    "all backwards": (
        rewrite_csd(COVAREP, replace(f"{COVAREP}/data/v03/intervals", np.tile([2.0, 1.0], (60, 1)))),
        "v03: intervals: expected each to end after it starts, got 2 to 1 in row 0",
    ),
    "other d": (
        rewrite_csd(COVAREP, replace(f"{COVAREP}/data/v03/features", np.zeros((60, 7)))),
        "v03: expected 3 numbers a row, got float64 of shape (60, 7)",
    ),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_video_leaves_out_its_modality_and_is_counted(tmp_path: Path, kind: str) -> None:
    inflict, message = ODD[kind]
    paths, notes = features.write_mosi_csd(tmp_path), Notes()
    whole = read_aligned(paths, length=4)["train"]
    inflict(tmp_path)
    part = read_aligned(paths, length=4, notes=notes)["train"]
    assert whole.ids is not None
    assert part.ids is not None
    assert part.ids.tolist() == whole.ids.tolist()
    odd = np.char.startswith(part.ids, "v03")
    assert (part.modalities["acoustic"][odd] == 0).all()
    np.testing.assert_array_equal(part.modalities["acoustic"][~odd], whole.modalities["acoustic"][~odd])
    np.testing.assert_array_equal(part.modalities["visual"], whole.modalities["visual"])
    assert any(message in line for line in notes.lines()), notes.lines()
    assert "1 videos or segments lack CMU_MOSI_COVAREP.csd; the first: v03" in notes.lines()


def edit_csd(stem: str, key: str, edit: Callable[[np.ndarray], object]) -> Callable[[Path], object]:
    def change(file: h5py.File) -> None:
        values = file[f"{stem}/data/{key}"][()]
        edit(values)
        file[f"{stem}/data/{key}"][...] = values

    return rewrite_csd(stem, change)


LABELS = "CMU_MOSI_Opinion_Labels"


def test_a_label_that_is_nan_and_an_interval_that_is_reversed_leave_out_their_segments(tmp_path: Path) -> None:
    paths, notes = features.write_mosi_csd(tmp_path), Notes()
    edit_csd(LABELS, "v01/features", lambda y: y.__setitem__((1, 0), np.nan))(tmp_path)
    edit_csd(LABELS, "v02/intervals", lambda y: y.__setitem__(0, y[0, ::-1].copy()))(tmp_path)
    edit_csd(WORDS, "v04/intervals", lambda y: y.__setitem__((0, 1), np.nan))(tmp_path)
    part = read_aligned(paths, length=4, notes=notes)["train"]
    assert part.ids is not None
    assert part.words is not None
    assert [name for name in part.ids.tolist() if name[:3] in ("v01", "v02")] == ["v01[0]", "v02[1]"]
    assert part.words[part.ids.tolist().index("v04[0]")].tolist() == ["", "", "", "was"]
    told = "\n".join(notes.lines())
    assert "1 segments are left out, for their label is not finite; the first: video v01, segment 1" in told
    assert "2 rows are left out, for their interval is not finite or ends before it starts" in told


def test_numbers_that_are_not_finite_are_left_out_of_means_or_mask_the_step(tmp_path: Path) -> None:
    paths, notes = features.write_mosi_csd(tmp_path), Notes()
    whole = read_aligned(paths, length=4)["train"]
    edit_csd(COVAREP, "v00/features", lambda x: x.__setitem__((0, 1), -np.inf))(tmp_path)  # one frame of "it"
    edit_csd(COVAREP, "v01/features", lambda x: x.__setitem__((slice(0, 10), 1), np.nan))(tmp_path)  # all of them
    part = read_aligned(paths, length=4, notes=notes)["train"]
    acoustic = part.modalities["acoustic"]
    assert part.ids is not None
    assert (acoustic[part.ids.tolist().index("v01[0]"), 2] == 0).all()
    assert (acoustic[0, 2] != 0).all()
    assert np.isfinite(acoustic).all()
    np.testing.assert_array_equal(acoustic[:, 3], whole.modalities["acoustic"][:, 3])
    (line,) = notes.lines()
    assert line.startswith("1 steps hold no finite number of a feature and count as not observed; the first: ")
    assert line.endswith(f"{tmp_path}/CMU_MOSI_COVAREP.csd, video v01, the word at 0 s, feature 1")


def test_words_in_any_order_are_sorted_by_their_start(tmp_path: Path) -> None:
    paths = features.write_mosi_csd(tmp_path)
    whole = read_aligned(paths, length=4)
    order = [4, 0, 5, 2, 1, 3]
    for key in ("features", "intervals"):
        edit_csd(WORDS, f"v02/{key}", lambda x: x.__setitem__(slice(None), x[order].copy()))(tmp_path)
    for split, part in read_aligned(paths, length=4).items():
        assert whole[split].words is not None
        np.testing.assert_array_equal(part.words, whole[split].words)
        np.testing.assert_array_equal(part.modalities["acoustic"], whole[split].modalities["acoustic"])


def test_segments_of_a_deployed_file_stay_with_their_video(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    keys = [f"clip{v}[{i}]" for v in range(10) for i in range(3)]
    said = {key: features.spoken(["a", "good", "film"]) for key in keys}
    tables = {
        "words": said,
        "labels": {key: (random.normal(size=(1, 1)), np.array([[0, 1.5]])) for key in keys},
        "covarep": {key: (random.normal(size=(3, 2)), said[key][1]) for key in keys if key != "clip3[1]"},
    }
    paths = [features.write_csd(tmp_path / f"{name}.csd", name, content) for name, content in tables.items()]
    parts = read_aligned(paths, length=3)
    split_of: dict[str, set[str]] = {}
    for split, part in parts.items():
        assert part.ids is not None
        for name in part.ids.tolist():
            split_of.setdefault(name.partition("[")[0], set()).add(split)
    assert sum(len(part.labels) for part in parts.values()) == 30
    assert all(len(splits) == 1 for splits in split_of.values())
    (tmp_path / "more").mkdir()
    paths[1] = features.write_csd(
        tmp_path / "more" / "labels.csd",
        "labels",
        {f"clip{v}": (np.ones((1, 1)), np.array([[0, 1.5]])) for v in range(10)},
    )
    assert sum(len(part.labels) for part in read_aligned(paths, length=3).values()) == 10
