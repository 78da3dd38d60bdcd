"""DF: a deep network for each modality, and one that fuses what they decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

import torch
from torch import Tensor, nn

from mfm_core.config import Positive
from mfm_core.networks.steps import in_front, to_front
from mfm_core.systems.base import DataSpec, SystemConfig
from mfm_core.systems.parts.network import SCORE_COST, NetworkConfig, NetworkSystem
from mfm_core.systems.parts.sequences import masked_mean
from mfm_core.systems.registry import register_system
from mfm_core.training.objective import label_cost


class DFConfig(NetworkConfig):
    """Sizes and training of deep fusion.

    Attributes:
        hidden: Width of both hidden layers of the network of each modality.
        fused: Width of the hidden layer that fuses their decisions.
    """

    system: Literal["df"] = "df"
    hidden: Positive = 48
    fused: Positive = 24


class DeepFusion(nn.Module):
    """Networks of single modalities on means over time, and a network on their decisions."""

    def __init__(self, config: DFConfig, spec: DataSpec) -> None:
        super().__init__()
        self.spec, size = spec, spec.label.size
        self.single = nn.ModuleList(
            nn.Sequential(
                nn.Linear(stream.shape[0], config.hidden),
                nn.ReLU(),
                nn.Dropout(config.dropout),
                nn.Linear(config.hidden, config.hidden),
                nn.ReLU(),
                nn.Dropout(config.dropout),
                nn.Linear(config.hidden, size),
            )
            for stream in spec.streams.values()
        )
        self.fuse = nn.Sequential(
            nn.Linear(len(spec.streams) * size, config.fused), nn.ReLU(), nn.Linear(config.fused, size)
        )

    def decide(self, inputs: Mapping[str, Tensor], mask: Tensor) -> list[Tensor]:
        """Logits, or scores, of each modality alone: ``(N, size)`` each."""
        return [
            single(masked_mean(to_front(x, mask), in_front(mask)))
            for single, x in zip(self.single, inputs.values(), strict=True)
        ]

    def forward(self, inputs: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        """Modalities ``(N, T, d)`` and the real steps ``(N, T)`` -> ``(N, size)``."""
        decided = torch.cat(
            [torch.softmax(one, dim=1) if self.spec.classes else one for one in self.decide(inputs, mask)], dim=1
        )
        out: Tensor = self.fuse(decided.detach())
        return out


@register_system(
    "df",
    title="DF",
    paper="Nojavanasghari et al. (2016), Deep Multimodal Fusion for Persuasiveness Prediction",
    place=15,
)
class DF(NetworkSystem):
    """Deep fusion of the confidences of unimodal networks.

    Its paper trains a network for each modality on features of the whole video, then one that reads their confidences
    (and one minus them, which a linear layer has anyway). Features of the whole here: the means over the real steps.
    All networks are trained at once, but nothing of the fusion's cost reaches the unimodal networks, so each learns
    what it would alone. For scores, a confidence is the score.

    It follows that DF finds neither the order of steps nor anything that two modalities tell only together.

    Padded steps count in no mean; a missing modality is 0, its mean, at every step.
    """

    Config = DFConfig

    @classmethod
    def build(cls, config: SystemConfig, spec: DataSpec) -> nn.Module:
        """The network of the configuration's sizes."""
        return DeepFusion(cast(DFConfig, config), spec)

    @classmethod
    def extra_cost(
        cls, config: SystemConfig, network: nn.Module, inputs: Mapping[str, Tensor], mask: Tensor, targets: Tensor
    ) -> Tensor:
        """The label cost of each modality alone, summed."""
        deep_fusion = cast(DeepFusion, network)
        costs = [
            label_cost(one, targets, deep_fusion.spec.label, SCORE_COST) for one in deep_fusion.decide(inputs, mask)
        ]
        return torch.stack(costs).sum()
