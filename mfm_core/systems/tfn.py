"""TFN: the outer product of what each modality says, each with a constant 1 beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, cast

import torch
from torch import Tensor, nn

from mfm_core.config import Positive
from mfm_core.networks.steps import in_front, to_front
from mfm_core.systems.base import DataSpec, SystemConfig
from mfm_core.systems.parts.network import NetworkConfig, NetworkSystem
from mfm_core.systems.parts.recurrent import Recurrence
from mfm_core.systems.parts.sequences import masked_mean
from mfm_core.systems.registry import register_system


class TFNConfig(NetworkConfig):
    """Sizes and training of the TFN.

    Attributes:
        hidden: Width of the LSTM of each modality.
        embedding: Size of the embedding of each modality, at most.
        tensor: Entries of the outer product, at most: with many modalities the embeddings are smaller than
            ``embedding``, see :func:`embedding_size`.
        head: Width of the two hidden layers that read the outer product.
    """

    system: Literal["tfn"] = "tfn"
    hidden: Positive = 32
    embedding: Positive = 16
    tensor: Positive = 1024
    head: Positive = 48


def embedding_size(config: TFNConfig, modalities: int) -> int:
    """The largest e from 1 to ``embedding`` for which ``(e + 1) ** modalities`` is at most ``tensor``."""
    size = config.embedding
    while size > 1 and (size + 1) ** modalities > config.tensor:
        size -= 1
    return size


def tensor_fusion(embeddings: Sequence[Tensor]) -> Tensor:
    """The outer product of ``[z_m, 1]`` over the modalities m (section 4.2 there), flattened.

    Args:
        embeddings: Of each modality, ``(N, e)``.

    Returns:
        ``(N, (e + 1) ** M)``: all products of entries of any of the modalities.
    """
    product = embeddings[0].new_ones(len(embeddings[0]), 1)
    for embedding in embeddings:
        with_one = torch.cat([embedding, torch.ones_like(embedding[:, :1])], dim=1)
        product = (product.unsqueeze(2) * with_one.unsqueeze(1)).flatten(1)
    return product


class Embedding(nn.Module):
    """Sequence -> embedding: the last state of an LSTM and the mean of the steps, and two rectified layers on both."""

    def __init__(self, d_in: int, config: TFNConfig, d_out: int) -> None:
        super().__init__()
        self.recurrence = Recurrence(d_in, config.hidden)
        self.layers = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden + d_in, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, d_out),
            nn.ReLU(),
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, T, d_in) and the real steps (N, T) -> (N, d_out)."""
        mean = masked_mean(to_front(x, mask), in_front(mask))
        out: Tensor = self.layers(torch.cat([self.recurrence(x, mask)[1], mean], dim=1))
        return out


class TensorFusionNetwork(nn.Module):
    """Embeddings of the modalities, their outer product, and three layers on it."""

    def __init__(self, config: TFNConfig, spec: DataSpec) -> None:
        super().__init__()
        size = embedding_size(config, len(spec.streams))
        self.embed = nn.ModuleList(Embedding(stream.shape[0], config, size) for stream in spec.streams.values())
        self.infer = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear((size + 1) ** len(spec.streams), config.head),
            nn.ReLU(),
            nn.Linear(config.head, config.head),
            nn.ReLU(),
            nn.Linear(config.head, spec.label.size),
        )

    def forward(self, inputs: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        """Modalities ``(N, T, d)`` and the real steps ``(N, T)`` -> ``(N, size)``."""
        embeddings = [embed(x, mask) for embed, x in zip(self.embed, inputs.values(), strict=True)]
        out: Tensor = self.infer(tensor_fusion(embeddings))
        return out


@register_system(
    "tfn", title="TFN", paper="Zadeh et al. (2017), Tensor Fusion Network for Multimodal Sentiment Analysis", place=22
)
class TFN(NetworkSystem):
    """The tensor fusion network.

    Its paper embeds spoken language by an LSTM and two layers, voice and face by their mean over time and three layers
    of 32 units. Here modalities have any names, and any of them may speak by its order: each is embedded by layers
    that read both the last state of an LSTM and the mean. The paper's outer product is of three modalities; with more
    it grows as a power, so the embeddings shrink until it has at most ``tensor`` entries (16 numbers each of two
    modalities, 9 of three, 4 of four, 3 of five, 2 of six). The output is linear; the paper's sigmoid, scaled to the
    range of its scores, knows that range.

    Padded steps are skipped wherever they stand; a missing modality is 0, its mean, at every step.
    """

    Config = TFNConfig

    @classmethod
    def build(cls, config: SystemConfig, spec: DataSpec) -> nn.Module:
        """The network of the configuration's sizes."""
        return TensorFusionNetwork(cast(TFNConfig, config), spec)
