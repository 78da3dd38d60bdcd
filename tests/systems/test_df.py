"""Deep fusion: unimodal networks learn what they would alone, and only their decisions are fused."""

from __future__ import annotations

import pytest
import torch

from mfm_core.config import LabelConfig
from mfm_core.systems.df import DF, DeepFusion, DFConfig
from tests.systems.oracle import SPEC, dense, randomised, real, sequences


@pytest.mark.parametrize("kind", ["classes", "scores"])
def test_it_is_what_the_equations_say(kind: str) -> None:
    spec = SPEC.model_copy(update={"label": LabelConfig(kind=kind, size=3)})
    network = randomised(DeepFusion(DFConfig(hidden=5, fused=4), spec))
    (inputs, mask), wanted = sequences(), []
    for sample in range(len(mask)):
        decided = []
        for single, x in zip(network.single, inputs.values(), strict=True):
            unit = torch.stack(real(x, mask, sample)).mean(0)
            first, second, last = single[0], single[3], single[6]
            for layer in (first, second):
                unit = torch.clamp(layer.weight @ unit + layer.bias, min=0)
            unit = last.weight @ unit + last.bias
            decided.append(torch.exp(unit) / torch.exp(unit).sum() if kind == "classes" else unit)
        wanted.append(dense(network.fuse, torch.cat(decided)))
    torch.testing.assert_close(network(inputs, mask), torch.stack(wanted))


def test_the_fusion_teaches_the_unimodal_networks_nothing() -> None:
    network = randomised(DeepFusion(DFConfig(hidden=5, fused=4), SPEC))
    inputs, mask = sequences()
    network(inputs, mask).square().sum().backward()
    assert all(parameter.grad is None for parameter in network.single.parameters())
    assert all(float(parameter.grad.abs().sum()) > 0 for parameter in network.fuse.parameters())
    DF.extra_cost(DFConfig(), network, inputs, mask, torch.tensor([0, 1, 2, 0, 1])).backward()
    assert all(float(parameter.grad.abs().sum()) > 0 for parameter in network.single.parameters())
