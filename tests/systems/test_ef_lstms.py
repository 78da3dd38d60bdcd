"""Early-fusion LSTMs, against their equations written out for one sample and one step at a time."""

from __future__ import annotations

import pytest
import torch

from mfm_core.systems.registry import find_system
from tests.systems.oracle import SPEC, both_ways, dense, randomised, real, run, sequences


@pytest.mark.parametrize(
    ("name", "layers", "bidirectional"),
    [("ef_lstm", 1, False), ("ef_slstm", 2, False), ("ef_blstm", 1, True), ("ef_sblstm", 2, True)],
)
@pytest.mark.parametrize("training", [True, False])
def test_it_is_what_the_equations_say(name: str, layers: int, bidirectional: bool, training: bool) -> None:
    system = find_system(name)
    network = randomised(system.build(system.Config(hidden=5, head=4, dropout=0), SPEC)).train(training)
    inputs, mask = sequences()
    assert len(network.recurrence.layers) == layers
    wanted = []
    for sample in range(len(mask)):
        states = [torch.cat(step) for step in zip(*(real(x, mask, sample) for x in inputs.values()), strict=True)]
        for layer in network.recurrence.layers:
            if bidirectional:
                states, last = both_ways(*layer, states)
            else:
                states = run(*layer, states)
                last = states[-1]
        wanted.append(dense(network.head, last))
    torch.testing.assert_close(network(inputs, mask), torch.stack(wanted))
