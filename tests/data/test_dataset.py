"""Data sets: their parts and checks, and where they are looked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mfm_core import Dataset, load_dataset
from mfm_core.data import data_folder as folder_in_use
from mfm_core.data import dataset_names
from mfm_core.data.dataset import Steps, video_of
from mfm_core.data.registry import read_arrays
from mfm_core.data.scaling import Scaling
from tests.data import videos


def sequences(**changes: Any) -> Dataset:
    fields: dict[str, Any] = {
        "name": "toy",
        "modalities": {"language": torch.arange(24.0).view(4, 3, 2)},
        "labels": torch.arange(4.0).unsqueeze(1),
        "split": np.array(["train", "test", "train", "validation"]),
        "mask": torch.tensor([[True, True, False]] * 4),
        "scaling": {"language": Scaling(torch.zeros(2), torch.ones(2))},
        "present": {"language": torch.tensor([True, True, False, True])},
        "steps": Steps("word", (("a", "b"), (), ("c", "d"), ("e", "f")), torch.arange(24.0).view(4, 3, 2)),
        "evidence": {"language": torch.arange(12.0).view(4, 3)},
        "ids": ("first", "second", "third", "fourth"),
    }
    return Dataset(**fields | changes)


def test_a_part_holds_the_samples_of_its_split() -> None:
    part = sequences().part("train")
    assert part.labels.flatten().tolist() == [0, 2]
    assert torch.equal(part.modalities["language"][1], sequences().modalities["language"][2])
    assert part.mask is not None
    assert part.mask.shape == (2, 3)
    assert set(part.split) == {"train"}


def test_taken_samples_come_in_the_order_asked_for() -> None:
    assert sequences().take(torch.tensor([3, 0, 3])).labels.flatten().tolist() == [3, 0, 3]


def test_modalities_alone_keep_all_that_is_known_of_them() -> None:
    language = sequences().modalities["language"]
    whole = sequences(modalities={"visual": language + 1, "language": language})
    alone = whole.only(("language",))
    assert list(alone.modalities) == ["language"]
    assert (alone.scaling, alone.present, alone.evidence) == (whole.scaling, whole.present, whole.evidence)
    other = whole.only(("visual",))
    assert (other.scaling, other.present, other.evidence) == ({}, {}, {})
    assert list(whole.only(("language", "visual")).modalities) == ["language", "visual"]
    with pytest.raises(ValueError, match="modalities: expected some of visual, language, got 'gaze'"):
        whole.only(("gaze",))


def test_the_data_folder_is_the_one_named_else_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFM_DATA", "somewhere")
    assert folder_in_use() == Path("somewhere")
    monkeypatch.delenv("MFM_DATA")
    assert folder_in_use().name == "mfm"


def test_the_registry_names_what_can_be_loaded(digits: Path) -> None:
    videos.write_all(digits)
    for name in ("mnist", "svhn", "svhn_mnist", *videos.NAMES):
        assert name in dataset_names()
        assert load_dataset(name).name == name


def test_all_that_is_known_of_a_sample_goes_with_it() -> None:
    whole, index = sequences(), [3, 1]
    taken = whole.take(torch.tensor(index))
    assert taken.present is not None
    assert taken.evidence is not None
    assert taken.steps is not None
    assert taken.scaling is whole.scaling
    assert taken.ids == ("fourth", "second")
    assert taken.steps.words == (("e", "f"), ())
    assert taken.steps.unit == "word"
    for row, i in enumerate(index):
        assert taken.present["language"][row] == torch.tensor([True, True, False, True])[i]
        assert torch.equal(taken.evidence["language"][row], torch.arange(12.0).view(4, 3)[i])
        assert torch.equal(taken.steps.times[row], torch.arange(24.0).view(4, 3, 2)[i])


def test_what_is_not_known_stays_unknown() -> None:
    unknown = {"scaling": None, "present": None, "steps": None, "evidence": None, "ids": None}
    part = sequences(**unknown).part("train")
    assert all(getattr(part, field) is None for field in unknown)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ids": ("a",)}, "ids: expected 4 samples, as labels has, got 1"),
        ({"split": np.array(["train"])}, "split: expected 4 samples, as labels has, got 1"),
        (
            {"present": {"language": torch.ones(3, dtype=torch.bool)}},
            "present.language: expected 4 samples, as labels has, got 3",
        ),
        ({"evidence": {"visual": torch.zeros(4, 3)}}, "evidence: expected modalities among language, got 'visual'"),
        (
            {"mask": torch.ones(4, 2, dtype=torch.bool)},
            "mask: expected the (N, T) of language, (4, 3, 2), got (4, 2)",
        ),
        ({"mask": torch.ones(4, 3)}, "mask: expected booleans, got torch.float32"),
        (
            {"steps": Steps.unknown("word", 4, 2)},
            "steps.times: expected (N, T, 2) with the (N, T) of mask, (4, 3), got (4, 2, 2)",
        ),
        (
            {"steps": Steps("word", ((), ("a",), (), ()), torch.zeros(4, 3, 2))},
            "steps.words: expected 2 words in sample 1, one a real step, got 1",
        ),
    ],
)
def test_fields_that_do_not_fit_together_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sequences(**changes)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: sequences().part("dev"),  # type: ignore[arg-type]
            lambda: "split: expected one of train, validation, test, got 'dev'",
        ),
        (
            lambda: load_dataset("imagenet"),
            lambda: f"name: expected one of {', '.join(dataset_names())}, got 'imagenet'",
        ),
    ],
)
def test_unknown_names_are_refused_in_one_sentence(call: Callable[[], object], message: Callable[[], str]) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message())}$"):
        call()


@pytest.mark.parametrize("name", ["mnist", "svhn", "svhn_mnist"])
def test_missing_data_are_told_with_the_way_to_get_them(data_folder: Path, name: str) -> None:
    missing = "mnist" if name == "mnist" else "svhn"
    message = (
        f"{data_folder}/{missing}.npz: no such file; set MFM_DATA to the folder that holds it, "
        f"or run: python -m mfm_core data fetch {missing}"
    )
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        load_dataset(name)


def test_a_missing_array_is_named(digits: Path) -> None:
    message = f"{digits}/mnist.npz: expected arrays images, pixels, missing pixels"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_arrays("mnist", ("images", "pixels"))


def test_pickled_objects_are_not_read(data_folder: Path) -> None:
    np.savez(data_folder / "evil.npz", images=np.array([{"any": "object"}], dtype=object))
    with pytest.raises(ValueError, match=r"'images': expected numbers or text, got object"):
        read_arrays("evil", ("images",))


def test_the_id_of_a_segment_names_its_video() -> None:
    assert [video_of(one) for one in ("v_1[3]", "a[b][0]", "train 7[12]", "v_1", "[0]", "v[]")] == [
        *("v_1", "a[b]", "train 7", "v_1", "[0]", "v[]"),
    ]


def segments_of_videos(n_videos: int, n_segments: int) -> list[str]:
    return [f"v{i}[{k}]" for k in range(n_segments) for i in range(n_videos)]


def test_a_drawn_split_keeps_the_segments_of_a_video_together() -> None:
    ids = segments_of_videos(20, 3)
    made = Dataset.from_arrays({"tone": np.ones((60, 3, 2))}, np.arange(60.0), ids=ids, seed=1)
    split = {video_of(one): str(name) for one, name in zip(ids, made.split, strict=True)}
    assert [split[video_of(one)] for one in ids] == made.split.tolist()
    assert sorted(split.values()) == ["test"] * 4 + ["train"] * 14 + ["validation"] * 2


def test_ids_do_not_change_the_draw_where_each_sample_is_a_video() -> None:
    labels, names = np.arange(30.0), [f"{n}[0]" for n in range(30)]
    labels[4] = np.nan
    with pytest.warns(UserWarning, match="label"):
        unnamed, named = (Dataset.from_arrays({"tone": np.ones((30, 3, 2))}, labels, ids=ids) for ids in (None, names))
    assert unnamed.split.tolist() == named.split.tolist()
    assert named.ids is not None
    assert "4[0]" not in named.ids


ARRAYS = {"tone": np.zeros((4, 3, 2))}
LABELS = [0, 1, 0, 1]
SPLIT = "split: expected train, validation or test for each sample, got"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"modalities": {"tone": [[1.0], [2.0, 3.0]]}}, "modalities.tone: expected an array of numbers, got lists of"),
        ({"modalities": {"y": ARRAYS["tone"]}}, "modalities: expected identifiers of at most 40 letters, other"),
        (
            {"modalities": {"tone": np.zeros((4, 0, 2))}},
            "modalities.tone: expected a sample, a step and a feature at least, got shape (4, 0, 2)",
        ),
        ({"labels": None}, "labels: expected an array of numbers, got None"),
        ({"split": "train"}, f"{SPLIT} 'train'"),
        ({"split": 3}, f"{SPLIT} 3"),
        ({"split": ["train", "dev", "test", "test"]}, f"{SPLIT} 'dev'"),
        ({"split": ["train"]}, "split: expected 4 samples, as labels has, got 1"),
        ({"seed": "x"}, "seed: expected a whole number, got a str"),
        ({"seed": -1}, "seed: expected 0 or more, got -1"),
        ({"unit": "frame"}, "unit: expected word or sentence or step, got 'frame'"),
        ({"name": 3}, "name: expected text, got an int"),
        ({"present": {"tone": [1.0, 0.5, 1.0, 1.0]}}, "present.tone: expected booleans, got 0.5 of sample 1"),
        ({"present": {"tone": [1.0, 1.0, np.nan, 1.0]}}, "present.tone: expected booleans, got nan of sample 2"),
        ({"present": {"tone": [True]}}, "present.tone: expected 4 samples, as labels has, got shape (1,)"),
        ({"present": 3}, "present: expected a dict, got an int"),
    ],
)
def test_arrays_that_make_no_sense_are_refused_in_a_sentence(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        Dataset.from_arrays(**{"modalities": ARRAYS, "labels": LABELS, **given})


@pytest.mark.parametrize(
    ("index", "got"),
    [
        ([0.5], "whole numbers (n,), got a list"),
        (torch.tensor([True] * 4), "whole numbers (n,), got torch.bool of shape (4,)"),
        (torch.tensor(1), "whole numbers (n,), got torch.int64 of shape ()"),
        (None, "whole numbers (n,), got None"),
        ([4], "samples below 4, got 4"),
    ],
)
def test_samples_are_taken_by_whole_numbers(index: Any, got: str) -> None:
    assert sequences().take([1, -1]).ids == ("second", "fourth")
    with pytest.raises(ValueError, match=f"^{re.escape(f'index: expected {got}')}$"):
        sequences().take(index)
