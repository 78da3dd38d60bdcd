"""Operations on latents that a class asks for: swap, fix and sample, combine, interpolate, traverse, translate.

Sequences keep the mask, and so the length, of the latents whose blocks are not replaced: of ``latents`` when swapping,
of ``drawn``, of ``style``, of ``start``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from mfm_core.arguments import check_finite, expect, floats, whole_number
from mfm_core.latents import Generated, Latents, factor_names
from mfm_core.model import MFM


def swap(latents: Latents, *, with_: Latents, factor: str | tuple[str, ...]) -> Latents:
    """Replace a block of ``latents`` by that of ``with_``: other's Z_y, our Z_a.

    Args:
        latents: What is kept.
        with_: Where the named block comes from; as many samples.
        factor: ``"y"``, a modality's name (its Z_a), or several of them.

    Raises:
        ValueError: If the factor is unknown or the numbers of samples differ.
    """
    names = factor_names(factor)
    expect("latents", latents, Latents).check_names(names)
    expect("with_", with_, Latents).check_names(names)
    if len(with_) != len(latents):
        raise ValueError(f"with_: expected {len(latents)} samples, as in latents, got {len(with_)}")
    _check_blocks("with_", with_, latents, names)
    return latents.replace(**{name: with_.blocks()[name] for name in names})


def fix(fixed: Latents, drawn: Latents, factor: str | tuple[str, ...]) -> Latents:
    """Keep one sample's block and let the others vary: Figure 5(c).

    Args:
        fixed: One sample, whose named block is repeated.
        drawn: ``N`` samples, for instance of the prior, that give the other blocks.
        factor: ``"y"``, a modality's name (its Z_a), or several of them.

    Returns:
        ``N`` samples.

    Raises:
        ValueError: If the factor is unknown, ``fixed`` is not one sample, or its block has another shape.
    """
    names = factor_names(factor)
    _check_single("fixed", fixed)
    expect("drawn", drawn, Latents).check_names(names)
    fixed.check_names(names)
    _check_blocks("fixed", fixed, drawn, names)
    return drawn.replace(**{name: fixed.blocks()[name].expand_as(drawn.blocks()[name]) for name in names})


def combine(content: Latents, style: Latents) -> Latents:
    """Every content with every style: Z_y of ``content``, all Z_a of ``style``.

    Args:
        content: ``n`` samples.
        style: ``m`` samples of the same modalities.

    Returns:
        ``n * m`` samples, row by row: sample ``i * m + j`` has the content ``i`` and the style ``j``.

    Raises:
        ValueError: If the modalities differ.
    """
    if list(expect("content", content, Latents).a) != list(expect("style", style, Latents).a):
        raise ValueError(f"style: expected modalities {', '.join(content.a)}, got {', '.join(style.a)}")
    styles = style.map(lambda block: block.repeat(len(content), *[1] * (block.ndim - 1)))
    return styles.replace(y=content.y.repeat_interleave(len(style), dim=0))


def interpolate(
    start: Latents,
    end: Latents,
    n_steps: int,
    *,
    factor: str | tuple[str, ...] = "y",
    method: Literal["spherical", "linear"] = "spherical",
) -> Latents:
    """A path of a block from one sample to another; the other blocks stay those of ``start``.

    The straight line between two samples of N(0, I) in many dimensions passes nearer to 0 than any sample lies; the
    spherical path does not (White 2016, "Sampling generative networks", section 2.1). Between vectors of nearly the
    same or the opposite direction it is not defined, and the straight line is taken.

    Args:
        start: One sample.
        end: One sample.
        n_steps: Length of the path, both ends included; at least 2.
        factor: ``"y"``, a modality's name (its Z_a), or several of them.
        method: The path.

    Returns:
        ``n_steps`` samples; the block is exactly that of ``start`` at first and that of ``end`` at last.

    Raises:
        ValueError: If an end is not one sample, the ends have blocks of different shapes, or an argument is not as
            said.
    """
    _check_single("start", start)
    _check_single("end", end)
    n_steps = whole_number("n_steps", n_steps, 2)
    if method not in ("spherical", "linear"):
        raise ValueError(f"method: expected 'spherical' or 'linear', got {method!r}")
    names = factor_names(factor)
    start.check_names(names)
    end.check_names(names)
    _check_blocks("end", end, start, names)
    path = {}
    for name in names:
        first, last = start.blocks()[name], end.blocks()[name]
        share = torch.linspace(0, 1, n_steps, dtype=first.dtype, device=first.device).unsqueeze(1)
        before, after = _spherical_weights(first, last, share) if method == "spherical" else (1 - share, share)
        path[name] = before * first + after * last
    return start.map(lambda block: block.expand(n_steps, *block.shape[1:])).replace(**path)


def _spherical_weights(first: Tensor, last: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Weights of both ends on the great circle, ``(n_steps, 1)`` each."""
    cosine = torch.nn.functional.cosine_similarity(first, last).clamp(-1, 1)
    angle = torch.arccos(cosine)
    sine = torch.sin(angle)
    if sine < 1e-3:
        return 1 - share, share
    return torch.sin((1 - share) * angle) / sine, torch.sin(share * angle) / sine


