"""The directions of every block of Z that sliders offer: ranked by effect, named by what measurably moves with them."""

from __future__ import annotations

from typing import NamedTuple

import torch

from mfm_core.directions import Directions, directions
from mfm_core.interpretation.picture_attributes import Named, name_labels, name_styles
from mfm_core.latents import Latents
from mfm_core.model import MFM

SAMPLES = 24


class NamedDirections(NamedTuple):
    """Directions of one block, the strongest first.

    Attributes:
        directions: Each points to where its attribute rises.
        names: What each does.
    """

    directions: Directions
    names: tuple[Named, ...]


def named_directions(model: MFM, latents: Latents, *, factor: str, n_directions: int) -> NamedDirections:
    """Rank the directions of a block and name them.

    A style is ranked around the given samples. Z_y is ranked where the prior draws it: around the code of a real pair
    the decoders take every Z_y of one digit for the same, and nothing would be seen.

    Args:
        model: An MFM of images.
        latents: Samples to start from; the first ``SAMPLES`` are used.
        factor: ``"y"`` or a modality, for its Z_a.
        n_directions: How many; at most the size of the block.

    Raises:
        ValueError: If the samples, the factor or the number are not as said.
    """
    at = latents[:SAMPLES]
    if factor == "y":
        drawn = model.sample(len(at), generator=torch.Generator().manual_seed(0))
        at = at.replace(y=drawn.y)
    ranked = directions(model, at, factor=factor, n_directions=n_directions)
    if factor != "y":
        names = name_styles(model, at, ranked.vectors, modality=factor)
    elif model.config.label.kind == "classes":
        names = name_labels(model, at, ranked.vectors)
    else:
        names = tuple(Named(None, 0.0) for _ in range(n_directions))
    signs = torch.tensor([-1.0 if named.correlation < 0 else 1.0 for named in names])
    turned = Directions(ranked.vectors * signs[:, None], ranked.effects)
    return NamedDirections(turned, tuple(Named(named.name, abs(named.correlation)) for named in names))
