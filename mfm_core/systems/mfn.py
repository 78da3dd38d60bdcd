"""MFN: the Memory Fusion Network, which is MFM's encoder, trained by the label alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from torch import Tensor, nn

from mfm_core.config import MemoryConfig, ModelConfig, Positive, SequenceModality
from mfm_core.networks.lstm import LSTM
from mfm_core.networks.memory_fusion import MemoryFusion
from mfm_core.systems.base import DataSpec, SystemConfig
from mfm_core.systems.parts.network import NetworkConfig, NetworkSystem
from mfm_core.systems.parts.recurrent import read_out, start_remembering
from mfm_core.systems.registry import register_system


class MFNConfig(NetworkConfig):
    """Sizes and training of the MFN.

    Attributes:
        hidden: Width of the LSTM of every modality, or of each by name.
        memory: Size of the multi-view gated memory.
        attention: Width of the hidden layer of the delta-memory attention.
        candidate: Width of the hidden layer that proposes what to remember.
        gate: Width of the hidden layer of each of the two gates.
        head: Width of the hidden layer that reads the last states and the memory.
    """

    system: Literal["mfn"] = "mfn"
    hidden: Positive | dict[str, Positive] = 32
    memory: Positive = 32
    attention: Positive = 32
    candidate: Positive = 32
    gate: Positive = 32
    head: Positive = 48


class LabelledMemoryFusion(nn.Module):
    """The network of :mod:`mfm_core.networks.memory_fusion`, and two layers on its last states and memory."""

    def __init__(self, config: MFNConfig, spec: DataSpec) -> None:
        super().__init__()
        # A stream may have any name, but that of a submodule may not be an attribute of torch's: so they are numbered.
        self.names = {name: f"view_{index}" for index, name in enumerate(spec.streams)}
        widths = config.hidden if isinstance(config.hidden, dict) else dict.fromkeys(spec.streams, config.hidden)
        if set(widths) != set(spec.streams):
            raise ValueError(f"hidden: expected widths of {', '.join(spec.streams)}, got those of {', '.join(widths)}")
        model = ModelConfig(
            modalities={
                self.names[name]: SequenceModality(d_x=stream.shape[0], d_z=1, d_f=1, hidden=widths[name])
                for name, stream in spec.streams.items()
            },
            memory=MemoryConfig(
                memory=config.memory,
                attention=config.attention,
                candidate=config.candidate,
                gate=config.gate,
                dropout=config.dropout,
            ),
        )
        size = sum(widths.values()) + config.memory
        self.fusion = MemoryFusion(model, 1)
        self.fusion.read_out = nn.Identity()  # type: ignore[assignment]  # the head takes its place
        for view in self.fusion.views.children():
            start_remembering(cast(LSTM, view))
        self.head = read_out(size, config.head, spec.label.size, config.dropout)

    def last(self, inputs: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        """Hidden states of all views and the memory after the last real step, ``(N, sum of hidden + memory)``."""
        return self.fusion.hidden(self.fusion.features({self.names[name]: x for name, x in inputs.items()}, mask), mask)

    def forward(self, inputs: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        """Modalities ``(N, T, d)`` and the real steps ``(N, T)`` -> ``(N, size)``."""
        out: Tensor = self.head(self.last(inputs, mask))
        return out


@register_system(
    "mfn", title="MFN", paper="Zadeh et al. (2018), Memory Fusion Network for Multi-view Sequential Learning", place=24
)
class MFN(NetworkSystem):
    """The memory fusion network, with the window of two steps that its paper describes.

    The paper leaves the sizes to a search by data set, and so does Tsai et al. (2019); here all modalities have one
    width. The code published with it reads the last hidden states and the memory by a rectified layer and a linear
    one, and so do we. Dropout is between the two layers of each of its small networks.

    Padded steps are skipped wherever they stand; a missing modality is 0, its mean, at every step.
    """

    Config = MFNConfig

    @classmethod
    def build(cls, config: SystemConfig, spec: DataSpec) -> nn.Module:
        """The network of the configuration's sizes."""
        return LabelledMemoryFusion(cast(MFNConfig, config), spec)
