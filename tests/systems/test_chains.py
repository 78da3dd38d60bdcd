"""Forward-backward against the enumeration of all sequences of states, and its gradient against finite differences."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from mfm_core.systems.parts.chains import forward_backward, log_partition

LENGTHS = (4, 2, 1, 0)


def chain(states: int, seed: int = 0, chains: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    nodes = 2 * torch.randn(chains, len(LENGTHS), 4, states, generator=generator, dtype=torch.float64)
    edges = 2 * torch.randn(chains, states, states, generator=generator, dtype=torch.float64)
    return nodes, edges, torch.arange(4) < torch.tensor(LENGTHS)[None, :, None]


def enumerated(nodes: Tensor, edges: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Partition function and marginals of one chain and one sample, by all sequences of states."""
    potentials, counts = [], []
    for path in itertools.product(range(nodes.shape[1]), repeat=length):
        potential = sum((nodes[t, h] for t, h in enumerate(path)), torch.tensor(0.0, dtype=torch.float64))
        potentials.append(potential + sum(edges[a, b] for a, b in itertools.pairwise(path)))
        count = torch.zeros_like(nodes)
        for t, h in enumerate(path):
            count[t, h] = 1
        counts.append(count)
    all_potentials = torch.stack(potentials)
    return all_potentials.logsumexp(0), torch.einsum("p,pts->ts", all_potentials.softmax(0), torch.stack(counts))


@pytest.mark.parametrize("states", [1, 2, 3])
def test_it_sums_over_all_sequences_of_states(states: int) -> None:
    nodes, edges, mask = chain(states)
    beliefs = forward_backward(nodes, edges, mask)
    for b, (n, length) in itertools.product(range(2), enumerate(LENGTHS)):
        total, marginals = enumerated(nodes[b, n], edges[b], length)
        assert torch.allclose(beliefs.log_partition[b, n], total)
        assert torch.allclose(beliefs.marginals[b, n], marginals)
    assert torch.equal(log_partition(nodes, edges, mask), beliefs.log_partition)


def test_marginals_of_a_real_step_sum_to_one_and_of_a_padded_one_to_zero() -> None:
    nodes, edges, mask = chain(5, seed=1)
    assert torch.allclose(forward_backward(nodes, edges, mask).marginals.sum(3), mask.double().expand(2, -1, -1))


def test_each_chain_may_have_its_own_steps() -> None:
    nodes, edges, mask = chain(3)
    both = torch.cat([mask, mask.roll(1, dims=1)])
    alone = forward_backward(nodes[1:], edges[1:], both[1:])
    assert torch.allclose(forward_backward(nodes, edges, both).marginals[1:], alone.marginals)


def test_its_gradient_is_that_of_finite_differences() -> None:
    nodes, edges, mask = chain(3)
    inputs = (nodes.requires_grad_(), edges.requires_grad_())
    assert torch.autograd.gradcheck(lambda a, b: log_partition(a, b, mask), inputs)


def test_what_stands_at_padded_steps_does_not_matter() -> None:
    nodes, edges, mask = chain(3)
    changed = torch.where(mask.unsqueeze(3), nodes, 9.0)
    assert torch.equal(log_partition(changed, edges, mask), log_partition(nodes, edges, mask))


def test_large_potentials_neither_overflow_nor_vanish() -> None:
    nodes, edges, mask = chain(3)
    nodes, edges = (200 * nodes).float(), edges.float()
    beliefs = forward_backward(nodes, edges, mask)
    total, _ = enumerated(nodes[0, 0].double(), edges[0].double(), 4)
    assert torch.allclose(beliefs.log_partition[0, 0].double(), total, rtol=1e-5)
    assert torch.allclose(beliefs.marginals.sum(3), mask.float().expand(2, -1, -1), atol=1e-3)
