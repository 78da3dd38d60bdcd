"""A swapped picture keeps what its donor of Z_a looks like: colour, contrast, ink and grey."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from mfm_core.training.imagined import SWAPPED
from mfm_core.training.terms.inputs import TermInputs
from mfm_core.training.terms.registry import register_term

LEAST_PICTURE_VARIANCE = 1e-5  # of a mean over a picture, among a batch
STYLE_MOMENTS: tuple[Callable[[Tensor], Tensor], ...] = (lambda x: x, torch.square)
"""Of each channel, what stands for its style: the mean, and the mean square, which counts strokes."""


@register_term(
    "style_kept",
    "colour, contrast and ink of a swapped picture are those of the donor of Z_a",
    reads=("image",),
    label="classes",
    by_modality=True,
    order=100,
)
def style_kept(seen: TermInputs) -> dict[str, Tensor]:
    """See :func:`style_kept_costs`."""
    return style_kept_costs(*seen.once(swapped_pictures))


@register_term(
    "grey_kept",
    "so is how much of it is grey: ink is drawn in strokes, not as a haze",
    reads=("image",),
    label="classes",
    by_modality=True,
    order=110,
)
def grey_kept(seen: TermInputs) -> dict[str, Tensor]:
    """See :func:`grey_kept_costs`: a thin digit that is given much ink draws it, and is not veiled in it."""
    return grey_kept_costs(*seen.once(swapped_pictures))


def swapped_pictures(seen: TermInputs) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Swapped pictures, and those that gave their Z_a."""
    swapped = seen.imagined.kind == SWAPPED
    pictures = seen.drawn.modalities
    return {name: x[swapped] for name, x in pictures.items()}, {name: seen.inputs[name][swapped] for name in pictures}


def style_kept_costs(pictures: Mapping[str, Tensor], donors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Squared difference from the donor of the mean and the mean square of each channel, over their variance.

    The mean alone would let a thin digit gain ink by a grey haze around it; the mean square counts strokes.

    Returns:
        The mean over channels and over the two moments, of each modality.
    """
    mean, square = (_kept(pictures, donors, moment) for moment in STYLE_MOMENTS)
    return {name: (cost + square[name]) / 2 for name, cost in mean.items()}


def grey_kept_costs(pictures: Mapping[str, Tensor], donors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same of the mean of x (1 - x), which is 0 in black and white and varies little among real pictures.

    What :func:`style_kept_costs` leaves of a haze stands out here.
    """
    return _kept(pictures, donors, lambda x: x * (1 - x))


def _kept(
    pictures: Mapping[str, Tensor], donors: Mapping[str, Tensor], moment: Callable[[Tensor], Tensor]
) -> dict[str, Tensor]:
    """Mean over channels of ``(mean(moment(x)) - mean(moment(donor)))^2 / variance``, of each modality.

    0 of fewer than two donors, among which nothing varies.
    """
    costs = {}
    for name, donor in donors.items():
        if len(donor) < 2:
            costs[name] = donor.new_zeros(())
            continue
        found, wanted = (moment(x).mean(dim=(2, 3)) for x in (pictures[name], donor))
        costs[name] = ((found - wanted).square().mean(0) / wanted.var(0).clamp_min(LEAST_PICTURE_VARIANCE)).mean()
    return costs
