"""Exact inference in chains of hidden states: forward-backward in log space, for many chains and samples at once.

A chain gives states ``h_1 … h_T`` the potential ``sum_t nodes[t, h_t] + sum_t edges[h_t, h_t+1]``. Each step multiplies
by one matrix: ``log(exp(a) @ exp(edges))`` with the largest of each taken out before and added after, so
that no number overflows. States that are less likely than the best of their step by more than 80 nats count as that.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from mfm_core.printing import short_repr


class Beliefs(NamedTuple):
    """Result of forward-backward.

    Attributes:
        log_partition: Log of the sum of the exponentiated potentials of all sequences of states, ``(B, N)``; 0 without
            real steps.
        marginals: Probability of each state at each real step, ``(B, N, T, S)``; 0 at padded ones.
    """

    log_partition: Tensor
    marginals: Tensor

    def __repr__(self) -> str:
        return short_repr(self)


def log_partition(nodes: Tensor, edges: Tensor, mask: Tensor) -> Tensor:
    """Sum over all sequences of states, in log space; its gradient are the expected counts of forward-backward.

    Args:
        nodes: Potentials of ``B`` chains over the steps of ``N`` samples, ``(B, N, T, S)``.
        edges: Potentials of a step from one state (row) to the next (column), ``(B, S, S)``.
        mask: Which steps are real, with the real ones in front, boolean ``(1 or B, N, T)``.

    Returns:
        ``(B, N)``; 0 for a sample without real steps.
    """
    return _LogPartition.apply(nodes, edges, mask)  # type: ignore[no-any-return, no-untyped-call]


@torch.no_grad()
def forward_backward(nodes: Tensor, edges: Tensor, mask: Tensor) -> Beliefs:
    """The partition function and all marginals, without a gradient; arguments as of :func:`log_partition`."""
    alphas, total = _forward(nodes, edges, mask)
    return Beliefs(total, _marginals(alphas, _backward(nodes, edges, mask), total, mask))


def _transitions(edges: Tensor) -> tuple[Tensor, Tensor]:
    """Exponentiated with the largest taken out, ``(B, S, S)``, and that, ``(B, 1, 1)``."""
    top = edges.amax(dim=(1, 2), keepdim=True)
    return (edges - top).exp(), top


def _step(log: Tensor, transitions: Tensor, top: Tensor) -> Tensor:
    """``log(exp(log) @ exp(edges))``, ``(B, N, S)``."""
    largest = log.amax(dim=2, keepdim=True)
    summed = torch.bmm((log - largest).exp_(), transitions)
    return summed.clamp_min_(torch.finfo(log.dtype).tiny).log_().add_(largest + top)


def _forward(nodes: Tensor, edges: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Log potentials of all beginnings, by their last state, ``(T, B, N, S)``, and the partition function."""
    transitions, top = _transitions(edges)
    alpha = nodes[:, :, 0]
    alphas = [alpha]
    whole = mask.all(dim=(0, 1)).tolist()
    for t in range(1, nodes.shape[2]):
        longer = _step(alpha, transitions, top) + nodes[:, :, t]
        alpha = longer if whole[t] else torch.where(mask[:, :, t, None], longer, alpha)
        alphas.append(alpha)
    return torch.stack(alphas), torch.where(mask[:, :, 0], alpha.logsumexp(2), 0)


def _backward(nodes: Tensor, edges: Tensor, mask: Tensor) -> Tensor:
    """Log potentials of all that follows a state, ``(T, B, N, S)``; 0 where nothing does."""
    transitions, top = _transitions(edges.transpose(1, 2))
    beta = torch.zeros_like(nodes[:, :, 0])
    betas = [beta]
    whole = mask.all(dim=(0, 1)).tolist()
    for t in range(nodes.shape[2] - 1, 0, -1):
        longer = _step(nodes[:, :, t] + beta, transitions, top)
        beta = longer if whole[t] else torch.where(mask[:, :, t, None], longer, beta)
        betas.append(beta)
    return torch.stack(betas[::-1])


def _marginals(alphas: Tensor, betas: Tensor, total: Tensor, mask: Tensor) -> Tensor:
    likely = (alphas + betas - total.unsqueeze(2)).permute(1, 2, 0, 3)  # (B, N, T, S)
    return torch.where(mask.unsqueeze(3), likely.exp(), 0)


class _LogPartition(torch.autograd.Function):
    """The partition function, whose gradient are marginals: autograd need not go back through every step."""

    @staticmethod
    def forward(ctx: Any, nodes: Tensor, edges: Tensor, mask: Tensor) -> Tensor:  # noqa: ANN401
        alphas, total = _forward(nodes, edges, mask)
        ctx.save_for_backward(nodes, edges, mask, alphas, total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:  # noqa: ANN401
        nodes, edges, mask, alphas, total = ctx.saved_tensors
        gradient = gradients[0]  # (B, N)
        betas = _backward(nodes, edges, mask)
        of_nodes = _marginals(alphas, betas, total, mask) * gradient[:, :, None, None]
        # Expected transitions: alpha of a step, the edge, and node and beta of the next step.
        transitions, top = _transitions(edges)
        after = nodes.permute(2, 0, 1, 3)[1:] + betas[1:]  # (T - 1, B, N, S)
        of_before, of_after = alphas[:-1].amax(3, keepdim=True), after.amax(3, keepdim=True)
        scale = (of_before + of_after + top - total.unsqueeze(2)).clamp_max(80).exp()
        real = mask.permute(2, 0, 1)[1:].unsqueeze(3)
        weights = torch.where(real, scale * gradient.unsqueeze(2), 0)
        before, after = (alphas[:-1] - of_before).exp(), (after - of_after).exp() * weights
        counts = torch.bmm(before.permute(1, 3, 2, 0).flatten(2), after.permute(1, 2, 0, 3).flatten(1, 2))
        return of_nodes, transitions * counts, None