def traverse(latents: Latents, *, factor: str, direction: Tensor, amounts: Tensor) -> Latents:
    """Move one sample's block along a direction, by each of several amounts.

    Args:
        latents: One sample.
        factor: ``"y"`` or a modality's name (its Z_a).
        direction: ``(d,)``, as long as the block; for one raw dimension a unit vector.
        amounts: ``(n,)``, in multiples of ``direction``.

    Returns:
        ``n`` samples.

    Raises:
        ValueError: If ``latents`` is not one sample, the factor is unknown, or a shape is not as said.
    """
    _check_single("latents", latents)
    latents.check_names((factor,))
    block = latents.blocks()[factor]
    direction, amounts = floats("direction", direction, block.device), floats("amounts", amounts, block.device)
    if direction.shape != block.shape[1:]:
        raise ValueError(f"direction: expected shape {tuple(block.shape[1:])}, got {tuple(direction.shape)}")
    if amounts.ndim != 1:
        raise ValueError(f"amounts: expected shape (n,), got {tuple(amounts.shape)}")
    moved = block + amounts.unsqueeze(1) * direction
    return latents.map(lambda other: other.expand(len(amounts), *other.shape[1:])).replace(**{factor: moved})


def translate(
    model: MFM,
    inputs: Mapping[str, Tensor],
    *,
    mask: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Generated:
    """See some modalities, generate all of them.

    Args:
        model: The model.
        inputs: A non-empty subset of its modalities, as for :meth:`MFM.encode`.
        mask: Of sequences, which steps are real, as there; what is generated has the same.
        generator: Draws Z_a of the absent modalities from the prior. Without it they are what the surrogate infers:
            the one style it holds most likely.

    Returns:
        Every modality and the label, of as many samples as were given.

    Raises:
        ValueError: If the inputs are not as said.
    """
    latents = expect("model", model, MFM).encode(inputs, mask)
    absent = tuple(name for name in model.modalities if name not in inputs)
    if generator is not None and absent:
        latents = swap(latents, with_=model.sample(len(latents), generator=generator), factor=absent)
    return model.decode(latents)


def _check_blocks(argument: str, given: Latents, like: Latents, names: tuple[str, ...]) -> None:
    """Raise ValueError unless the named blocks are finite, and of the shape of those of ``like`` for each sample."""
    for name in names:
        block, wanted = given.blocks()[name], like.blocks()[name]
        if block.shape[1:] != wanted.shape[1:]:
            expected = (len(given), *wanted.shape[1:])
            raise ValueError(f"{argument}.{name}: expected shape {expected}, got {tuple(block.shape)}")
        check_finite(f"{argument}.{name}", block)


def _check_single(argument: str, latents: Latents) -> None:
    if len(expect(argument, latents, Latents)) != 1:
        raise ValueError(f"{argument}: expected 1 sample, got {len(latents)}")
