"""What a data set is, and where it is looked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mfm_core import Dataset, load_dataset
from mfm_core.data import data_folder as folder_in_use
from mfm_core.data import dataset_names
from mfm_core.data.dataset import read_arrays


def sequences() -> Dataset:
    return Dataset(
        "toy",
        {"language": torch.arange(24.0).view(4, 3, 2)},
        torch.arange(4.0).unsqueeze(1),
        np.array(["train", "test", "train", "validation"]),
        mask=torch.tensor([[True, True, False]] * 4),
    )


def test_a_part_holds_the_samples_of_its_split() -> None:
    part = sequences().part("train")
    assert part.labels.flatten().tolist() == [0, 2]
    assert torch.equal(part.modalities["language"][1], sequences().modalities["language"][2])
    assert part.mask is not None
    assert part.mask.shape == (2, 3)
    assert set(part.split) == {"train"}


def test_taken_samples_come_in_the_order_asked_for() -> None:
    assert sequences().take(torch.tensor([3, 0, 3])).labels.flatten().tolist() == [3, 0, 3]


def test_the_data_folder_is_the_one_named_else_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFM_DATA", "somewhere")
    assert folder_in_use() == Path("somewhere")
    monkeypatch.delenv("MFM_DATA")
    assert folder_in_use().name == "mfm"


def test_the_registry_names_what_can_be_loaded(digits: Path) -> None:
    for name in dataset_names():
        assert load_dataset(name).name == name


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sequences().part("dev"), "split: expected one of train, validation, test, got 'dev'"),  # type: ignore[arg-type]
        (lambda: load_dataset("imagenet"), "name: expected one of mnist, svhn, svhn_mnist, got 'imagenet'"),
    ],
)
def test_unknown_names_are_refused_in_one_sentence(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
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
    with pytest.raises(ValueError, match="allow_pickle=False"):
        read_arrays("evil", ("images",))
