"""Files of sequences hold modalities of any name: they come back as they were written, and what is odd is told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import mfm_core as mfm
import mfm_core.cli.data
from mfm_core import Dataset, load_dataset, save_dataset
from mfm_core.cli.app import app
from mfm_core.data.modalities import ModalityInfo
from mfm_core.data.registry import DatasetInfo, dataset_info, modality_info
from mfm_core.studio.truth import MODALITIES
from tests.data import videos

N, T = 30, 5
RNG = np.random.default_rng(0)
ENDS = ("train", "valid", "test")


def interviews() -> Dataset:
    """Sequences of names of one's own, and one that is published; some steps are padded, some sensors not worn."""
    mask = np.arange(T) < RNG.integers(2, T + 1, size=N)[:, None]
    features = {name: RNG.normal(3, 2, size=(N, T, d)) for name, d in (("pulse", 2), ("language", 4), ("Gait_2", 3))}
    return Dataset.from_arrays(
        features,
        features["pulse"][:, 0] @ np.ones(2),
        mask=mask,
        ids=[f"interview {i // 2}[{i % 2}]" for i in range(N)],
        present={"pulse": np.arange(N) % 4 > 0},
        unit="sentence",
    )


def raw(data: Dataset, name: str) -> torch.Tensor:
    assert data.scaling is not None
    assert data.mask is not None
    return data.scaling[name].restore(data.modalities[name], data.mask)


def arrays(**more: np.ndarray) -> dict[str, np.ndarray]:
    """A file of one modality called tone."""
    each = {f"tone_{end}": RNG.normal(size=(4, 3, 2)) for end in ENDS}
    return each | {f"y_{end}": RNG.normal(size=4) for end in ENDS} | more


def imported(folder: Path, given: dict[str, np.ndarray], name: str = "own") -> str:
    """What is said when a file is imported."""
    np.savez(folder / "mine.npz", **given)
    run = CliRunner().invoke(app, ["data", "import", str(folder / "mine.npz"), "--as", name, "--replace"])
    assert run.exception is None or isinstance(run.exception, SystemExit)
    return run.stderr


