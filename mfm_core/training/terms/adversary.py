"""An adversary reads from each Z_a of a video what its modality alone tells of the score, and the encoder pays for it.

What one modality alone tells of the score is known while training: it is what the surrogate for that modality makes of
it, an estimate of E[score | X_i]. Were that number independent of Z_a, the score could not be predicted from Z_a, for
Z_a is a function of X_i. An adversary reads it from Z_a as well as it can, and the encoder pays for the share of the
score's variance that it reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from mfm_core.config import ModelConfig
from mfm_core.networks.fully_connected import fully_connected
from mfm_core.training.common import seeded
from mfm_core.training.terms.inputs import Helper, TermInputs
from mfm_core.training.terms.registry import register_term
from mfm_core.training.terms.weights import TermWeights
from mfm_core.training.video_terms import SequenceTerms

LEAST_SCORE_VARIANCE = 1e-6


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
    share = (single.var(0, correction=0) / scores.var(correction=0).clamp_min(LEAST_SCORE_VARIANCE)).clamp_max(1)
    return (squared * share).sum()


def standardised(x: Tensor) -> Tensor:
    """Columns of mean 0 and variance 1, ``(N, M)``."""
    centred = x - x.mean(0)
    return centred / centred.square().mean(0).clamp_min(LEAST_SCORE_VARIANCE).sqrt()


def _build(model: ModelConfig, weights: TermWeights, seed: int) -> Helper:
    """The networks of an adversary for a model, and their optimiser."""
    options = cast(SequenceTerms, weights)
    sizes = {name: modality.d_z for name, modality in model.modalities.items()}
    adversary = seeded(lambda: Adversary(sizes, options.adversary_hidden), seed + 1)
    return adversary, torch.optim.Adam(adversary.parameters(), lr=options.adversary_rate)


@register_term(
    "adversary",
    "a network finds in no Z_a what its modality tells of the score",
    reads=("sequence",),
    label="score",
    helper=_build,
)
def leak(seen: TermInputs) -> Tensor | None:
    """Cost of the score that the adversary, which has not seen these samples in this epoch, reads in each Z_a."""
    if seen.single is None:
        return None
    network, optimizer = seen.helpers["adversary"]
    adversary, single = cast(Adversary, network), seen.single
    styles = {name: z[single.index] for name, z in seen.latents.a.items()}
    cost = leak_cost(adversary, styles, single.score, seen.labels[single.index, 0])
    train_adversary(adversary, optimizer, styles, single.score, cast(SequenceTerms, seen.weights).adversary_steps)
    return cost
