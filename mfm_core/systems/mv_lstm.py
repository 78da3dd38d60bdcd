"""MV-LSTM: one LSTM whose memory is parted by modality, with its views coupled to a chosen degree."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, cast

import torch
from torch import Tensor, nn

from mfm_core.config import Positive, Share
from mfm_core.networks.lstm import LSTM, run_lstm
from mfm_core.networks.steps import last_real, to_front
from mfm_core.systems.base import DataSpec, SystemConfig
from mfm_core.systems.parts.network import NetworkConfig, NetworkSystem
from mfm_core.systems.parts.recurrent import read_out, start_remembering
from mfm_core.systems.registry import register_system


class MVLSTMConfig(NetworkConfig):
    """Sizes, topology and training of the MV-LSTM.

    Attributes:
        hidden: Width of each view.
        alpha: Share of its own hidden units that a view reads.
        beta: Share of the hidden units of every other view that it reads.
        head: Width of the hidden layer that reads the last states.
    """

    system: Literal["mv_lstm"] = "mv_lstm"
    hidden: Positive = 24
    alpha: Share = 1.0
    beta: Share = 1.0
    head: Positive = 48


def topology(views: int, hidden: int, alpha: float, beta: float) -> Tensor:
    """Which hidden units of the step before each view reads: 0 or 1, ``(views * hidden, views * hidden)``.

    Of a view with the share a the first ``ceil(a * hidden)`` units are read.
    """
    own, other = (torch.arange(hidden) < math.ceil(share * hidden) for share in (alpha, beta))
    blocks = [torch.cat([own if i == j else other for j in range(views)]).expand(hidden, -1) for i in range(views)]
    return torch.cat(blocks).float()


class MultiViewLSTM(nn.Module):
    """An LSTM whose gates and cells are parted by view.

    The gates of a view read the view's own input, and of the hidden states before those that the topology names. So
    it is one LSTM with blocks of zeros in its weights, and runs as one.
    """

    def __init__(self, config: MVLSTMConfig, spec: DataSpec) -> None:
        super().__init__()
        self.hidden, self.alpha, self.beta = config.hidden, config.alpha, config.beta
        self.read = nn.ModuleList(nn.Linear(stream.shape[0], 4 * config.hidden) for stream in spec.streams.values())
        size = len(self.read) * config.hidden
        whole = start_remembering(LSTM(1, size))
        self.step = whole.step
        with torch.no_grad():
            for view in self.read.children():
                bias = cast(nn.Linear, view).bias
                bias.zero_()
                bias[config.hidden : 2 * config.hidden] = 1  # forget gates are open at first
        self.head = read_out(size, config.head, spec.label.size, config.dropout)

    def last(self, inputs: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        """Hidden states of all views after the last real step, ``(N, views * hidden)``."""
        of_views = [
            read(to_front(x, mask).transpose(0, 1)).unflatten(2, (4, self.hidden))
            for read, x in zip(self.read, inputs.values(), strict=True)
        ]
        gates = torch.cat(of_views, dim=3).flatten(2)  # i of all views, then f of all views, ...
        read_back = topology(len(self.read), self.hidden, self.alpha, self.beta).repeat(4, 1).to(gates.device)
        hiddens, _ = run_lstm(gates, self.step.weight * read_back, fast=self.training)
        return last_real(hiddens, mask)

    def forward(self, inputs: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        """Modalities ``(N, T, d)`` and the real steps ``(N, T)`` -> ``(N, size)``."""
        out: Tensor = self.head(self.last(inputs, mask))
        return out


@register_system(
    "mv_lstm",
    title="MV-LSTM",
    paper="Rajagopalan, Morency, Baltrušaitis and Goecke (2016), Extending LSTM for Multi-View Structured Learning",
    place=20,
)
class MVLSTM(NetworkSystem):
    """The multi-view LSTM, its views named after the modalities.

    Its paper has four topologies: view-specific (alpha 1, beta 0), coupled (0, 1), fully connected (1, 1) and hybrids
    between them. It chooses by data set; Tsai et al. (2019) do not say which they took. Here: fully connected, which
    contains the others. A share of a view's units is its first ones. The prediction is read from the last states of
    all views, by a layer of rectified units and a linear one.

    Padded steps are skipped wherever they stand; a missing modality is 0, its mean, at every step.
    """

    Config = MVLSTMConfig

    @classmethod
    def build(cls, config: SystemConfig, spec: DataSpec) -> nn.Module:
        """The network of the configuration's sizes."""
        return MultiViewLSTM(cast(MVLSTMConfig, config), spec)