def test_a_set_of_ones_own_is_written_and_read(tmp_path: Path, data_folder: Path) -> None:
    data = interviews()
    save_dataset(data, tmp_path / "mine.npz")
    run = CliRunner().invoke(app, ["data", "import", str(tmp_path / "mine.npz"), "--as", "interviews"])
    assert run.exit_code == 0, run.stderr
    assert "not read" not in run.stderr
    assert "  pulse: 5 x 2, in 22 samples" in run.stderr
    again = load_dataset("interviews")
    order = np.concatenate([np.flatnonzero(data.split == split) for split in ("train", "validation", "test")])
    assert list(again.modalities) == ["language", "pulse", "Gait_2"]
    assert (again.split == data.split[order]).all()
    assert again.mask is not None
    assert data.mask is not None
    assert torch.equal(again.mask, data.mask[order])
    for name, x in data.modalities.items():
        has = data.has(name)[order]
        assert torch.equal(again.has(name), has)
        torch.testing.assert_close(raw(again, name)[has], x[order][has], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(again.labels, data.labels[order])
    assert data.ids is not None
    assert again.ids == tuple(data.ids[i] for i in order)
    assert again.steps is not None
    assert again.steps.unit == dataset_info("interviews").unit == "sentence"


def test_words_times_and_classes_are_written_too(data_folder: Path) -> None:
    videos.write_all(data_folder)
    for name in ("cmu_mosi", "iemocap"):
        source = load_dataset(name)
        data = replace(source, scaling=None)
        save_dataset(data, data_folder / "copy.npz")
        again = load_dataset("copy")
        assert again.steps is not None
        assert source.steps is not None
        assert again.steps.words == source.steps.words
        torch.testing.assert_close(again.steps.times, source.steps.times, equal_nan=True)
        assert torch.equal(again.labels, source.labels)
        assert set(again.modalities) == set(source.modalities)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"text_train": np.ones((4, 3, 2)), "language_train": np.ones((4, 3, 2))},
            "expected language by one name, got both text and language, which mean the same",
        ),
        ({"my-tone_train": np.ones((4, 3, 2))}, "my-tone_train: modalities: expected identifiers of at most 40"),
        ({"_train": np.ones((4, 3, 2))}, "_train: modalities: expected identifiers of at most 40"),
        ({"keys_train": np.ones((4, 3, 2))}, "got 'keys'"),
        ({"pulse_train": np.ones((4, 5, 2))}, "got (N, T) of tone (12, 3), pulse (12, 5)"),
        ({"pulse_train": np.ones((4, 3, 2)), "pulse_test": np.ones((4, 3))}, "pulse_test: expected numbers of shape"),
        ({"pulse_train": np.ones((4, 3, 2)), "pulse_test": np.ones((4, 3, 1))}, "expected pulse of shape (N, T, d)"),
        ({"pulse_train": np.ones((3, 3, 2))}, "y_train: expected 3 labels, as pulse has samples, got 4"),
        (
            {"words_train": np.ones((4, 3, 2))},
            "words_train: expected (N, T), the word of each step, text, empty at padded steps; optional, got shape "
            "(4, 3, 2) of float64; a modality needs another name",
        ),
        ({"mask_test": np.ones((4, 3))}, "mask_test: expected booleans (N, T), got shape (4, 3) of float64"),
        ({"unit": np.array("frame")}, "unit: expected word or sentence or step, got 'frame'"),
        ({"y_test": np.ones((4, 2))}, "expected labels (N,) or (N, size) of one size"),
        ({"streams": np.array(["tone"])}, "streams: expected text (k, 3), got shape (1,) of <U4"),
        ({"streams": np.ones((1, 3))}, "streams: expected text (k, 3), got shape (1, 3) of float64"),
        ({"streams": np.array([["taste", "", ""]])}, "streams: expected each of tone once at most, got 'taste'"),
        ({"streams": np.array([["tone", "", ""]] * 2)}, "streams: expected each of tone once at most, got 'tone'"),
        (
            {"streams": np.array([["tone", "<img src=x onerror=alert(1)>", ""]])},
            "streams: tone: expected at most 40 letters, digits, spaces and , . : ; ( ) / + % -, got '<img src=x",
        ),
        ({"streams": np.array([["tone", "a" * 41, ""]])}, "streams: tone: expected at most 40 letters"),
        ({"streams": np.array([["tone", "", "a\nb"]])}, "streams: tone: expected at most 120 letters"),
        ({"streams": np.array([["tone", "", "[a](javascript:1)"]])}, "streams: tone: expected at most 120 letters"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    tmp_path: Path, data_folder: Path, more: dict[str, np.ndarray], said: str
) -> None:
    told = imported(tmp_path, arrays(**more))
    assert said in told
    assert len(told.splitlines()) == 1
    assert list(data_folder.iterdir()) == []


