"""Augmentation: nothing at amount zero, deterministic, inside the range, and never shared between pictures."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mfm_core.training.augmentation import Augmentation, augment

AMOUNTS = ("shift", "scale", "rotate", "shear", "brightness", "contrast", "tint", "invert")


@pytest.fixture
def images(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(6, 3, 12, 10, generator=generator)


@pytest.mark.parametrize("pad_border", [False, True])
def test_no_amount_is_the_identity(images: torch.Tensor, generator: torch.Generator, pad_border: bool) -> None:
    same = augment(images, Augmentation(pad_border=pad_border), generator)
    torch.testing.assert_close(same, images, atol=1e-5, rtol=0)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_every_amount_changes_pictures_and_follows_the_generator(images: torch.Tensor, amount: str) -> None:
    config = Augmentation(**{amount: 0.5})
    first, again, other = (augment(images, config, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.allclose(first, images, atol=1e-3)
    assert not torch.allclose(first, other, atol=1e-3)


@given(
    amounts=st.fixed_dictionaries({amount: st.floats(0, 1) for amount in AMOUNTS}),
    pad_border=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_pictures_stay_pictures(amounts: dict[str, float], pad_border: bool, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(3, 1, 9, 9, generator=generator)
    changed = augment(images, Augmentation(**amounts, pad_border=pad_border), generator)
    assert changed.shape == images.shape
    assert torch.isfinite(changed).all()
    assert 0 <= changed.min() <= changed.max() <= 1


def test_brightness_adds_one_number_to_a_whole_picture(generator: torch.Generator) -> None:
    grey = torch.full((4, 3, 8, 8), 0.5)
    changed = augment(grey, Augmentation(brightness=0.2), generator)
    spread = changed.flatten(1).std(dim=1)
    torch.testing.assert_close(spread, torch.zeros(4), atol=1e-5, rtol=0)
    assert len(changed[:, 0, 4, 4].unique()) == 4
    assert (changed - 0.5).abs().max() <= 0.2 + 1e-6


def test_certain_inversion_is_the_negative(images: torch.Tensor, generator: torch.Generator) -> None:
    torch.testing.assert_close(augment(images, Augmentation(invert=1), generator), 1 - images, atol=1e-5, rtol=0)


def test_a_shift_moves_by_at_most_its_share_of_the_picture(generator: torch.Generator) -> None:
    dot = torch.zeros(200, 1, 21, 21)
    dot[:, :, 10, 10] = 1
    moved = augment(dot, Augmentation(shift=0.2), generator)[:, 0]
    mass = moved.sum(dim=(1, 2))
    rows = (moved.sum(2) * torch.arange(21)).sum(1) / mass
    columns = (moved.sum(1) * torch.arange(21)).sum(1) / mass
    for place in (rows, columns):
        assert 3.5 < (place - 10).abs().max() <= 0.2 * 21 + 1e-3


@pytest.mark.parametrize("given_amounts", [{"shift": -0.1}, {"scale": 1.1}, {"blur": 0.5}])
def test_amounts_are_shares_of_known_names(given_amounts: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(given_amounts))}: expected"):
        Augmentation(**given_amounts)
