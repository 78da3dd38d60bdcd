"""The bidirectional contextual LSTM, against its equations written out for one sample and one step at a time."""

from __future__ import annotations

import pytest
import torch

from mfm_core.systems.bc_lstm import BCLSTMConfig, ContextualLSTMs
from tests.systems.oracle import SPEC, both_ways, dense, randomised, real, sequences


@pytest.mark.parametrize("training", [True, False])
def test_it_is_what_the_equations_say(training: bool) -> None:
    config = BCLSTMConfig(hidden=3, features=4, fused=5, head=4, dropout=0)
    network = randomised(ContextualLSTMs(config, SPEC)).train(training)
    inputs, mask = sequences()
    wanted = []
    for sample in range(len(mask)):
        features = []
        for m, x in enumerate(inputs.values()):
            states, _ = both_ways(*network.contexts[m].layers[0], real(x, mask, sample))
            features.append([torch.tanh(network.dense[m].weight @ h + network.dense[m].bias) for h in states])
        fused = [torch.cat(step) for step in zip(*features, strict=True)]
        wanted.append(dense(network.head, both_ways(*network.fusion.layers[0], fused)[1]))
    torch.testing.assert_close(network(inputs, mask), torch.stack(wanted))
