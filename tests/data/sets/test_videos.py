"""The sets of videos: what the files hold is what is loaded, and what they lack is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from mfm_core import Dataset, load_dataset
from mfm_core.data.dataset import video_of
from mfm_core.data.folds import complete_samples, deal, repeated_folds
from mfm_core.data.sets import cmu_mosi, ict_mmmo, iemocap, pom, youtube
from mfm_core.data.sets.cmu_mosi import spans_in_order, timing_features
from tests.data import videos

PUBLISHED = ("ict_mmmo", "youtube", "pom", "iemocap")
FILE_NAMES = {"language": "text", "acoustic": "audio", "visual": "visual"}


@pytest.fixture
def folder(data_folder: Path) -> Path:
    videos.write_all(data_folder)
    return data_folder


@pytest.fixture
def real_folder(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real files, in use."""
    monkeypatch.setenv("MFM_DATA", str(real_data))
    return real_data


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_tensors_come_back_raw_and_in_order(folder: Path, name: str) -> None:
    dataset, arrays = {"ict_mmmo": ict_mmmo, "youtube": youtube, "pom": pom, "iemocap": iemocap}[name].read(), {}
    with np.load(folder / f"{name}.npz") as archive:
        arrays = dict(archive)
    assert dataset.split.tolist() == ["train"] * 9 + ["validation"] * 5 + ["test"] * 6
    for modality, x in dataset.modalities.items():
        kind = FILE_NAMES[modality]
        parts = [arrays.get(f"{kind}_{end}", np.zeros((n, 4, x.shape[2]))) for end, n in videos.SIZES.items()]
        np.testing.assert_array_equal(x, np.concatenate(parts))
    y = np.concatenate([arrays[f"y_{end}"] for end in videos.SIZES])
    expected = y.argmax(1) if name in ("youtube", "iemocap") else y.reshape(20, -1)
    np.testing.assert_array_equal(dataset.labels, expected)
    assert dataset.labels.dtype == (torch.int64 if name in ("youtube", "iemocap") else torch.float32)
    assert dataset.mask is not None
    assert (~dataset.mask).nonzero().tolist() == [[0, 0], [9, 0], [14, 0]]


@pytest.mark.parametrize("name", ["ict_mmmo", "youtube"])
def test_what_a_split_lacks_is_zero_and_told(folder: Path, name: str) -> None:
    dataset = load_dataset(name)
    assert dataset.present is not None
    assert dataset.present["language"].tolist() == [False] * 9 + [True] * 11
    assert dataset.present["acoustic"].all()
    assert (dataset.modalities["language"][:9] == 0).all()


def test_emotions_that_exclude_one_another_are_classes_and_others_scores(folder: Path) -> None:
    arrays = videos.published("iemocap")
    arrays["y_test"][0] = [1, 1, 0, 0]
    np.savez(folder / "iemocap.npz", **arrays)
    labels = load_dataset("iemocap").labels
    assert labels.shape == (20, 4)
    assert labels.dtype == torch.float32
    assert labels[14].tolist() == [1, 1, 0, 0]


def test_mosi_has_its_last_words_their_vectors_and_their_times(folder: Path) -> None:
    raw = cmu_mosi.read()
    assert raw.steps is not None
    assert raw.mask is not None
    assert raw.mask.sum(1).tolist() == [2, 2, 1, 20, 2]
    assert raw.mask[0].tolist() == [False] * 18 + [True] * 2
    assert raw.steps.words[0] == ("good", "film")
    assert raw.modalities["language"][0, -2:].tolist() == [[1, 2], [3, 5]]
    assert raw.modalities["language"][1, -2:].tolist() == [[0, 0], [3, 5]]
    assert raw.steps.times[0, -2:].tolist() == [[1, 1.5], [2, 2.25]]
    assert raw.steps.times[3, 0].tolist() == [2.5, 2.75]
    assert raw.steps.times[1, -2].isnan().all()
    assert raw.present is not None
    assert raw.present["timing"].tolist() == [True, True, False, True, True]
    with np.load(folder / "cmu_mosi_utterances.npz") as table:
        for t in range(5, 20):
            np.testing.assert_array_equal(raw.modalities["acoustic"][3, t], table["audio"][3])
        np.testing.assert_array_equal(raw.labels[:, 0], table["sentiment"])
    assert raw.ids == ("train[0]", "train[1]", "valid[2]", "test[3]", "test[4]")
    assert raw.split.tolist() == ["train", "train", "validation", "test", "test"]
    assert cmu_mosi.unknown_words() == {"couldve": 1}


