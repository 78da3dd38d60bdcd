"""MNIST, SVHN and their pairs: no photograph, and no digit, in two splits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mfm_core import fingerprint, load_dataset
from mfm_core.data.dataset import SPLITS
from mfm_core.data.sets import svhn_mnist
from mfm_core.data.sets.svhn import LONGEST_NUMBER, split_by_photograph, split_in_order
from mfm_core.data.sets.svhn_mnist import DigitPools


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 30)), min_size=1, max_size=200))
def test_no_photograph_lies_in_two_splits(digits: list[tuple[int, int]]) -> None:
    official, photograph = np.array(digits, dtype=np.int64).T
    split = split_by_photograph(official, photograph)
    assert set(split) <= set(SPLITS)
    splits_of = {(o, p): set(split[(official == o) & (photograph == p)]) for o, p in digits}
    assert all(len(splits) == 1 for splits in splits_of.values())


def test_photographs_are_dealt_in_the_proportions_asked_for() -> None:
    photograph = np.arange(5000, dtype=np.int64)
    share = {name: n / 5000 for name, n in Counter(split_by_photograph(photograph * 0, photograph)).items()}
    assert share == pytest.approx({"train": 0.78, "validation": 0.04, "test": 0.18}, abs=1e-3)


@given(st.lists(st.integers(1, LONGEST_NUMBER), min_size=1, max_size=300), st.integers(0, 40))
def test_in_order_no_photograph_lies_in_two_splits_either(lengths: list[int], n_test: int) -> None:
    photograph = np.repeat(np.arange(len(lengths)), lengths)
    official = np.concatenate([np.zeros(len(photograph), np.int64), np.ones(n_test, np.int64)])
    split = split_in_order(official)
    training = split[: len(photograph)]
    assert not set(photograph[training == "train"]) & set(photograph[training == "validation"])
    assert (split[len(photograph) :] == "test").all()
    assert (training == "").sum() < LONGEST_NUMBER
    assert (training == "validation").sum() == round(0.05 * len(photograph))


def test_mnist_keeps_the_official_test_split_and_holds_back_the_end_of_training(digits: Path) -> None:
    mnist = load_dataset("mnist")
    assert mnist.modalities["mnist"].shape == (6000, 1, 28, 28)
    assert (mnist.split == np.repeat(["train", "validation", "test"], [500, 5000, 500])).all()
    with np.load(digits / "mnist.npz") as archive:
        assert torch.equal((mnist.modalities["mnist"][:, 0] * 255).round().byte(), torch.from_numpy(archive["images"]))


def test_svhn_has_its_channels_first_and_its_values_in_the_unit_interval(digits: Path) -> None:
    svhn = load_dataset("svhn")
    with np.load(digits / "svhn.npz") as archive:
        expected = torch.from_numpy(archive["images"]).movedim(3, 1) / 255
    assert torch.equal(svhn.modalities["svhn"], expected)
    assert svhn.modalities["svhn"].is_contiguous()
    assert svhn.labels.dtype == torch.int64


def test_svhn_of_unknown_photographs_is_split_as_it_officially_is(digits: Path) -> None:
    with np.load(digits / "svhn.npz") as archive:
        arrays = {name: archive[name] for name in archive.files if name != "number_image"}
    np.savez(digits / "svhn.npz", **arrays)
    svhn = load_dataset("svhn")
    assert Counter(svhn.split) == {"train": 185, "validation": 10, "test": 200}
    assert svhn.modalities["svhn"].shape == (395, 3, 32, 32)
    assert torch.equal(svhn.labels, torch.tensor([*range(185), *range(190, 400)]) % 10)


def test_pairs_have_one_label_and_stay_inside_their_split(digits: Path) -> None:
    pairs, singles = load_dataset("svhn_mnist"), {name: load_dataset(name) for name in ("svhn", "mnist")}
    check_pairs(pairs, singles)
    assert len(pairs) == 400


def check_pairs(pairs: svhn_mnist.Dataset, singles: dict[str, svhn_mnist.Dataset]) -> None:
    """Find each picture of each pair again, and compare label and split."""
    for name, single in singles.items():
        prints = fingerprint(single.modalities[name]).tolist()
        # A few real pictures occur twice, with one label; compare what is said of any copy.
        said: dict[int, set[tuple[int, str]]] = {}
        for number, label, split in zip(prints, single.labels.tolist(), single.split, strict=True):
            said.setdefault(number, set()).add((label, str(split)))
        found = fingerprint(pairs.modalities[name]).tolist()
        for number, label, split in zip(found, pairs.labels.tolist(), pairs.split, strict=True):
            assert (label, str(split)) in said[number]


def test_the_fixed_pairs_are_the_same_each_time(digits: Path) -> None:
    first, again = load_dataset("svhn_mnist"), load_dataset("svhn_mnist")
    assert torch.equal(first.modalities["mnist"], again.modalities["mnist"])


def test_pairs_are_drawn_anew_and_follow_the_generator(digits: Path) -> None:
    pool, index = DigitPools.load("train"), torch.arange(50)
    generator = torch.Generator().manual_seed(3)
    first, second = (pool.pairs(index, generator).modalities["mnist"] for _ in range(2))
    again = pool.pairs(index, torch.Generator().manual_seed(3)).modalities["mnist"]
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_an_epoch_is_every_digit_once_but_for_the_last_odd_batch(digits: Path) -> None:
    pool = DigitPools.load("train")
    batches = pool.epoch(32, torch.Generator().manual_seed(0))
    seen = torch.cat(batches)
    assert {len(batch) for batch in batches} == {32}
    assert len(seen.unique()) == len(seen) == len(pool.svhn_labels) // 32 * 32


# Real data


def test_real_photographs_lie_in_one_split_each(real_data: Path) -> None:
    with np.load(real_data / "svhn.npz") as archive:
        if "number_image" not in archive.files:
            pytest.skip("this copy of SVHN does not tell the photographs")
        place = list(zip(archive["split"].tolist(), archive["number_image"].tolist(), strict=True))
        index = archive["svhn_index"] if "svhn_index" in archive.files else None
    split = load_dataset("svhn").split
    splits_of: dict[tuple[int, int], set[str]] = {}
    for photograph, name in zip(place, split, strict=True):
        splits_of.setdefault(photograph, set()).add(str(name))
    assert all(len(splits) == 1 for splits in splits_of.values())
    assert set(split) == set(SPLITS)
    # What the split in order relies on: digits of one photograph follow each other in the official order.
    if index is not None:
        order = sorted(range(len(place)), key=lambda row: (place[row][0], index[row]))
        photographs = [place[row] for row in order]
        assert photographs == sorted(photographs)
        assert max(Counter(photographs).values()) <= LONGEST_NUMBER


def test_real_pairs_have_one_label_and_stay_inside_their_split(real_data: Path) -> None:
    pairs = load_dataset("svhn_mnist")
    check_pairs(pairs, {name: load_dataset(name) for name in ("svhn", "mnist")})
    for name, x in pairs.modalities.items():
        assert 0 <= x.min() < x.max() <= 1, name
        assert x.dtype == torch.float32
    for split in SPLITS:
        assert set(pairs.part(split).labels.tolist()) == set(range(10))
