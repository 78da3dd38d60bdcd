"""Shared by tests of recurrent networks: inputs with padding anywhere, and an LSTM step written out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mfm_core.config import LabelConfig
from mfm_core.networks.lstm import LSTM
from mfm_core.systems.base import DataSpec, StreamSpec

WIDTHS = {"words": 4, "tone": 3, "items": 2}
SPEC = DataSpec(
    streams={name: StreamSpec(kind="sequence", shape=(d,)) for name, d in WIDTHS.items()},
    label=LabelConfig(kind="classes", size=3),
)
N, LENGTH = 5, 6


def sequences() -> tuple[dict[str, Tensor], Tensor]:
    """Three streams in float64, with NaN in the padding, which stands before, between and behind real steps."""
    generator = torch.Generator().manual_seed(0)
    mask = torch.rand(N, LENGTH, generator=generator) < 0.6
    mask[0], mask[1, :2], mask[1, 2] = True, False, True
    assert bool(mask.any(1).all())
    assert not bool(mask.all())
    inputs = {}
    for name, d in WIDTHS.items():
        x = torch.randn(N, LENGTH, d, generator=generator, dtype=torch.float64)
        inputs[name] = torch.where(mask.unsqueeze(2), x, torch.nan)
    return inputs, mask


def randomised(network: nn.Module) -> nn.Module:
    """The network in float64 and in evaluation mode, every weight and bias of it drawn anew."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.double().parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / parameter.shape[-1] ** 0.5)
    return network.eval()


def real(x: Tensor, mask: Tensor, sample: int) -> list[Tensor]:
    """The real steps of one sample, in order."""
    return [x[sample, t] for t in mask[sample].nonzero().flatten().tolist()]


def gated(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Hidden state and cell after one step, of what the gates i, f, g, o read: the equations of the LSTM."""
    i, f, g, o = gates.chunk(4)
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


def run(lstm: LSTM, steps: list[Tensor]) -> list[Tensor]:
    """Hidden states of an LSTM after each step."""
    size = lstm.step.in_features
    hidden, cell, hiddens = torch.zeros(size).double(), torch.zeros(size).double(), []
    for x in steps:
        gates = lstm.read.weight @ x + lstm.read.bias + lstm.step.weight @ hidden
        hidden, cell = gated(gates, cell)
        hiddens.append(hidden)
    return hiddens


def both_ways(forwards: LSTM, backwards: LSTM, steps: list[Tensor]) -> tuple[list[Tensor], Tensor]:
    """Of two LSTMs, the states of both at each step side by side, and the last state of each."""
    ahead, behind = run(forwards, steps), run(backwards, steps[::-1])
    return [torch.cat(pair) for pair in zip(ahead, behind[::-1], strict=True)], torch.cat([ahead[-1], behind[-1]])


def dense(head: nn.Sequential, x: Tensor) -> Tensor:
    """A linear layer, rectified units and a linear layer, whatever dropout stands between them."""
    first, last = (layer for layer in head if isinstance(layer, nn.Linear))
    return last.weight @ torch.clamp(first.weight @ x + first.bias, min=0) + last.bias
