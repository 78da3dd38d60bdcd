"""Terms added to Eq. 4 on sequences, because without them each Z_a of a video tells its score too.

What one modality alone tells of the score is known while training: it is what the surrogate for that modality makes of
it, an estimate of E[score | X_i]. Were that number independent of Z_a, the score could not be predicted from Z_a, for
Z_a is a function of X_i. An adversary reads it from Z_a as well as it can, and the encoder pays for the share of the
score's variance that it reads. And a video is decoded with the Z_y of another one whose modalities tell nearly the
same, so that Z_y has nothing else to tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from mfm_core.config import Config, Share, Weight
from mfm_core.networks.fully_connected import fully_connected

LEAST_VARIANCE = 1e-6


class SequenceTerms(Config):
    """Weights of the terms added to Eq. 4 on sequences of which the label is a single score; 0 leaves one out.

    Attributes:
        adversary: Share of the score's variance that a network reads from each Z_a, summed over modalities.
        adversary_steps: Optimiser steps of that network for each of the model's.
        adversary_hidden: Width of its two hidden layers.
        adversary_rate: Its learning rate.
        neighbour: How often a video is decoded with the Z_y of the one nearest to it in what its modalities tell of
            the score, each alone.
    """

    adversary: Weight = 0.0
    adversary_steps: Annotated[int, Field(ge=1, le=20)] = 2
    adversary_hidden: Annotated[int, Field(gt=0, le=1024)] = 64
    adversary_rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    neighbour: Share = 0.0

    @property
    def any(self) -> bool:
        """Whether there is any."""
        return bool(self.adversary or self.neighbour)


class Adversary(nn.Module):
    """A network for each modality that reads from Z_a what the modality tells of the score.

    Args:
        sizes: Size of each Z_a.
        hidden: Width of its two hidden layers.
    """

    def __init__(self, sizes: Mapping[str, int], hidden: int) -> None:
        super().__init__()
        self.networks = nn.ModuleDict({name: fully_connected(d, hidden, hidden, 1) for name, d in sizes.items()})

    def forward(self, styles: Mapping[str, Tensor]) -> Tensor:
        """Z_a of each modality ``(N, d_a)`` -> ``(N, M)``."""
        return torch.cat([network(styles[name]) for name, network in self.networks.items()], dim=1)


def train_adversary(
    adversary: Adversary, optimizer: torch.optim.Optimizer, styles: Mapping[str, Tensor], single: Tensor, steps: int
) -> None:
    """Let the adversary learn to read ``single``, standardised, from Z_a.

    Args:
        adversary: The networks.
        optimizer: Theirs.
        styles: Z_a of each modality, ``(N, d_a)``; they are not trained.
        single: Score as each modality alone tells it, ``(N, M)``.
        steps: How many.
    """
    fixed = {name: z.detach() for name, z in styles.items()}
    wanted = standardised(single)
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward((adversary(fixed) - wanted).square().mean(0).sum())
        optimizer.step()


def leak_cost(adversary: Adversary, styles: Mapping[str, Tensor], single: Tensor, scores: Tensor) -> Tensor:
    """The share of the score's variance that the adversary reads from each Z_a, summed over modalities.

    The squared correlation of what it reads with what the modality tells, times the share of the score's variance that
    the modality tells. Being bounded, it asks the encoder to tell nothing, rather than to mislead.

    Args:
        adversary: The networks as they are now; they are not trained, and may be, before the cost is differentiated.
        styles: Z_a of each modality, ``(N, d_a)``.
        single: Score as each modality alone tells it, ``(N, M)``.
        scores: ``(N,)``.
    """
    weights = {name: weight.detach().clone() for name, weight in adversary.named_parameters()}
    read = standardised(torch.func.functional_call(adversary, weights, (styles,)))
    squared = (read * standardised(single)).mean(0).square()
    share = (single.var(0, correction=0) / scores.var(correction=0).clamp_min(LEAST_VARIANCE)).clamp_max(1)
    return (squared * share).sum()


def standardised(x: Tensor) -> Tensor:
    """Columns of mean 0 and variance 1, ``(N, M)``."""
    centred = x - x.mean(0)
    return centred / centred.square().mean(0).clamp_min(LEAST_VARIANCE).sqrt()


def nearest(single: Tensor) -> Tensor:
    """Of each video the index of the other one whose modalities tell most nearly the same, ``(N, M)`` -> ``(N,)``."""
    distances = torch.cdist(single, single)
    return distances.fill_diagonal_(torch.inf).argmin(dim=1)
