"""Operations on latents: their algebra, their ends, and what they refuse."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mfm_core import MFM, Latents, combine, fix, interpolate, swap, translate, traverse

FACTORS = ("y", "svhn", "mnist")
factors = st.lists(st.sampled_from(FACTORS), unique=True).map(tuple)
seeds = st.integers(0, 2**32)


def draw(seed: int, n: int) -> Latents:
    generator = torch.Generator().manual_seed(seed)
    sizes = {"svhn": 4, "mnist": 2}
    return Latents(
        torch.randn(n, 3, generator=generator),
        {name: torch.randn(n, d, generator=generator) for name, d in sizes.items()},
    )


def equal(ours: Latents, theirs: Latents) -> dict[str, bool]:
    return {name: torch.equal(block, theirs.blocks()[name]) for name, block in ours.blocks().items()}


@given(seed=seeds, n=st.integers(1, 4), factor=factors)
def test_swap_takes_exactly_the_named_blocks(seed: int, n: int, factor: tuple[str, ...]) -> None:
    ours, other = draw(seed, n), draw(seed + 1, n)
    swapped = swap(ours, with_=other, factor=factor)
    assert equal(swapped, other) == {name: name in factor for name in FACTORS}
    assert equal(swapped, ours) == {name: name not in factor for name in FACTORS}


@given(seed=seeds, n=st.integers(0, 4), factor=factors)
def test_swapping_twice_is_the_identity(seed: int, n: int, factor: tuple[str, ...]) -> None:
    ours, other = draw(seed, n), draw(seed + 1, n)
    back = swap(swap(ours, with_=other, factor=factor), with_=ours, factor=factor)
    assert all(equal(back, ours).values())


@given(seed=seeds, n=st.integers(1, 4), factor=factors)
def test_fix_repeats_the_named_blocks_and_leaves_the_drawn_ones(seed: int, n: int, factor: tuple[str, ...]) -> None:
    one, drawn = draw(seed, 1), draw(seed + 1, n)
    fixed = fix(one, drawn, factor)
    assert len(fixed) == n
    for name, block in fixed.blocks().items():
        source = one.blocks()[name].expand_as(block) if name in factor else drawn.blocks()[name]
        assert torch.equal(block, source)


@given(seed=seeds, n=st.integers(0, 3), m=st.integers(0, 3))
def test_combine_is_row_by_row_the_swap_of_every_pair(seed: int, n: int, m: int) -> None:
    content, style = draw(seed, n), draw(seed + 1, m)
    combined = combine(content, style)
    assert len(combined) == n * m
    for i in range(n):
        for j in range(m):
            expected = swap(style[[j]], with_=content[[i]], factor="y")
            assert all(equal(combined[[i * m + j]], expected).values())


@given(
    seed=seeds,
    n_steps=st.integers(2, 20),
    factor=st.sampled_from(FACTORS),
    method=st.sampled_from(["spherical", "linear"]),
)
def test_a_path_begins_and_ends_exactly_and_holds_the_rest(seed: int, n_steps: int, factor: str, method: str) -> None:
    start, end = draw(seed, 1), draw(seed + 1, 1)
    path = interpolate(start, end, n_steps, factor=factor, method=method)
    assert len(path) == n_steps
    assert torch.equal(path.blocks()[factor][0], start.blocks()[factor][0])
    assert torch.equal(path.blocks()[factor][-1], end.blocks()[factor][0])
    for name in set(FACTORS) - {factor}:
        assert torch.equal(path.blocks()[name], start.blocks()[name].expand(n_steps, -1))


def path_of(first: list[float], last: list[float], method: str, n_steps: int = 5) -> torch.Tensor:
    ends = Latents(torch.tensor([first])), Latents(torch.tensor([last]))
    return interpolate(*ends, n_steps, method=method).y


def test_a_spherical_path_keeps_the_norm_and_turns_evenly() -> None:
    path = path_of([2.0, 0.0], [0.0, 2.0], "spherical")
    torch.testing.assert_close(path.norm(dim=1), torch.full((5,), 2.0))
    torch.testing.assert_close(torch.atan2(path[:, 1], path[:, 0]), torch.linspace(0, torch.pi / 2, 5))


def test_a_linear_path_is_straight() -> None:
    torch.testing.assert_close(path_of([2.0, 0.0], [0.0, 4.0], "linear")[2], torch.tensor([1.0, 2.0]))


@pytest.mark.parametrize("last", [[2.0, 0.0], [-1.0, 0.0], [1.0, 1e-6]])
def test_where_the_great_circle_is_not_defined_the_path_is_straight(last: list[float]) -> None:
    assert torch.equal(path_of([1.0, 0.0], last, "spherical"), path_of([1.0, 0.0], last, "linear"))


def test_traverse_moves_one_block_by_multiples_of_the_direction() -> None:
    one = draw(0, 1)
    moved = traverse(one, factor="mnist", direction=torch.tensor([0.0, 1.0]), amounts=torch.tensor([-2.0, 0.0, 3.0]))
    assert torch.equal(moved.a["mnist"], one.a["mnist"] + torch.tensor([[0.0, -2.0], [0.0, 0.0], [0.0, 3.0]]))
    assert torch.equal(moved.y, one.y.expand(3, -1))
    assert torch.equal(moved.a["svhn"], one.a["svhn"].expand(3, -1))


def test_translate_sees_what_is_given_and_infers_the_rest(tiny_model: MFM, pictures: dict[str, torch.Tensor]) -> None:
    seen = {"mnist": pictures["mnist"]}
    expected = tiny_model.decode(tiny_model.encode(seen))
    assert torch.equal(translate(tiny_model, seen).modalities["svhn"], expected.modalities["svhn"])


def test_translate_draws_the_style_of_the_absent_modality_only(
    tiny_model: MFM, pictures: dict[str, torch.Tensor]
) -> None:
    seen = {"mnist": pictures["mnist"]}

    def drawn(seed: int) -> dict[str, torch.Tensor]:
        generator = torch.Generator().manual_seed(seed)
        return dict(translate(tiny_model, seen, generator=generator).modalities)

    first, again, other = drawn(0), drawn(0), drawn(1)
    assert torch.equal(first["svhn"], again["svhn"])
    assert not torch.equal(first["svhn"], other["svhn"])
    assert torch.equal(first["mnist"], other["mnist"])


def test_translate_of_all_modalities_is_reconstruction(tiny_model: MFM, pictures: dict[str, torch.Tensor]) -> None:
    ours = translate(tiny_model, pictures, generator=torch.Generator().manual_seed(0))
    theirs = tiny_model.decode(tiny_model.encode(pictures))
    assert torch.equal(ours.modalities["svhn"], theirs.modalities["svhn"])


ONE, TWO = draw(0, 1), draw(1, 2)
ONES = torch.ones(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: swap(TWO, with_=TWO, factor="text"), "factor: expected one of y, svhn, mnist, got 'text'"),
        *(
            (partial(swap, TWO, with_=TWO, factor=wrong), f"factor: expected 'y', the name of a modality, or {rest}")
            for wrong, rest in ((None, "a tuple of such names, got None"), (3, "a tuple of such names, got an int"))
        ),
        (lambda: swap(TWO, with_=TWO, factor=([],)), "factor: expected one of y, svhn, mnist, got []"),
        (
            lambda: swap(TWO, with_=TWO.replace(y=TWO.y[:, :1]), factor="y"),
            f"with_.y: expected shape {tuple(TWO.y.shape)}, got (2, 1)",
        ),
        (
            lambda: swap(TWO, with_=TWO.replace(y=TWO.y * float("nan")), factor="y"),
            "with_.y: expected finite numbers, got nan at sample 0, dimension 0",
        ),
        (lambda: swap(TWO, with_=ONE, factor="y"), "with_: expected 2 samples, as in latents, got 1"),
        (lambda: fix(TWO, TWO, "y"), "fixed: expected 1 sample, got 2"),
        (lambda: fix(ONE, TWO, "text"), "factor: expected one of y, svhn, mnist, got 'text'"),
        (
            lambda: fix(ONE.replace(y=ONE.y[:, :1]), TWO, "y"),
            f"fixed.y: expected shape {tuple(ONE.y.shape)}, got (1, 1)",
        ),
        (
            lambda: combine(ONE, Latents(ONE.y, {"svhn": ONE.a["svhn"]})),
            "style: expected modalities svhn, mnist, got svhn",
        ),
        (lambda: interpolate(TWO, ONE, 3), "start: expected 1 sample, got 2"),
        (lambda: interpolate(ONE, TWO, 3), "end: expected 1 sample, got 2"),
        (
            lambda: interpolate(ONE, ONE.replace(y=ONE.y[:, :1]), 3),
            f"end.y: expected shape {tuple(ONE.y.shape)}, got (1, 1)",
        ),
        (lambda: interpolate(ONE, ONE, 1), "n_steps: expected 2 or more, got 1"),
        (lambda: interpolate(ONE, ONE, 3, factor="text"), "factor: expected one of y, svhn, mnist, got 'text'"),
        (
            lambda: interpolate(ONE, ONE, 3, method="cubic"),  # type: ignore[arg-type]
            "method: expected 'spherical' or 'linear', got 'cubic'",
        ),
        (
            lambda: traverse(TWO, factor="y", direction=torch.ones(3), amounts=ONES),
            "latents: expected 1 sample, got 2",
        ),
        (
            lambda: traverse(ONE, factor="text", direction=ONES, amounts=ONES),
            "factor: expected one of y, svhn, mnist, got 'text'",
        ),
        (
            lambda: traverse(ONE, factor="y", direction=ONES, amounts=ONES),
            "direction: expected shape (3,), got (2,)",
        ),
        (
            lambda: traverse(ONE, factor="mnist", direction=ONES, amounts=torch.tensor(1.0)),
            "amounts: expected shape (n,), got ()",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()
