"""Blocks of latents and factors: what they accept, and how they are taken apart and put together."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch

from mfm_core import Factors, Latents
from mfm_core.latents import concatenate


def blocks(n: int = 2) -> Latents:
    return Latents(y=torch.ones(n, 3), a={"svhn": torch.full((n, 2), 2.0), "mnist": torch.full((n, 1), 3.0)})


def test_joint_puts_the_shared_block_first_and_the_modalities_in_order() -> None:
    assert torch.equal(blocks(1).joint(), torch.tensor([[1.0, 1, 1, 2, 2, 3]]))


def test_blocks_names_them_in_the_same_order() -> None:
    assert list(blocks().blocks()) == ["y", "svhn", "mnist"]


@pytest.mark.parametrize("index", [slice(1, 2), [1], torch.tensor([1])])
def test_indexing_takes_samples_of_every_block(index: slice | list[int] | torch.Tensor) -> None:
    taken = blocks(3)[index]
    assert len(taken) == 1
    assert {name: tuple(block.shape) for name, block in taken.blocks().items()} == {
        "y": (1, 3),
        "svhn": (1, 2),
        "mnist": (1, 1),
    }


def test_replace_changes_the_named_blocks_only() -> None:
    replaced = blocks().replace(svhn=torch.zeros(2, 2))
    assert torch.equal(replaced.a["svhn"], torch.zeros(2, 2))
    assert torch.equal(replaced.y, blocks().y)
    assert torch.equal(replaced.a["mnist"], blocks().a["mnist"])


def test_map_applies_to_the_mask_too() -> None:
    masked = Latents(torch.ones(2, 3), {}, mask=torch.tensor([[True, False], [True, True]]))
    assert torch.equal(masked[1:].mask, torch.tensor([[True, True]]))


def test_a_function_that_changes_the_type_of_blocks_keeps_the_class() -> None:
    factors = Factors(torch.ones(2, 3), {"svhn": torch.ones(2, 2)})
    assert isinstance(factors.map(torch.Tensor.double), Factors)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Latents(torch.ones(3)), "y: expected shape (N, d), got (3,)"),
        (lambda: Latents(torch.ones(2, 3), {"svhn": torch.ones(1, 3)}), "svhn: expected 2 samples, as in y, got 1"),
        (
            lambda: Latents(torch.ones(2, 3), mask=torch.ones(3, 4, dtype=torch.bool)),
            "mask: expected shape (2, T), got (3, 4)",
        ),
        (lambda: blocks().replace(text=torch.ones(2, 3)), "factor: expected one of y, svhn, mnist, got 'text'"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize("masked", [False, True])
def test_parts_put_together_are_the_whole(masked: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    mask = torch.rand(7, 4, generator=generator) > 0.5 if masked else None
    whole = Latents(torch.randn(7, 3, generator=generator), {"svhn": torch.randn(7, 2, generator=generator)}, mask)
    again = concatenate([whole[:2], whole[2:3], whole[3:]])
    assert torch.equal(again.joint(), whole.joint())
    assert (again.mask is None) if mask is None else torch.equal(again.mask, mask)
