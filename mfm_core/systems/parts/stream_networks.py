"""A convolutional network of each modality, trained alone on the labels: its features for other systems to read."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mfm_core.config import LabelConfig
from mfm_core.data.batches import shuffled_batches
from mfm_core.networks.steps import in_front, to_front
from mfm_core.training.objective import label_cost
from mfm_core.training.optimisation import Best, descend


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
    label: LabelConfig,
    epochs: int,
    seed: int,
) -> nn.ModuleDict:
    """Train the network of each modality on the labels, and keep of each the weights of its best validation cost.

    Args:
        networks: By modality.
        train: Inputs by modality, real steps, and classes or standardised scores.
        validation: The same.
        label: What the labels are.
        epochs: Passes over the training samples.
        seed: Of the order of samples.
    """
    (x, mask, y), (x_val, mask_val, y_val) = train, validation
    optimizer = torch.optim.AdamW(networks.parameters(), weight_decay=1e-2, fused=True)
    generator = torch.Generator().manual_seed(seed)
    best = {name: Best(network) for name, network in networks.items()}
    for epoch in range(epochs):
        networks.train()
        for batch in shuffled_batches(len(y), 64, generator, least=1):
            costs = [label_cost(net(x[name][batch], mask[batch]), y[batch], label) for name, net in networks.items()]
            descend(optimizer, torch.stack(costs).sum(), rate=5e-3)
        networks.eval()
        for name, network in networks.items():
            with torch.inference_mode():
                reached = float(label_cost(network(x_val[name], mask_val), y_val, label))
            best[name].offer(network, -reached, epoch)
    kept = nn.ModuleDict({name: of.network for name, of in best.items()})
    return kept.eval().requires_grad_(requires_grad=False)
