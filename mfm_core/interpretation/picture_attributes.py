"""Measured attributes of pictures, and which of them a direction of Z moves.

A direction found by its effect has no name. It gets one where an attribute that can be measured on the picture rises or
falls with it, whatever pair it starts from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from mfm_core.latents import Latents
from mfm_core.model import MFM

AMOUNTS = (-2.0, -1.0, 0.0, 1.0, 2.0)
LEAST = 0.6
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_TINY = 1e-6


def luma(pictures: Tensor) -> Tensor:
    """Brightness of each pixel: (N, channels, height, width) in [0, 1] -> (N, height, width)."""
    if pictures.shape[1] != len(_LUMA):
        return pictures.mean(1)
    return torch.einsum("nchw,c->nhw", pictures, torch.tensor(_LUMA, dtype=pictures.dtype))


def brightness(pictures: Tensor) -> Tensor:
    """Mean luma (N,)."""
    return luma(pictures).mean((1, 2))


def contrast(pictures: Tensor) -> Tensor:
    """Standard deviation of the luma (N,)."""
    return luma(pictures).flatten(1).std(1, correction=0)


def warmth(pictures: Tensor) -> Tensor:
    """Hue from blue to orange (N,): mean of red minus blue."""
    return (pictures[:, 0] - pictures[:, 2]).mean((1, 2))


def greenness(pictures: Tensor) -> Tensor:
    """Hue from magenta to green (N,): mean of green minus the mean of red and blue."""
    return (pictures[:, 1] - (pictures[:, 0] + pictures[:, 2]) / 2).mean((1, 2))


def polarity(pictures: Tensor) -> Tensor:
    """How much lighter the middle, where the digit stands, is than the border (N,)."""
    light = luma(pictures)
    height, width = light.shape[1:]
    inside = torch.zeros(height, width, dtype=torch.bool)
    inside[height // 5 : -(height // 5), width // 4 : -(width // 4)] = True
    return light[:, inside].amax(1) + light[:, inside].amin(1) - 2 * light[:, ~inside].median(1).values


def _moments(ink: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Variances of the ink's place along y and x, and their covariance, each (N,), in pixels squared."""
    height, width = ink.shape[1:]
    mass = ink.sum((1, 2)).clamp(min=_TINY)
    y, x = torch.arange(height, dtype=ink.dtype)[None, :, None], torch.arange(width, dtype=ink.dtype)[None, None]
    dy = y - ((ink * y).sum((1, 2)) / mass)[:, None, None]
    dx = x - ((ink * x).sum((1, 2)) / mass)[:, None, None]
    return tuple((ink * product).sum((1, 2)) / mass for product in (dy * dy, dx * dx, dx * dy))  # type: ignore[return-value]


def slant(pictures: Tensor) -> Tensor:
    """Horizontal shift of light ink on dark for each pixel upwards (N,), right is positive."""
    vertical, _, mixed = _moments(luma(pictures))
    return -mixed / vertical.clamp(min=_TINY)


def size(pictures: Tensor) -> Tensor:
    """Root mean square distance of light ink from its centre (N,), in pixels."""
    vertical, horizontal, _ = _moments(luma(pictures))
    return (vertical + horizontal).sqrt()


def stroke_width(pictures: Tensor) -> Tensor:
    """Twice the area of light ink over the length of its outline (N,), in pixels: the width of a long stroke."""
    ink = luma(pictures)
    down, right = ink.diff(dim=1)[:, :, :-1], ink.diff(dim=2)[:, :-1]
    outline = (down.square() + right.square()).sqrt().sum((1, 2))
    return 2 * ink.sum((1, 2)) / outline.clamp(min=_TINY)


Attribute = Callable[[Tensor], Tensor]
COLOURED: Mapping[str, Attribute] = {
    "brightness": brightness,
    "contrast": contrast,
    "hue, warm": warmth,
    "hue, green": greenness,
    "light on dark": polarity,
}
"""Of pictures with three channels."""

INKED: Mapping[str, Attribute] = {"slant": slant, "stroke width": stroke_width, "size": size, "brightness": brightness}
"""Of light ink on dark, one channel."""


def attributes_of(n_channels: int) -> Mapping[str, Attribute]:
    """Attributes that are measured on pictures of so many channels."""
    return COLOURED if n_channels == len(_LUMA) else INKED


class Named(NamedTuple):
    """Effect of a direction.

    Attributes:
        name: The attribute that moves with it; None where none does.
        correlation: Of that attribute with the amount moved, the strongest found even where there is no name.
    """

    name: str | None
    correlation: float


