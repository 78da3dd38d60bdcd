"""The multi-attention recurrent network, against the equations of its paper."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mfm_core.systems.marn import MARNConfig, MultiAttentionRecurrence
from tests.systems.oracle import SPEC, dense, gated, randomised, real, sequences


def code_of(network: MultiAttentionRecurrence, hidden: list[Tensor]) -> Tensor:
    """Section 3.2: K attentions over the hidden states of all modalities, C_m of each, and G."""
    block, size, joined = network.block, network.hidden, torch.cat(hidden)
    attend = block.attend.weight.view(block.attentions, len(joined), len(joined))
    bias = block.attend.bias.view(block.attentions, -1)
    attended: list[list[Tensor]] = [[] for _ in hidden]
    for k in range(block.attentions):
        scores = attend[k] @ joined + bias[k]
        weights = torch.exp(scores) / torch.exp(scores).sum()
        for m in range(len(hidden)):
            own = slice(m * size, (m + 1) * size)
            attended[m].append(weights[own] * joined[own] * len(joined))
    reduced = [c.weight @ torch.cat(x) + c.bias for c, x in zip(block.reduce, attended, strict=True)]
    return torch.tanh(dense(block.code, torch.clamp(torch.cat(reduced), min=0)))


@pytest.mark.parametrize("training", [True, False])
def test_it_is_what_the_equations_say(training: bool) -> None:
    config = MARNConfig(hidden=4, attentions=3, reduced=2, code=5, head=4, dropout=0)
    network = randomised(MultiAttentionRecurrence(config, SPEC)).train(training)
    inputs, mask = sequences()
    wanted = []
    for sample in range(len(mask)):
        hidden = [torch.zeros(config.hidden).double() for _ in inputs]
        cell, code = [h.clone() for h in hidden], torch.zeros(config.code).double()
        for step in zip(*(real(x, mask, sample) for x in inputs.values()), strict=True):
            for m, x in enumerate(step):  # section 3.1: LSTHM
                memory = network.memories[m]
                gates = memory.read.weight @ x + memory.read.bias
                gates = gates + memory.step.weight @ hidden[m] + network.read_code[m].weight @ code
                hidden[m], cell[m] = gated(gates, cell[m])
            code = code_of(network, hidden)
        wanted.append(torch.cat([*hidden, code]))
    torch.testing.assert_close(network.last(inputs, mask), torch.stack(wanted))
    torch.testing.assert_close(network(inputs, mask), torch.stack([dense(network.head, x) for x in wanted]))
