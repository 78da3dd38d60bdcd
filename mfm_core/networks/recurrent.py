"""Recurrent encoders and decoders for sequences."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from mfm_core.networks.lstm import LSTM, unroll_lstm
from mfm_core.networks.steps import last_real, put_back, to_front


class RecurrentEncoder(nn.Module):
    """Sequence -> vector: an LSTM over the real steps, and a linear layer on its last hidden state.

    Args:
        d_x: Features of a step.
        d_out: Size of the output, and width of the LSTM, as in the published code.
    """

    def __init__(self, d_x: int, d_out: int) -> None:
        super().__init__()
        self.lstm = LSTM(d_x, d_out)
        self.read_out = nn.Linear(d_out, d_out)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, T, d_x) and the real steps (N, T) -> (N, d_out)."""
        hiddens, _ = self.lstm(to_front(x, mask).transpose(0, 1))
        out: Tensor = self.read_out(last_real(hiddens, mask))
        return out


class RecurrentDecoder(nn.Module):
    """[F_a, F_y] -> sequence: an LSTM that reads the code first, then itself, and a linear layer on every hidden state.

    The published code gives an LSTM cell of the code's size the code as its first input and its own hidden state as
    every later one. Both of the cell's matrices then multiply the same vector, so one matrix takes their place.

    Args:
        d_in: Size of the joined factors, and width of the LSTM.
        d_x: Features of a step.
        feedback: ``"hidden"`` as in the published code; ``"output"`` feeds back what was generated as well.
    """

    def __init__(self, d_in: int, d_x: int, feedback: Literal["hidden", "output"] = "hidden") -> None:
        super().__init__()
        self.start = nn.Linear(d_in, 4 * d_in)
        self.step = nn.Linear(d_in, 4 * d_in, bias=False)
        self.feed = nn.Linear(d_x, 4 * d_in, bias=False) if feedback == "output" else None
        self.out = nn.Linear(d_in, d_x)

    def forward(self, factors: Tensor, mask: Tensor) -> Tensor:
        """(N, d_in) and the real steps (N, T) -> (N, T, d_x), exactly 0 where a step is not real."""
        weight: Tensor = self.step.weight
        bias: Tensor = self.start.bias
        if self.feed is not None:  # what is generated is linear in the hidden state, so its way back can be too
            weight = weight + self.feed.weight @ self.out.weight
            bias = bias + self.feed.weight @ self.out.bias
        hiddens = unroll_lstm(self.start(factors), bias, weight, mask.shape[1], fast=self.training)
        out: Tensor = put_back(self.out(hiddens).transpose(0, 1), mask)
        return out
