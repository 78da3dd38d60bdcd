"""Hidden Markov models with diagonal normal emissions, one a label: Baum-Welch in log space, for all at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mfm_core.printing import short_repr
from mfm_core.systems.parts.chains import Beliefs, forward_backward, log_partition

VARIANCE_FLOOR = 1e-2
PRIOR_STEPS = 5.0
"""Steps of the standardised data (mean 0, variance 1) that every state counts as seen, and pseudo-counts of transitions
and starts are 1 over the number of states: what keeps states of few steps sensible."""


@dataclass(frozen=True)
class GaussianHmms:
    """Parameters of ``K`` models of ``H`` states over ``D`` features, in float64.

    Attributes:
        start: Log probabilities of the first state, ``(K, H)``.
        transitions: Log probabilities of the next state (column), ``(K, H, H)``.
        means: ``(K, H, D)``.
        variances: ``(K, H, D)``.
    """

    start: Tensor
    transitions: Tensor
    means: Tensor
    variances: Tensor

    __repr__ = short_repr


def beliefs(models: GaussianHmms, x: Tensor, seen: Tensor, mask: Tensor) -> Beliefs:
    """Log likelihoods ``(K, N)`` of sequences and marginals of their states ``(K, N, T, H)``.

    Args:
        models: The models.
        x: Standardised features, real steps in front, ``(N, T, D)`` float64.
        seen: Which features a sample has, ``(N, D)`` float64 of 0 and 1: those of a missing modality are summed out.
        mask: Real steps, boolean ``(N, T)``.
    """
    nodes = emissions(models, x, seen)
    nodes[:, :, 0] += models.start.unsqueeze(1)
    return forward_backward(nodes, models.transitions, mask.unsqueeze(0))


def emissions(models: GaussianHmms, x: Tensor, seen: Tensor) -> Tensor:
    """Log densities of each state, ``(K, N, T, H)``."""
    k, h, d = models.means.shape
    precision = (1 / models.variances).reshape(k * h, d).T  # (D, K H)
    mean = models.means.reshape(k * h, d).T
    visible = seen.unsqueeze(1)
    quadratic = (visible * x.square()) @ precision - 2 * (visible * x) @ (mean * precision)
    constant = seen @ (mean.square() * precision - precision.log() + math.log(2 * math.pi))  # (N, K H)
    return (-0.5 * (quadratic + constant.unsqueeze(1))).reshape(*x.shape[:2], k, h).permute(2, 0, 1, 3).contiguous()


def start_models(
    x: Tensor, seen: Tensor, mask: Tensor, weights: Tensor, states: int, generator: torch.Generator
) -> GaussianHmms:
    """Models whose states begin as clusters of the steps of their samples: k-means++ centres, refined five times.

    Args:
        x: ``(N, T, D)``.
        seen: ``(N, D)``.
        mask: ``(N, T)``.
        weights: How much each sample counts for each model, ``(K, N)``.
        states: Number of states.
        generator: Of the choice of centres.
    """
    steps, owner = x[mask], torch.arange(len(x)).repeat_interleave(mask.sum(1))
    centres = []
    for of_model in weights:
        count = of_model[owner]
        chosen: list[Tensor] = []
        distance = torch.ones_like(count)
        for _ in range(states):
            chance = count * distance
            chance = chance if float(chance.sum()) > 0 else torch.ones_like(count)
            chosen.append(steps[torch.multinomial(chance, 1, generator=generator)])
            distance = torch.cdist(steps, torch.cat(chosen)).square().amin(1)
        centre = torch.cat(chosen)
        for _ in range(5):
            nearest = torch.cdist(steps, centre).argmin(1)
            member = torch.nn.functional.one_hot(nearest, states).double() * count.unsqueeze(1)
            size = member.sum(0).unsqueeze(1)
            centre = torch.where(size > 0, member.T @ steps / size.clamp_min(1e-12), centre)
        centres.append(centre)
    means = torch.stack(centres)
    k, d = len(weights), x.shape[2]
    even = torch.full((k, states), -math.log(states), dtype=torch.float64)
    return GaussianHmms(
        even, even.unsqueeze(1).expand(-1, states, -1).clone(), means, torch.ones(k, states, d).double()
    )


def baum_welch(
    models: GaussianHmms, x: Tensor, seen: Tensor, mask: Tensor, weights: Tensor, prior: float = PRIOR_STEPS
) -> tuple[GaussianHmms, Tensor]:
    """One step of expectation and maximisation.

    Args:
        models: Before the step.
        x: ``(N, T, D)`` float64.
        seen: ``(N, D)``.
        mask: ``(N, T)``.
        weights: How much each sample counts for each model, ``(K, N)`` float64.
        prior: Steps of the standardised data that every state counts as seen; 0 for plain maximum likelihood.

    Returns:
        The models after it, and the weighted log likelihood of each model before it, ``(K,)``.
    """
    nodes = emissions(models, x, seen)
    nodes[:, :, 0] += models.start.unsqueeze(1)
    nodes.requires_grad_()
    edges = models.transitions.clone().requires_grad_()
    likelihood = (log_partition(nodes, edges, mask.unsqueeze(0)) * weights).sum(1)
    counts, moves = torch.autograd.grad(likelihood.sum(), (nodes, edges))  # expected, weighted: (K, N, T, H), (K, H, H)
    k, h, d = models.means.shape
    even = prior / h if prior else 0.0
    start = counts[:, :, 0].sum(1) + min(even, 1 / h)
    moves = moves + min(even, 1 / h)
    of_steps = counts.permute(0, 3, 1, 2).reshape(k * h, -1)  # (K H, N T)
    flat = x.reshape(-1, d)
    there = seen.unsqueeze(1).expand_as(x).reshape(-1, d)
    total = of_steps @ there + prior
    means = (of_steps @ (there * flat)) / total.clamp_min(1e-12)
    squares = (of_steps @ (there * flat.square()) + prior) / total.clamp_min(1e-12)
    variances = (squares - means.square()).clamp_min(VARIANCE_FLOOR)
    after = GaussianHmms(_log_shares(start), _log_shares(moves), means.reshape(k, h, d), variances.reshape(k, h, d))
    return after, likelihood.detach()


def _log_shares(counts: Tensor) -> Tensor:
    return (counts.clamp_min(1e-300) / counts.sum(-1, keepdim=True).clamp_min(1e-300)).log()


def fit_models(
    x: Tensor,
    seen: Tensor,
    mask: Tensor,
    weights: Tensor,
    states: int,
    iterations: int,
    generator: torch.Generator,
) -> tuple[GaussianHmms, Sequence[float]]:
    """Start and iterate until the likelihood grows by less than 1e-4 of a nat a sample.

    Returns:
        The models, and the log likelihood of all before each iteration.
    """
    models = start_models(x, seen, mask, weights, states, generator)
    history: list[float] = []
    for _ in range(iterations):
        models, likelihood = baum_welch(models, x, seen, mask, weights)
        history.append(float(likelihood.sum()))
        if len(history) > 1 and history[-1] - history[-2] < 1e-4 * float(weights.sum()):
            break
    return models, history
