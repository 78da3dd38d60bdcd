"""Early fusion: all modalities side by side at every step, read by LSTMs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast

from torch import Tensor, nn

from mfm_core.config import Positive
from mfm_core.systems.base import DataSpec, SystemConfig
from mfm_core.systems.parts.network import NetworkConfig, NetworkSystem
from mfm_core.systems.parts.recurrent import Recurrence, read_out
from mfm_core.systems.parts.sequences import early_fusion


class EarlyFusionConfig(NetworkConfig):
    """Sizes of an early-fusion LSTM.

    Attributes:
        hidden: Width of each LSTM.
        head: Width of the hidden layer that reads its last state.
    """

    hidden: Positive = 48
    head: Positive = 48


class EarlyFusionLSTM(nn.Module):
    """LSTMs over early-fused steps, and two layers on their last states."""

    def __init__(self, config: EarlyFusionConfig, spec: DataSpec, layers: int, *, bidirectional: bool) -> None:
        super().__init__()
        d_in = sum(stream.shape[0] for stream in spec.streams.values())
        self.recurrence = Recurrence(
            d_in, config.hidden, layers=layers, bidirectional=bidirectional, dropout=config.dropout
        )
        self.head = read_out(self.recurrence.size, config.head, spec.label.size, config.dropout)

    def forward(self, inputs: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        """Modalities ``(N, T, d)`` and the real steps ``(N, T)`` -> ``(N, size)``."""
        out: Tensor = self.head(self.recurrence(early_fusion(inputs), mask)[1])
        return out


class EarlyFusionSystem(NetworkSystem):
    """A system of early-fused LSTMs; a subclass says how many layers, and in which directions.

    The supplement of Tsai et al. (2019), section D, says no more than that. It leaves open the sizes (48 units here,
    chosen by the planted signals of the tests), the training (see :class:`TrainingConfig`) and what follows the LSTM:
    here a layer of rectified units and a linear one, as in the code published with the Memory Fusion Network.

    Padded steps are skipped wherever they stand; a missing modality is 0, its mean, at every step.

    Attributes:
        layers: LSTMs one above the other.
        bidirectional: Whether each layer reads in both directions.
    """

    layers: ClassVar[int]
    bidirectional: ClassVar[bool]

    @classmethod
    def build(cls, config: SystemConfig, spec: DataSpec) -> nn.Module:
        """The network of the configuration's sizes."""
        return EarlyFusionLSTM(cast(EarlyFusionConfig, config), spec, cls.layers, bidirectional=cls.bidirectional)