def test_timing_says_what_the_times_say() -> None:
    words, spans = ["um", "really", "good"], torch.tensor([[1.0, 1.5], [1.5, 1.75], [3.75, 4.0]])
    expected = [
        [np.log(0.5), 0, 0, np.log(2 / 0.5), np.log(3 / 3)],
        [np.log(0.25), 0, 0.5 / 3, np.log(6 / 0.25), np.log(3 / 3)],
        [np.log(0.25), np.log(3), 2.75 / 3, np.log(4 / 0.25), np.log(3 / 3)],
    ]
    np.testing.assert_allclose(timing_features(words, spans), expected, rtol=1e-6, atol=1e-7)
    assert (timing_features(words, torch.full((3, 2), torch.nan)) == 0).all()


def test_a_word_that_began_before_the_one_said_before_it_has_no_known_time() -> None:
    spans = spans_in_order([(1.0, 2.0), (0.5, 0.7), (None, None), (3.0, 2.5), (2.0, 2.5)])
    assert spans.isnan().all(1).tolist() == [False, True, True, True, False]
    assert spans[4].tolist() == [2, 2.5]


def test_folds_test_every_complete_sample_once_and_train_with_the_others(folder: Path) -> None:
    raw = ict_mmmo.read()
    complete = complete_samples(raw)
    assert complete.tolist() == [False] * 9 + [True] * 11
    tested = np.zeros((2, 20), int)
    for repeat, fold, dataset, rows in ict_mmmo.folds(n_folds=4, n_repeats=2, seed=3):
        assert (dataset.split[~complete] == "train").all()
        assert rows.tolist() == list(range(20))
        tested[repeat] += dataset.split == "test"
        assert {"validation", "test"} <= set(dataset.split[complete])
        assert dataset.scaling is not None
        assert raw.mask is not None
        training = torch.from_numpy((dataset.split == "train") & complete)
        oracle = StandardScaler().fit(raw.modalities["language"][training][raw.mask[training]].numpy())
        np.testing.assert_allclose(dataset.scaling["language"].mean, oracle.mean_, rtol=1e-4, atol=1e-5)
        assert 0 <= fold < 4
    assert (tested == complete).all()


def test_folds_keep_the_segments_of_a_video_together() -> None:
    ids, has = [f"v{i}[{k}]" for k in range(3) for i in range(10)], torch.ones(30, dtype=torch.bool)
    has[[4, 9]] = False
    numbers = np.random.default_rng(0).normal(size=(30, 2, 3))
    raw = Dataset.from_arrays({"a": numbers, "b": numbers}, numbers[:, 0, 0], ids=ids, present={"b": has})
    has[[5, 15, 25]] = False  # nothing of v5 is complete
    raw = replace(raw, present={"b": has})
    tested: list[str] = []
    for fold in repeated_folds(raw, n_folds=4, n_repeats=1, seed=0):
        names, split = list(fold.dataset.ids or ()), fold.dataset.split.tolist()
        of_video = dict(zip(map(video_of, names), split, strict=True))
        assert [of_video[video_of(one)] for one in names] == split
        assert names == [ids[row] for row in fold.rows]
        assert of_video["v5"] == "train"
        tested += [one for one, name in zip(names, split, strict=True) if name == "test"]
        left_out = {"v4[0]", "v9[0]"} - set(names)
        assert left_out == {one for one in ("v4[0]", "v9[0]") if of_video[video_of(one)] != "train"}
        assert len(names) == 30 - len(left_out)
    assert sorted(tested) == sorted(set(ids) - {"v4[0]", "v9[0]", "v5[0]", "v5[1]", "v5[2]"})


