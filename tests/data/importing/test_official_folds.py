"""Folds by identity: known videos keep theirs whatever is missing, and no video lies in two."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfm_core.data.dataset import video_of
from mfm_core.data.importing import official_folds as official_folds_module
from mfm_core.data.importing.official_folds import official_folds, read_folds, split_videos


def test_videos_of_cmu_mosi_keep_their_official_fold_whatever_is_missing(real_data: Path) -> None:
    with np.load(real_data / "cmu_mosi_utterances.npz") as table:
        official = dict(zip(table["video"].tolist(), table["split"].tolist(), strict=True))
    names = {"train": "train", "valid": "validation", "test": "test"}
    assert len(official) == 93
    random = np.random.default_rng(0)
    for missing in (0, 1, 40):
        kept = sorted(random.permutation(sorted(official))[missing:].tolist())
        split = split_videos([f"{video}[{i}]" for video in kept for i in range(2)])
        for name, keys in split.items():
            assert all(names[official[video_of(key)]] == name for key in keys)
        assert sum(map(len, split.values())) == 2 * len(kept)


@pytest.mark.parametrize(
    ("of", "sizes"), [("cmu_mosi", (52, 10, 31)), ("cmu_mosei", (2250, 300, 678)), ("pom", (600, 100, 203))]
)
def test_published_folds_have_the_published_sizes_and_share_no_video(of: str, sizes: tuple[int, ...]) -> None:
    folder = Path(official_folds_module.__file__).parent
    folds = json.loads((folder / f"{of}_folds.json").read_text(encoding="utf-8"))
    assert tuple(len(folds[split]) for split in ("train", "validation", "test")) == sizes
    assert len({print_ for prints in folds.values() for print_ in prints}) == sum(sizes)


def test_a_video_of_two_sets_is_in_the_fold_of_the_set_that_knows_most_of_the_videos() -> None:
    # Training videos of either as CMU-MultimodalSDK lists them; 70710 is a training video of one, a test one of other.
    of_mosei, of_pom = ["hh04W3xXa5s", "GdFP_p4eQX0", "4iG0ffmnCOw"], ["116221", "110003", "265302"]
    assert official_folds([*of_mosei, "70710"]) == ("CMU-MOSEI", dict.fromkeys([*of_mosei, "70710"], "train"))
    assert official_folds([*of_pom, "70710"]) == ("POM", {**dict.fromkeys(of_pom, "train"), "70710": "test"})
    assert official_folds(["70710"]) == ("POM", {"70710": "test"})  # of equals the smaller set


@given(st.lists(st.tuples(st.text("abc", min_size=1, max_size=3), st.integers(0, 4)), max_size=30, unique=True))
def test_no_video_lies_in_two_splits(segments: list[tuple[str, int]]) -> None:
    keys = [f"{video}[{i}]" for video, i in segments]
    split = split_videos(keys)
    assert sorted(key for part in split.values() for key in part) == sorted(keys)
    videos = [{video_of(key) for key in part} for part in split.values()]
    assert sum(map(len, videos)) == len(set.union(*videos))


def test_a_users_folds_come_first(tmp_path: Path) -> None:
    path = tmp_path / "folds.json"
    path.write_text(json.dumps({"train": ["c"], "valid": ["a"], "test": ["b[0]"]}))
    assert split_videos(["a", "b[0]", "b[1]", "c"], read_folds(path)) == {
        "train": ["c"],
        "validation": ["a"],
        "test": ["b[0]", "b[1]"],
    }
    assert official_folds(["c"]) == ("", {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "expected JSON with the keys train, validation and test, each a list of ids"),
        ("[1]", "expected JSON with the keys train, validation and test, each a list of ids"),
        ('{"train": "a"}', "expected JSON with the keys train, validation and test, each a list of ids"),
        ('{"dev": ["a"]}', "expected the keys train, validation and test, got 'dev'"),
        ('{"train": ["a"], "test": ["a[1]"]}', "expected each video in one fold, got 'a' in two"),
    ],
)
def test_what_is_no_folds_is_refused_in_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "folds.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: {message}')}$"):
        read_folds(path)
