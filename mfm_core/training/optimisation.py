"""Parts that every loop of training is built of: a step of an optimiser, and the weights of the best validation."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def descend(optimizer: torch.optim.Optimizer, cost: Tensor, *, rate: float, max_norm: float | None = None) -> None:
    """Make one step of an optimiser.

    Args:
        optimizer: Of the parameters to move.
        cost: To lower, a scalar.
        rate: Learning rate of this step.
        max_norm: A gradient of a larger norm is scaled down to it; None scales none.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(cost)
    if max_norm is not None:
        nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], max_norm=max_norm)
    optimizer.step()


class Best(Generic[Network]):
    """Weights of the best validation so far, and how long ago that was.

    Args:
        network: Any with the architecture of those to come; it is copied.
        equals: Whether of equal scores the latest is the best, which begins patience anew; else the first.

    Attributes:
        network: A copy, with the best weights once there was a validation whose score is a number.
        score: Of the best validation; minus infinity before there is one.
        step: At which it was.
    """

    def __init__(self, network: Network, *, equals: bool = False) -> None:
        self.network, self.score, self.step = deepcopy(network), -math.inf, 0
        self.equals = equals

    def offer(self, network: nn.Module, score: float, step: int) -> None:
        """Keep the weights of ``network`` if ``score``, the higher the better, is the best."""
        if score > self.score or (self.equals and score == self.score):
            self.score, self.step = score, step
            self.network.load_state_dict(network.state_dict())

    def exhausted(self, step: int, patience: int | None) -> bool:
        """Whether the best validation is ``patience`` steps ago at ``step``; never without patience."""
        return patience is not None and step - self.step >= patience
