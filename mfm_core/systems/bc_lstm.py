"""BC-LSTM: bidirectional contextual LSTMs of each modality, and one above them of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

import torch
from torch import Tensor, nn

from mfm_core.config import Positive
from mfm_core.networks.steps import in_front
from mfm_core.systems.base import DataSpec, SystemConfig
from mfm_core.systems.parts.network import NetworkConfig, NetworkSystem
from mfm_core.systems.parts.recurrent import Recurrence, read_out
from mfm_core.systems.registry import register_system


class BCLSTMConfig(NetworkConfig):
    """Sizes and training of the BC-LSTM.

    Attributes:
        hidden: Width of each direction of a contextual LSTM of one modality.
        features: Contextual features of each modality and step: the dense layer above its LSTM.
        fused: Width of each direction of the LSTM of all modalities.
        head: Width of the hidden layer that reads its last states.
    """

    system: Literal["bc_lstm"] = "bc_lstm"
    hidden: Positive = 24
    features: Positive = 24
    fused: Positive = 32
    head: Positive = 48


class ContextualLSTMs(nn.Module):
    """The hierarchical fusion of the paper: a bidirectional LSTM and a dense layer a modality, then the same of all."""

    def __init__(self, config: BCLSTMConfig, spec: DataSpec) -> None:
        super().__init__()
        self.contexts = nn.ModuleList(
            Recurrence(stream.shape[0], config.hidden, bidirectional=True) for stream in spec.streams.values()
        )
        self.dense = nn.ModuleList(nn.Linear(2 * config.hidden, config.features) for _ in spec.streams)
        self.dropout = nn.Dropout(config.dropout)
        self.fusion = Recurrence(len(spec.streams) * config.features, config.fused, bidirectional=True)
        self.head = read_out(self.fusion.size, config.head, spec.label.size, config.dropout)

    def forward(self, inputs: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        """Modalities ``(N, T, d)`` and the real steps ``(N, T)`` -> ``(N, size)``."""
        features = [
            torch.tanh(dense(self.dropout(context(x, mask)[0])))
            for context, dense, x in zip(self.contexts, self.dense, inputs.values(), strict=True)
        ]
        out: Tensor = self.head(self.fusion(torch.cat(features, dim=2), in_front(mask))[1])
        return out


@register_system(
    "bc_lstm",
    title="BC-LSTM",
    paper="Poria et al. (2017), Context-Dependent Sentiment Analysis in User-Generated Videos",
    place=21,
)
class BCLSTM(NetworkSystem):
    """The bidirectional contextual LSTM with hierarchical fusion.

    In its paper a sequence is a video, a step an utterance with features of its own, and every utterance has a label.
    The data sets here label a whole sample, whose steps are words or sentences, and a sample is predicted alone: so
    the steps of the sample take the place of the utterances of a video, and the sample's label is read from the last
    states of both directions of the LSTM of all modalities. Samples are never read as context of each other, not even
    where their names say that they are of one video.

    The paper trains the LSTMs of the modalities first, with dense layers and labels of their own, and then the one
    above; here all are trained at once, since labels of steps are not known. The dense layer of each modality is of
    tanh units.

    Padded steps are skipped wherever they stand; a missing modality is 0, its mean, at every step.
    """

    Config = BCLSTMConfig

    @classmethod
    def build(cls, config: SystemConfig, spec: DataSpec) -> nn.Module:
        """The network of the configuration's sizes."""
        return ContextualLSTMs(cast(BCLSTMConfig, config), spec)
