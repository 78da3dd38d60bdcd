"""The multi-view LSTM, against the equations of its paper, view by view."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mfm_core.systems.mv_lstm import MultiViewLSTM, MVLSTMConfig
from tests.systems.oracle import SPEC, dense, gated, randomised, real, sequences


def by_the_equations(network: MultiViewLSTM, inputs: dict[str, Tensor], mask: Tensor, sample: int) -> Tensor:
    """Each view's gates read its own input, alpha of its own hidden units and beta of every other view's."""
    size, views = network.hidden, len(inputs)
    weight = network.step.weight.view(4, views, size, views, size)  # gate, view, unit, view that is read, unit
    hidden = [torch.zeros(size).double() for _ in range(views)]
    cell = [h.clone() for h in hidden]
    for step in zip(*(real(x, mask, sample) for x in inputs.values()), strict=True):
        before = [h.clone() for h in hidden]
        for v, x in enumerate(step):
            gates = network.read[v].weight @ x + network.read[v].bias
            for other in range(views):
                share = network.alpha if other == v else network.beta
                units = math.ceil(share * size)
                read = weight[:, v, :, other, :units].reshape(4 * size, units)
                gates = gates + read @ before[other][:units]
            hidden[v], cell[v] = gated(gates, cell[v])
    return torch.cat(hidden)


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.7, 0.4)])
@pytest.mark.parametrize("training", [True, False])
def test_it_is_what_the_equations_say(alpha: float, beta: float, training: bool) -> None:
    config = MVLSTMConfig(hidden=5, head=4, dropout=0, alpha=alpha, beta=beta)
    network = randomised(MultiViewLSTM(config, SPEC)).train(training)
    inputs, mask = sequences()
    last = [by_the_equations(network, inputs, mask, sample) for sample in range(len(mask))]
    torch.testing.assert_close(network.last(inputs, mask), torch.stack(last))
    torch.testing.assert_close(network(inputs, mask), torch.stack([dense(network.head, x) for x in last]))


def test_views_that_are_not_coupled_do_not_read_each_other() -> None:
    network = randomised(MultiViewLSTM(MVLSTMConfig(hidden=5, beta=0), SPEC))
    inputs, mask = sequences()
    changed = network.last(inputs | {"tone": 2 * inputs["tone"]}, mask) != network.last(inputs, mask)
    assert changed.any(0).tolist() == [False] * 5 + [True] * 5 + [False] * 5