def test_what_streams_are_called_is_written_imported_and_read_back(tmp_path: Path, data_folder: Path) -> None:
    told = (
        ModalityInfo("pulse", title="Heart rate (wrist)", content="beats per second, 2 sensors"),
        ModalityInfo("language", content="сказанное"),
    )
    save_dataset(interviews(), tmp_path / "mine.npz", streams=told)
    for name in ("first", "second"):  # a file of the layout is imported whole, again from what was written
        assert CliRunner().invoke(app, ["data", "import", str(tmp_path / "mine.npz"), "--as", name]).exit_code == 0
        assert dataset_info(name).streams == told
        shutil.copy(data_folder / f"{name}.npz", tmp_path / "mine.npz")
    info = dataset_info("second")
    assert modality_info("pulse", info).title == modality_info("pulse").title == "Heart rate (wrist)"
    assert modality_info("pulse").style == "style of Heart rate (wrist)"
    assert modality_info("language", info).content == "сказанное"
    assert modality_info("language").content == "the words", "another set's description is not everybody's"
    for name in ("first", "second"):
        (data_folder / f"{name}.npz").write_bytes(b"no archive")
    assert modality_info("pulse").title == "Pulse"


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (ModalityInfo("taste"), "streams: expected some of pulse, language, Gait_2, got 'taste'"),
        (ModalityInfo("pulse", title="<b>pulse</b>"), "streams: pulse: expected at most 40 letters, digits"),
    ],
)
def test_descriptions_that_a_file_cannot_hold_are_not_written(tmp_path: Path, stream: ModalityInfo, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        save_dataset(interviews(), tmp_path / "own.npz", streams=[stream])
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_sequence_is_counted_and_a_split_may_lack_a_modality(tmp_path: Path, data_folder: Path) -> None:
    odd = {"notes_train": np.ones((4, 2)), "about": np.array("me"), "tone_dev": np.ones(2)}
    given = arrays(pulse_test=np.ones((4, 3, 1)), **odd)
    told = imported(tmp_path, given)
    assert "3 arrays are not read; the first: " in told
    assert "'notes_train', expected such as text_train" in told
    own = load_dataset("own")
    assert list(own.modalities) == ["tone", "pulse"]
    assert own.present is not None
    assert own.present["pulse"].tolist() == [False] * 8 + [True] * 4
    assert own.steps is not None
    assert own.steps.unit == dataset_info("own").unit == "step"
    del given["y_valid"]
    assert "expected an array y_valid, as every split has labels, got about, notes_train" in imported(tmp_path, given)
    given = arrays(mask_train=np.ones((4, 3), bool))
    imported(tmp_path, given, "partly")
    with pytest.warns(mfm.data.notes.DataWarning, match="arrays are not read, for not every split has them; .* mask"):
        load_dataset("partly")


def test_a_stream_that_a_known_set_does_not_have_is_counted(data_folder: Path) -> None:
    more = {f"pulse_{end}": np.ones((n, videos.LENGTH, 2)) for end, n in videos.SIZES.items()}
    np.savez(data_folder / "pom.npz", **videos.published("pom"), **more)
    with pytest.warns(mfm.data.notes.DataWarning, match=r"1 modalities are not read; the first: .*pulse"):
        assert list(load_dataset("pom").modalities) == ["acoustic", "visual"]


def test_what_a_file_cannot_hold_is_not_written(tmp_path: Path) -> None:
    data = interviews()
    for name, means in (("words", "labels, names or steps"), ("text", "the modality language")):
        renamed = Dataset.from_arrays({name: RNG.normal(size=(9, 2, 1))}, RNG.normal(size=9))
        message = f"^modalities: expected names for a file, where '{name}' means {means}; rename it$"
        with pytest.raises(ValueError, match=message):
            save_dataset(renamed, tmp_path / "own.npz")
    images = Dataset.from_arrays({"left": RNG.random((9, 1, 4, 4))}, RNG.normal(size=9))
    with pytest.raises(ValueError, match=r"^dataset: expected sequences with a mask, got none$"):
        save_dataset(images, tmp_path / "own.npz")
    with pytest.raises(ValueError, match=r"^dataset: expected samples of every split, got none of validation$"):
        save_dataset(data.part("train"), tmp_path / "own.npz")
    with pytest.raises(ValueError, match=r"^path: expected a file .npz, got 'own.csv'$"):
        save_dataset(data, tmp_path / "own.csv")
    with pytest.raises(ValueError, match=r"^dataset: expected raw features, got standardised ones"):
        save_dataset(mfm.data.sequences.standardised(data), tmp_path / "own.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_modality_is_described_where_its_data_set_is() -> None:
    assert [modality_info(name).content for name in ("language", "timing", "pulse")] == [
        *("the words", "when the words are said", ""),
    ]
    assert (modality_info("left_eye").title, modality_info("left_eye").style) == ("Left eye", "style of Left eye")
    assert (modality_info("mnist").title, modality_info("mnist").label) == ("MNIST", "digit")
    thermal = DatasetInfo("own", streams=(mfm.data.modalities.ModalityInfo("visual", content="how warm it is"),))
    assert modality_info("visual", thermal).content == "how warm it is"
    assert modality_info("visual", dataset_info("pom")).content == "the face"
    assert tuple(stream.name for stream in dataset_info("studio_balanced").streams) == MODALITIES
