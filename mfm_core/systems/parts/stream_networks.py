"""A convolutional network of each modality, trained alone on the labels: its features for other systems to read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn

from mfm_core.networks.steps import in_front, to_front


class StreamNetwork(nn.Module):
    """Filters over the steps, their largest answers, a layer of features and a read-out.

    Args:
        width: Features of a step.
        channels: Filters of each length.
        kernels: Lengths of the filters in steps.
        features: Size of the layer that is read.
        size: Of the output.
        dropout: Share of the answers left out while training.
    """

    def __init__(
        self, width: int, channels: int, kernels: tuple[int, ...], features: int, size: int, dropout: float
    ) -> None:
        super().__init__()
        self.filters = nn.ModuleList(nn.Conv1d(width, channels, length) for length in kernels)
        self.lengths = kernels
        self.join = nn.Linear(channels * len(kernels), features)
        self.head = nn.Linear(features, size)
        self.dropout = nn.Dropout(dropout)

    def features(self, x: Tensor, mask: Tensor) -> Tensor:
        """``(N, T, d)`` and its real steps ``(N, T)`` -> ``(N, features)``."""
        steps, front = to_front(x, mask).transpose(1, 2), in_front(mask).unsqueeze(1)
        answers = []
        for convolve, length in zip(self.filters, self.lengths, strict=True):
            answer = torch.relu(convolve(nn.functional.pad(steps, (0, length - 1))))
            answers.append(answer.masked_fill(~front, 0).amax(2))
        out: Tensor = torch.tanh(self.join(self.dropout(torch.cat(answers, dim=1))))
        return out

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """``(N, T, d)`` and its real steps -> ``(N, size)``."""
        out: Tensor = self.head(self.dropout(self.features(x, mask)))
        return out


def train_streams(
    networks: nn.ModuleDict,
    train: tuple[Mapping[str, Tensor], Tensor, Tensor],
    validation: tuple[Mapping[str, Tensor], Tensor, Tensor],
    *,
    classes: bool,
    epochs: int,
    seed: int,
) -> nn.ModuleDict:
    """Train the network of each modality on the labels, and keep of each the weights of its best validation cost.

    Args:
        networks: By modality.
        train: Inputs by modality, real steps, and classes or standardised scores.
        validation: The same.
        classes: Whether the labels are classes.
        epochs: Passes over the training samples.
        seed: Of the order of samples.
    """
    (x, mask, y), (x_val, mask_val, y_val) = train, validation
    cost = nn.functional.cross_entropy if classes else nn.functional.mse_loss
    optimizer = torch.optim.AdamW(networks.parameters(), lr=5e-3, weight_decay=1e-2, fused=True)
    generator = torch.Generator().manual_seed(seed)
    best, best_costs = deepcopy(networks), dict.fromkeys(networks, math.inf)
    for _ in range(epochs):
        networks.train()
        for batch in torch.split(torch.randperm(len(y), generator=generator), 64):
            optimizer.zero_grad(set_to_none=True)
            total = torch.stack([cost(net(x[name][batch], mask[batch]), y[batch]) for name, net in networks.items()])
            torch.autograd.backward(total.sum())
            optimizer.step()
        networks.eval()
        with torch.inference_mode():
            costs = {name: float(cost(net(x_val[name], mask_val), y_val)) for name, net in networks.items()}
        for name, reached in costs.items():
            if reached < best_costs[name]:
                best_costs[name] = reached
                best[name].load_state_dict(networks[name].state_dict())
    return best.eval().requires_grad_(requires_grad=False)