def test_folds_follow_the_seed(folder: Path) -> None:
    first, again, other = (
        [fold.dataset.split.tolist() for fold in ict_mmmo.folds(n_folds=3, n_repeats=1, seed=seed)]
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_the_scores_of_each_fold_are_as_those_of_all() -> None:
    score = np.random.default_rng(0).integers(2, 11, 120) / 2
    fold = deal(score, 5, np.random.default_rng(1))
    assert np.bincount(fold).tolist() == [24] * 5
    for k in range(5):
        for threshold in np.unique(score):
            share, overall = (score[fold == k] <= threshold).sum(), (score <= threshold).sum() / 5
            assert abs(share - overall) <= 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: next(repeated_folds(ict_mmmo.load(), n_folds=3, n_repeats=1, seed=0)), "expected raw features"),
        (lambda: next(ict_mmmo.folds(n_folds=2)), "n_folds: expected 3 to 11, the number of complete videos, got 2"),
        (lambda: next(ict_mmmo.folds(n_folds=12)), "n_folds: expected 3 to 11, the number of complete videos, got 12"),
    ],
)
def test_impossible_folds_are_refused(folder: Path, call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def change(name: str, **arrays: object) -> Callable[[Path], None]:
    """Replace arrays of a published set; None removes one."""

    def inflict(folder: Path) -> None:
        known = {**videos.published(name), **arrays}
        np.savez(folder / f"{name}.npz", **{key: array for key, array in known.items() if array is not None})  # type: ignore[arg-type]

    return inflict


def mosi_words(utterances: object) -> Callable[[Path], None]:
    return lambda folder: (folder / "cmu_mosi_words.json").write_text(json.dumps(utterances)) and None


DAMAGE: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "no file": ("pom", lambda f: (f / "pom.npz").unlink(), "pom.npz: no such file; set MFM_DATA to the folder that"),
    "no labels": ("pom", change("pom", y_test=None), "pom.npz: expected arrays y_test, which are missing; download"),
    "no modality": ("pom", change("pom", **{f"audio_{e}": None for e in videos.SIZES}), "expected arrays audio_train"),
    "no finite number": (
        "pom",
        change("pom", **{f"audio_{e}": np.full((n, 4, 3), np.nan) for e, n in videos.SIZES.items()}),
        "pom: acoustic: expected an observed step, got none in 20 samples",
    ),
    "no finite label": (
        "pom",
        change("pom", y_train=np.full((9, 17), np.inf)),
        "pom.npz: y_train: expected finite labels, got none in 9 samples",
    ),
    "text for numbers": ("pom", change("pom", audio_train=np.array(["a"])), "audio_train: expected numbers, got <U1"),
    "other d": (
        "pom",
        change("pom", audio_test=np.zeros((6, 4, 2), np.float32)),
        "pom.npz: expected audio of shape (N, T, d) with N = (9, 5, 6), got audio_train (9, 4, 3), audio_valid",
    ),
    "no steps": (
        "pom",
        change("pom", **{f"audio_{e}": np.zeros((n, 0, 3), np.float32) for e, n in videos.SIZES.items()}),
        "pom.npz: expected audio of at least one step and one feature, got (0, 3)",
    ),
    "other T": (
        "pom",
        change("pom", **{f"audio_{e}": np.ones((n, 7, 3), np.float32) for e, n in videos.SIZES.items()}),
        "pom.npz: expected one number of samples and steps in all modalities",
    ),
    "other labels": (
        "pom",
        change("pom", **{f"y_{e}": np.ones((n, 16), np.float32) for e, n in videos.SIZES.items()}),
        "pom.npz: expected ratings of 17 traits, got (20, 16)",
    ),
    "labels of two sizes": (
        "pom",
        change("pom", y_test=np.ones((6, 3), np.float32)),
        "pom.npz: expected labels (N,) or (N, size) of one size, got [(9, 17), (5, 17), (6, 3)]",
    ),
    "not one-hot": (
        "youtube",
        change("youtube", y_train=np.ones((9, 3), np.float32)),
        "youtube.npz: expected labels one-hot in negative, neutral, positive, got (20, 3)",
    ),
    "five emotions": (
        "iemocap",
        change("iemocap", **{f"y_{e}": np.eye(5, dtype="f4")[[0] * n] for e, n in videos.SIZES.items()}),
        "iemocap.npz: expected labels 0 or 1 of 4 or 6 emotions, got (20, 5)",
    ),
    "no words": (
        "cmu_mosi",
        lambda f: (f / "cmu_mosi_words.json").unlink(),
        "cmu_mosi_words.json: no such file; set MFM_DATA to the folder that holds the tables of CMU-MOSI, or import",
    ),
    "words of others": (
        "cmu_mosi",
        mosi_words({"utterances": [{"id": "x", "text": "", "words": [["a", 1, 2, 1]]}]}),
        "cmu_mosi_words.json and cmu_mosi_utterances.npz are of other utterances",
    ),
    "no JSON": ("cmu_mosi", lambda f: (f / "cmu_mosi_words.json").write_text("{") and None, "expected JSON ("),
    "no utterances": ("cmu_mosi", mosi_words({}), "cmu_mosi_words.json: expected the key utterances, which is missing"),
    "an utterance without words": (
        "cmu_mosi",
        mosi_words({"utterances": [{"id": "x", "text": "", "words": []}]}),
        "utterances.0.words: expected at least 1 of them",
    ),
    "a time that is no number": (
        "cmu_mosi",
        mosi_words({"utterances": [{"id": "x", "text": "", "words": [["a", "soon", 2, 1]]}]}),
        "utterances.0.words.0.1",
    ),
    "vectors of other words": (
        "cmu_mosi",
        lambda f: np.savez(f / "glove50_top30k.npz", words=np.array(["a"]), vectors=np.zeros((2, 50))),
        "glove50_top30k.npz: expected words (N,) and vectors (N, d), got (1,) and (2, 50)",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_files_are_refused_in_one_sentence(folder: Path, kind: str) -> None:
    name, inflict, message = DAMAGE[kind]
    inflict(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(message)) as error:
        load_dataset(name)
    assert "\n" not in str(error.value)


# What follows reads the real files.


@pytest.mark.parametrize(
    ("name", "sizes", "d", "classes_or_scores"),
    [
        ("ict_mmmo", (220, 40, 80), {"language": 300, "acoustic": 74, "visual": 36}, (340, 1)),
        ("youtube", (173, 36, 60), {"language": 300, "acoustic": 74, "visual": 36}, (269,)),
        ("pom", (600, 100, 203), {"acoustic": 43, "visual": 41}, (903, 17)),
        ("cmu_mosi", (1284, 229, 686), {"language": 50, "timing": 5, "acoustic": 73}, (2199, 1)),
    ],
)
def test_the_real_sets_have_the_published_sizes(
    real_folder: Path, name: str, sizes: tuple[int, ...], d: dict[str, int], classes_or_scores: tuple[int, ...]
) -> None:
    dataset = load_dataset(name)
    assert tuple(len(dataset.part(split)) for split in ("train", "validation", "test")) == sizes
    assert {modality: x.shape[2] for modality, x in dataset.modalities.items()} == d
    assert dataset.labels.shape == classes_or_scores
    assert dataset.mask is not None
    for x in dataset.modalities.values():
        assert x.dtype == torch.float32
        assert torch.isfinite(x).all()
        assert x.abs().max() <= 5
        assert (x[~dataset.mask] == 0).all()


def test_the_real_ict_mmmo_lacks_language_in_220_and_is_scaled_as_scikit_learn_does(real_folder: Path) -> None:
    dataset = load_dataset("ict_mmmo")
    assert dataset.present is not None
    assert [int(dataset.present[m].sum()) for m in ("language", "acoustic", "visual")] == [120, 340, 340]
    assert dataset.steps is not None
    assert dataset.steps.unit == "sentence"
    with np.load(real_folder / "ict_mmmo.npz") as archive:
        for modality, name in (("audio", "acoustic"), ("visual", "visual")):
            x, y = archive[f"{modality}_train"], archive[f"{modality}_test"]
            oracle = StandardScaler().fit(x[(x != 0).any(2)].astype(np.float64))
            expected = np.clip(oracle.transform(y[(y != 0).any(2)].astype(np.float64)), -5, 5)
            given = dataset.part("test").modalities[name].numpy()[(y != 0).any(2)]
            np.testing.assert_allclose(given, expected, atol=1e-3)
        text = archive["text_test"].astype(np.float32)
        np.testing.assert_array_equal(dataset.part("test").modalities["language"], text, "no training video has any")


def test_the_real_mosi_has_the_official_folds_and_words_at_their_times(real_folder: Path) -> None:
    dataset: Dataset = load_dataset("cmu_mosi")
    assert dataset.ids is not None
    assert dataset.steps is not None
    assert dataset.present is not None
    by_split = {s: {i.rpartition("[")[0] for i in dataset.part(s).ids or ()} for s in ("train", "validation", "test")}
    assert [len(by_split[s]) for s in by_split] == [52, 10, 31]
    in_order = sorted(set.union(*by_split.values()))
    assert by_split["train"] == set(in_order[:52])
    assert by_split["test"] == set(in_order[62:])
    assert (~dataset.present["timing"]).sum() == 3
    utterances = json.loads((real_folder / "cmu_mosi_words.json").read_text())["utterances"]
    for i in range(0, 2199, 97):
        words = utterances[i]["words"][-20:]
        assert dataset.steps.words[i] == tuple(word[0] for word in words)
        expected = np.array([[np.nan if t is None else t for t in word[1:3]] for word in words], np.float32)
        np.testing.assert_array_equal(dataset.steps.times[i, -len(words) :], expected)
    assert sum(cmu_mosi.unknown_words().values()) == 293


def test_the_real_youtube_tells_which_segments_have_what(real_folder: Path) -> None:
    dataset = load_dataset("youtube")
    assert dataset.present is not None
    assert dataset.mask is not None
    assert {name: int(x.sum()) for name, x in dataset.present.items()} == {"language": 95, "acoustic": 78, "visual": 70}
    assert (~dataset.mask.any(1)).sum() == 126
    assert set(dataset.labels.tolist()) == {0, 1, 2}


def test_the_real_pom_has_a_face_in_417_videos(real_folder: Path) -> None:
    present = load_dataset("pom").present
    assert present is not None
    assert int(present["visual"].sum()) == 417
