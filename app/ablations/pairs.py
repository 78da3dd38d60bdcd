"""Pictures of one held-out pair, or of draws of the prior, through several stored models: the same for all."""

from __future__ import annotations

import torch

import mfm_core as mfm
from app.generate.digit_model import DigitModel
from app.shared import stored_models
from app.shared.picture_grid import PictureGrid, decode_grid, stack
from mfm_core.interpretation.examples import central_samples

DRAWS = 10


def comparable() -> tuple[str, ...]:
    """Stored models of images whose codes are of the same held-out pairs as the first one's, the first in front."""
    names = [name for name in stored_models.image_models() if stored_models.has_codes(name)]
    names = [name for name in names if stored_models.damage(name) is None]
    return tuple(name for name in names if _same_pairs(names[0], name))


def _same_pairs(first: str, other: str) -> bool:
    """Whether the codes of two models are of the same pictures in the same order."""
    one, two = (stored_models.codes(stored_models.stored_as(name)).fingerprints for name in (first, other))
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def donor_pairs(shown: DigitModel) -> tuple[int, ...]:
    """The pair of each digit whose Z_y lies nearest to its digit's mean."""
    return tuple(central_samples(shown.codes.latents.y, shown.codes.labels).tolist())


def in_all_digits(shown: DigitModel, pair: int, donors: tuple[int, ...]) -> PictureGrid:
    """A pair rebuilt, and then with the Z_y of each donor: one row of pictures.

    Args:
        shown: The model.
        pair: The pair that gives every Z_a.
        donors: Pairs that give Z_y.
    """

    def make() -> PictureGrid:
        style = shown.codes.latents[[pair]]
        swapped = mfm.combine(shown.codes.latents[list(donors)], style)
        latents = stack([style, swapped])
        return decode_grid(shown.model, latents, ("",), tuple(map(str, [pair, *donors])), shown.judges)

    return stored_models.kept("one style in all digits", shown.name, make, pair, donors, shown.version)


def drawn_from_prior(shown: DigitModel, draw: int) -> PictureGrid:
    """Pairs decoded from draws of the prior: one row of ``DRAWS`` pictures.

    Args:
        shown: The model.
        draw: Seed of the draws; models of equal sizes decode equal draws.
    """

    def make() -> PictureGrid:
        latents = shown.model.sample(DRAWS, generator=torch.Generator().manual_seed(draw))
        return decode_grid(shown.model, latents, ("",), tuple(map(str, range(1, DRAWS + 1))), shown.judges)

    return stored_models.kept("draws of the prior", shown.name, make, draw, shown.version)
