"""The memory fusion network, against the equations of its paper."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mfm_core.systems.mfn import LabelledMemoryFusion, MFNConfig
from tests.systems.oracle import SPEC, dense, gated, randomised, real, sequences


@pytest.mark.parametrize("training", [True, False])
def test_it_is_what_the_equations_say(training: bool) -> None:
    widths = {"words": 4, "tone": 3, "items": 2}
    config = MFNConfig(hidden=widths, memory=3, attention=5, candidate=6, gate=2, head=4, dropout=0)
    network = randomised(LabelledMemoryFusion(config, SPEC)).train(training)
    fusion, (inputs, mask), wanted = network.fusion, sequences(), list[Tensor]()
    for sample in range(len(mask)):
        hidden = [torch.zeros(widths[name]).double() for name in inputs]
        cell, memory = [h.clone() for h in hidden], torch.zeros(config.memory).double()
        for step in zip(*(real(x, mask, sample) for x in inputs.values()), strict=True):
            before = torch.cat(cell)
            for m, (view, x) in enumerate(zip(fusion.views.values(), step, strict=True)):
                gates = view.read.weight @ x + view.read.bias + view.step.weight @ hidden[m]
                hidden[m], cell[m] = gated(gates, cell[m])
            both = torch.cat([before, *cell])
            scores = dense(fusion.attend, both)
            attended = both * torch.exp(scores) / torch.exp(scores).sum()
            kept, added = (torch.sigmoid(dense(gate, torch.cat([attended, memory]))) for gate in fusion.gates)
            memory = kept * memory + added * torch.tanh(dense(fusion.propose, attended))
        wanted.append(torch.cat([*hidden, memory]))
    torch.testing.assert_close(network.last(inputs, mask), torch.stack(wanted))
    torch.testing.assert_close(network(inputs, mask), torch.stack([dense(network.head, x) for x in wanted]))


def test_widths_are_of_the_modalities() -> None:
    with pytest.raises(ValueError, match="hidden: expected widths of words, tone, items, got those of words, sound"):
        LabelledMemoryFusion(MFNConfig(hidden={"words": 4, "sound": 3}), SPEC)
