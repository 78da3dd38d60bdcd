"""Classes: those of a whole data set count from 0 and each has a sample, or is named; a part of a set may lack any."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import mfm_core as mfm
import mfm_core.cli.data
from mfm_core.cli.app import app
from mfm_core.data.notes import DataWarning

X = np.random.default_rng(0).normal(size=(12, 3, 2))
MASK = torch.ones(12, 3, dtype=torch.bool)
SPLIT = np.repeat(["train", "validation", "test"], 4)


def of_arrays(labels: list[int], _: Path) -> mfm.Dataset:
    return mfm.Dataset.from_arrays({"language": X}, labels, split=SPLIT)


def of_a_file(labels: list[int], folder: Path) -> mfm.Dataset:
    ends = {"train": "train", "valid": "validation", "test": "test"}
    arrays = {f"text_{end}": X[split == SPLIT] for end, split in ends.items()}
    y = {f"y_{end}": np.array(labels)[split == SPLIT] for end, split in ends.items()}
    np.savez(folder / "mine.npz", **arrays, **y)  # type: ignore[arg-type]
    return mfm.load_dataset("mine")


WAYS = pytest.mark.parametrize("made", [of_arrays, of_a_file])


@WAYS
def test_classes_from_1_are_refused(made: Callable[..., mfm.Dataset], data_folder: Path) -> None:
    with pytest.raises(ValueError, match=r"(labels|y): expected classes from 0, got 1 to 3; subtract 1$"):
        made([1, 2, 3] * 4, data_folder)


@WAYS
def test_a_class_without_samples_is_named(made: Callable[..., mfm.Dataset], data_folder: Path) -> None:
    with pytest.warns(DataWarning, match=r"^2 classes have no sample; the first: .*(labels|y), class 1 of 0 to 4$"):
        data = made([0, 2, 4] * 4, data_folder)
    assert len(data.notes) == 1


@WAYS
@pytest.mark.parametrize("labels", [[0] * 12, [0, 1, 2] * 4, [2, 0, 1, 0] + [1] * 8, [1] * 11 + [0]])
def test_a_part_may_lack_any_class(made: Callable[..., mfm.Dataset], labels: list[int], data_folder: Path) -> None:
    data = made(labels, data_folder)
    assert data.notes == ()
    assert [data.part(split).labels.tolist() for split in ("validation", "test")] == [labels[4:8], labels[8:]]


def test_samples_to_predict_are_a_part_too() -> None:
    data = mfm.Dataset.from_arrays({"language": X}, [3] * 12, split=["test"] * 12)
    assert data.labels.tolist() == [3] * 12


def test_an_import_of_classes_from_1_leaves_nothing(tmp_path: Path, data_folder: Path) -> None:
    (tmp_path / "given").mkdir()
    with pytest.raises(ValueError, match="subtract"):
        of_a_file([5, 6] * 6, data_folder)
    given = (data_folder / "mine.npz").rename(tmp_path / "given" / "mine.npz")
    run = CliRunner().invoke(app, ["data", "import", str(given), "--as", "mine"])
    assert run.exit_code == 1
    assert re.fullmatch(rf"{given}: y: expected classes from 0, got 5 to 6; subtract 5\n", run.stderr)
    assert list(data_folder.iterdir()) == []


def test_a_system_names_a_class_that_it_cannot_learn() -> None:
    train = mfm.Dataset("own", {"language": torch.from_numpy(X).float()}, torch.tensor([1, 2] * 6), SPLIT, MASK)
    with pytest.warns(DataWarning, match=r"^train: no sample of class 0 of 0 to 2, which is not learnt$"):
        mfm.fit("majority", train)
