"""Recurrent encoders and decoders for sequences."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from mfm_core.networks.lstm import LSTM, run_lstm, unroll_lstm
from mfm_core.networks.step_maps import GatherSteps, SpreadSteps
from mfm_core.networks.steps import in_front, last_real, put_back, to_front


class RecurrentEncoder(nn.Module):
    """Sequence -> vector: an LSTM over the real steps, and a linear layer on its last hidden state.

    Args:
        d_x: Features of a step.
        d_out: Size of the output.
        hidden: Width of the LSTM; None for ``d_out``, as in the published code.
        both_ways: Whether a second LSTM reads from the last real step to the first; the output is then the sum of what
            is read of both.
        maps: How many steps have a linear map of their own, and how many numbers of a hidden state it reads: the
            output is made of all hidden states. None to read the last one alone, as in the published code.
    """

    def __init__(
        self,
        d_x: int,
        d_out: int,
        *,
        hidden: int | None = None,
        both_ways: bool = False,
        maps: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        width = hidden or d_out
        self.lstm = LSTM(d_x, width)
        self.read_out = _read_out(width, d_out, maps)
        self.backwards = LSTM(d_x, width) if both_ways else None
        self.read_out_backwards = _read_out(width, d_out, maps) if both_ways else None

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, T, d_x) and the real steps (N, T) -> (N, d_out)."""
        out = _read(self.lstm, self.read_out, x, mask)
        if self.backwards is not None and self.read_out_backwards is not None:
            out = out + _read(self.backwards, self.read_out_backwards, x.flip(1), mask.flip(1))
        return out


def _read_out(width: int, d_out: int, maps: tuple[int, int] | None) -> nn.Linear | GatherSteps:
    return nn.Linear(width, d_out) if maps is None else GatherSteps(width, d_out, maps)


def _read(lstm: nn.Module, read_out: nn.Linear | GatherSteps, x: Tensor, mask: Tensor) -> Tensor:
    """Read the hidden states of an LSTM over the real steps, ``(N, d_out)``."""
    hiddens, _ = lstm(to_front(x, mask).transpose(0, 1))
    out: Tensor = (
        read_out(hiddens, in_front(mask)) if isinstance(read_out, GatherSteps) else read_out(last_real(hiddens, mask))
    )
    return out


class RecurrentDecoder(nn.Module):
    """[F_a, F_y] -> sequence: an LSTM that reads the code, then itself, and a linear layer on every hidden state.

    The published code gives an LSTM cell of the code's size the code as its first input and its own hidden state as
    every later one. Both of the cell's matrices then multiply the same vector, so one matrix takes their place. With
    a ``length`` the cell reads the code at every step instead (Cho et al., 2014, the paper's reference [11]), and a
    learned code of the step with it.

    Args:
        d_in: Size of the joined factors.
        d_x: Features of a step.
        feedback: ``"hidden"`` as in the published code; ``"output"`` feeds back what was generated as well.
        hidden: Width of the LSTM; None for ``d_in``, as in the published code.
        length: How many steps have a code of their own, where the factors are read at every step; later ones share
            the last. None where they are read at the first step only.
        maps: How many steps also have a linear map of the factors of their own, and how many numbers it makes; None
            for none.
    """

    def __init__(
        self,
        d_in: int,
        d_x: int,
        feedback: Literal["hidden", "output"] = "hidden",
        *,
        hidden: int | None = None,
        length: int | None = None,
        maps: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        width = hidden or d_in
        self.start = nn.Linear(d_in, 4 * width)
        self.step = nn.Linear(width, 4 * width, bias=False)
        self.feed = nn.Linear(d_x, 4 * width, bias=False) if feedback == "output" else None
        self.out = nn.Linear(width, d_x)
        # What the code of a step adds to the gates: the code, times what reads it.
        self.place = None if length is None else nn.Embedding(length, 4 * width)
        if self.place is not None:
            nn.init.normal_(self.place.weight, std=0.3)
        self.spread = None if maps is None else SpreadSteps(d_in, 4 * width, maps)

    def recurrence(self) -> tuple[Tensor, Tensor]:
        """Weights ``(4 h, h)`` and bias ``(4 h,)`` by which the gates of later steps read the hidden state before.

        What is generated is linear in the hidden state, so its way back can be too.
        """
        weight: Tensor = self.step.weight
        bias: Tensor = self.start.bias
        if self.feed is not None:
            weight = weight + self.feed.weight @ self.out.weight
            bias = bias + self.feed.weight @ self.out.bias
        return weight, bias

    def read_at_every_step(self, factors: Tensor, length: int) -> Tensor | None:
        """Contribution of the factors to the gates of each step, where the factors are read at every step.

        Args:
            factors: ``(N, d_in)``.
            length: T, how many steps.

        Returns:
            ``(T, N, 4 h)``; None where the factors are read at the first step only.
        """
        if self.place is None:
            return None
        steps = torch.arange(length, device=factors.device)
        places = self.place(steps.clamp_max(self.place.num_embeddings - 1))
        if self.feed is not None:
            fed_back = self.feed.weight @ self.out.bias
            places = places + (steps > 0).to(fed_back.dtype)[:, None] * fed_back
        inputs: Tensor = self.start(factors) + places.unsqueeze(1)
        return inputs if self.spread is None else inputs + self.spread(factors, length)

    def reading_matrices(self, length: int) -> Tensor:
        """Weights by which the gates of each step read the factors: ``(length, 4 h, d_in)``, ``(1, ...)`` if all alike.

        Of a decoder that reads the factors at the first step only it is what is read there.
        """
        first: Tensor = self.start.weight.unsqueeze(0)
        return first if self.spread is None else first + self.spread.matrices(length)

    def forward(self, factors: Tensor, mask: Tensor) -> Tensor:
        """(N, d_in) and the real steps (N, T) -> (N, T, d_x), exactly 0 where a step is not real."""
        weight, bias = self.recurrence()
        length = mask.shape[1]
        inputs = self.read_at_every_step(factors, length)
        if inputs is None:
            hiddens = unroll_lstm(self.start(factors), bias, weight, length, fast=self.training)
        else:
            hiddens, _ = run_lstm(inputs, weight, fast=self.training)
        out: Tensor = put_back(self.out(hiddens).transpose(0, 1), mask)
        return out