def choose_names(attributes: tuple[str, ...], correlations: Tensor, least: float = LEAST) -> tuple[Named, ...]:
    """Give each direction the attribute that moves with it most; no attribute names two directions.

    Args:
        attributes: Names of ``m`` attributes.
        correlations: Of each with the amount that each of ``k`` directions is moved, ``(k, m)``.
        least: Smallest size of a correlation that gives a name.
    """
    size, taken = correlations.abs(), set[int]()
    chosen: dict[int, int] = {}
    for place in size.flatten().argsort(descending=True).tolist():
        direction, attribute = divmod(place, len(attributes))
        if float(size[direction, attribute]) < least:
            break
        if direction not in chosen and attribute not in taken:
            chosen[direction] = attribute
            taken.add(attribute)
    strongest = [float(row[row.abs().argmax()]) for row in correlations]
    return tuple(
        Named(attributes[chosen[i]], float(row[chosen[i]])) if i in chosen else Named(None, strongest[i])
        for i, row in enumerate(correlations)
    )


def move(latents: Latents, vectors: Tensor, *, factor: str) -> Latents:
    """Z of every sample moved along every direction by each of ``AMOUNTS``.

    Args:
        latents: ``N`` samples.
        vectors: Directions ``(k, d)``.
        factor: ``"y"`` or a modality, for its Z_a.

    Returns:
        ``k * N * len(AMOUNTS)`` samples, in this order.

    Raises:
        ValueError: If there are no samples, the factor is unknown, or the directions are not of its size.
    """
    latents.check_names((factor,))
    block = latents.blocks()[factor]
    if len(block) == 0:
        raise ValueError("latents: expected at least 1 sample, got none")
    if vectors.ndim != 2 or vectors.shape[1] != block.shape[1]:
        raise ValueError(f"vectors: expected shape (k, {block.shape[1]}), got {tuple(vectors.shape)}")
    amounts = torch.tensor(AMOUNTS, dtype=block.dtype)
    moved = block[None, :, None] + amounts[:, None] * vectors[:, None, None]  # (k, N, amounts, d)
    rows = torch.arange(len(block)).repeat_interleave(len(AMOUNTS)).repeat(len(vectors))
    return latents[rows].replace(**{factor: moved.flatten(0, 2)})


def correlate(measured: Tensor) -> Tensor:
    """Correlate what was measured with the amount moved, within samples.

    The mean of each sample and direction is taken off first, so that only what moving does is counted, not what samples
    differ in.

    Args:
        measured: ``(k, N, len(AMOUNTS), m)``: ``m`` numbers of each picture that :func:`move` leads to.

    Returns:
        ``(k, m)`` in [-1, 1]; 0 of what never changes.
    """
    centred = measured.double() - measured.double().mean(2, keepdim=True)
    amounts = torch.tensor(AMOUNTS, dtype=torch.float64)[:, None]
    together = (centred * amounts).sum((1, 2))
    spread = (centred.square().sum((1, 2)) * measured.shape[1] * amounts.square().sum()).sqrt()
    return torch.where(spread > _TINY, together / spread.clamp(min=_TINY), 0.0).clamp(-1, 1)


def name_styles(model: MFM, latents: Latents, vectors: Tensor, *, modality: str) -> tuple[Named, ...]:
    """Name directions of one modality's Z_a by the attributes of its pictures.

    Args:
        model: An MFM of images.
        latents: ``N`` samples to start from.
        vectors: Directions ``(k, d_a)``.
        modality: Its name.

    Raises:
        ValueError: If the modality is no image of the model's, or the samples or directions are not as said.
    """
    if modality not in model.config.images:
        raise ValueError(f"modality: expected an image modality of {', '.join(model.modalities)}, got {modality!r}")
    attributes = attributes_of(model.config.images[modality].shape[0])
    with torch.inference_mode():
        pictures = model.decode(move(latents, vectors, factor=modality)).modalities[modality]
        measured = torch.stack([measure(pictures) for measure in attributes.values()], dim=1)
    shaped = measured.view(len(vectors), len(latents), len(AMOUNTS), len(attributes))
    return choose_names(tuple(attributes), correlate(shaped))


def name_labels(model: MFM, latents: Latents, vectors: Tensor, least: float = LEAST) -> tuple[Named, ...]:
    """Name directions of Z_y by the class whose logit D(G_y(Z_y)) falls most along them and the one that rises most.

    Args:
        model: A model whose label is one of several classes.
        latents: ``N`` samples to start from.
        vectors: Directions ``(k, d_y)``.
        least: Smallest size of a correlation that gives a name.

    Raises:
        ValueError: If the label is no class, or the samples or directions are not as said.
    """
    if model.config.label.kind != "classes":
        raise ValueError(f"model: expected a label of kind 'classes', got {model.config.label.kind!r}")
    with torch.inference_mode():
        logits = model.decide(move(latents, vectors, factor="y").y)
    shaped = logits.view(len(vectors), len(latents), len(AMOUNTS), -1)
    slopes = (shaped * torch.tensor(AMOUNTS, dtype=logits.dtype)[:, None]).sum((1, 2))  # (k, n_labels), up to a factor
    named = []
    for i, slope in enumerate(slopes):
        low, high = int(slope.argmin()), int(slope.argmax())
        between = shaped[[i], :, :, high] - shaped[[i], :, :, low]
        correlation = float(correlate(between[..., None]))
        named.append(Named(f"{low} to {high}" if correlation >= least else None, correlation))
    return tuple(named)
