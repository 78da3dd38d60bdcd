"""Linear maps that each step has of its own, between what a step holds and one vector for all of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GatherSteps(nn.Module):
    """Sequence -> vector: of each hidden state a few numbers, and a linear map of all steps' numbers.

    Args:
        d_in: Size of a hidden state.
        d_out: Size of the vector.
        maps: How many steps have a map of their own, and how many numbers of a step it reads; what comes after these
            steps is read by the map of the last.
    """

    def __init__(self, d_in: int, d_out: int, maps: tuple[int, int]) -> None:
        super().__init__()
        self.length, self.width = maps
        self.narrow = nn.Linear(d_in, self.width, bias=False)
        self.join = nn.Linear(self.length * self.width, d_out)

    def forward(self, hiddens: Tensor, mask: Tensor) -> Tensor:
        """Hidden states, time-major ``(T, N, d_in)``, and which of them are real ``(N, T)`` -> ``(N, d_out)``."""
        few = torch.where(mask.T.unsqueeze(2), self.narrow(hiddens), 0)  # (T, N, width)
        length = min(len(few), self.length)
        kept = few[:length]
        if len(few) > length:
            kept = torch.cat([kept[:-1], few[length - 1 :].sum(dim=0, keepdim=True)])
        weight = self.join.weight[:, : length * self.width]
        out: Tensor = nn.functional.linear(kept.transpose(0, 1).flatten(1), weight, self.join.bias)
        return out


class SpreadSteps(nn.Module):
    """Vector -> what each step reads of it: a few numbers by a linear map of its own.

    Args:
        d_in: Size of the vector.
        d_out: Size of what a step gets of these numbers.
        maps: How many steps have a map of their own, the last of which all later ones share, and how many numbers it
            makes.
    """

    def __init__(self, d_in: int, d_out: int, maps: tuple[int, int]) -> None:
        super().__init__()
        self.length, self.width = maps
        self.part = nn.Linear(d_in, self.length * self.width, bias=False)
        self.widen = nn.Linear(self.width, d_out, bias=False)

    def forward(self, vector: Tensor, length: int) -> Tensor:
        """(N, d_in) -> (length, N, d_out)."""
        own = min(length, self.length)
        weight = self.part.weight[: own * self.width]
        numbers = nn.functional.linear(vector, weight).view(len(vector), own, self.width).transpose(0, 1)
        if length > own:
            numbers = torch.cat([numbers, numbers[-1:].expand(length - own, *numbers.shape[1:])])
        out: Tensor = self.widen(numbers)
        return out

    def matrices(self, length: int) -> Tensor:
        """The map of each step as a matrix, ``(length, d_out, d_in)``."""
        by_step: Tensor = self.widen.weight @ self.part.weight.view(self.length, self.width, -1)
        return by_step[torch.arange(length, device=by_step.device).clamp_max(self.length - 1)]
