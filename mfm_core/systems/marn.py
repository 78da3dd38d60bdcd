"""MARN: LSTMs of each modality with a hybrid memory, which several attentions over all of them write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from mfm_core.config import Positive
from mfm_core.networks.lstm import LSTM
from mfm_core.networks.steps import last_real, to_front
from mfm_core.systems.base import DataSpec, SystemConfig
from mfm_core.systems.parts.network import NetworkConfig, NetworkSystem
from mfm_core.systems.parts.recurrent import read_out, start_remembering
from mfm_core.systems.registry import register_system


class MARNConfig(NetworkConfig):
    """Sizes and training of the MARN.

    Attributes:
        hidden: Width of the LSTHM of each modality.
        attentions: K, how many attentions look at the hidden states at once.
        reduced: Size to which each modality's attended states are reduced.
        code: Size of the cross-view code z.
        head: Width of the hidden layer that reads the last states and the last code.
    """

    system: Literal["marn"] = "marn"
    hidden: Positive = 24
    attentions: Annotated[int, Field(gt=0, le=16)] = 4
    reduced: Positive = 16
    code: Positive = 24
    head: Positive = 48


class MultiAttentionBlock(nn.Module):
    """Several attentions over the hidden states of all modalities at one step, and the code made of what they let by.

    Section 3.2 there: ``a = softmax(A(h))`` for each of K attentions; ``h~ = a * h``; of each modality the K attended
    states are reduced by C_m; G makes the code z of all of them.
    """

    def __init__(self, config: MARNConfig, modalities: int) -> None:
        super().__init__()
        self.attentions, self.hidden = config.attentions, config.hidden
        size = modalities * config.hidden
        self.attend = nn.Linear(size, config.attentions * size)
        self.reduce = nn.ModuleList(
            nn.Linear(config.attentions * config.hidden, config.reduced) for _ in range(modalities)
        )
        self.code = nn.Sequential(
            nn.Linear(modalities * config.reduced, config.code),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.code, config.code),
            nn.Tanh(),
        )

    def forward(self, hiddens: Tensor) -> Tensor:
        """Hidden states of all modalities side by side, ``(N, M * hidden)`` -> ``(N, code)``."""
        n, size = hiddens.shape
        weights = torch.softmax(self.attend(hiddens).view(n, self.attentions, size), dim=2)
        attended = (weights * hiddens.unsqueeze(1) * size).view(n, self.attentions, -1, self.hidden)
        reduced = [reduce(attended[:, :, m].flatten(1)) for m, reduce in enumerate(self.reduce)]
        out: Tensor = self.code(torch.relu(torch.cat(reduced, dim=1)))
        return out


class MultiAttentionRecurrence(nn.Module):
    """Long short-term hybrid memories (section 3.1 there), one a modality, that all read the code of the step before.

    All gates of all modalities are one matrix product a step: what they read of the input is known before.
    """

    def __init__(self, config: MARNConfig, spec: DataSpec) -> None:
        super().__init__()
        self.hidden, self.size = config.hidden, len(spec.streams) * config.hidden
        memories = [start_remembering(LSTM(stream.shape[0], config.hidden)) for stream in spec.streams.values()]
        self.memories = nn.ModuleList(memories)
        self.read_code = nn.ModuleList(nn.Linear(config.code, 4 * config.hidden, bias=False) for _ in memories)
        self.block = MultiAttentionBlock(config, len(memories))
        self.head = read_out(self.size + config.code, config.head, spec.label.size, config.dropout)

    def last(self, inputs: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        """Hidden states of all modalities and the code after the last real step, ``(N, M * hidden + code)``."""
        of_input = [
            cast(LSTM, memory).read(to_front(x, mask).transpose(0, 1)).unflatten(2, (4, self.hidden))
            for memory, x in zip(self.memories, inputs.values(), strict=True)
        ]
        gates = torch.cat(of_input, dim=3).flatten(2)  # i of all modalities, then f of all modalities, ...
        weight = self.recurrent_weight()
        cell = gates.new_zeros(gates.shape[1], self.size)
        state, states = gates.new_zeros(gates.shape[1], weight.shape[0]), []
        for step in gates.unbind():
            i, f, g, o = torch.addmm(step, state, weight).chunk(4, dim=1)
            cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
            hidden = o.sigmoid() * cell.tanh()
            state = torch.cat([hidden, self.block(hidden)], dim=1)
            states.append(state)
        return last_real(torch.stack(states), mask)

    def recurrent_weight(self) -> Tensor:
        """Weights of the gates of all modalities on hidden states and code, ``(M * hidden + code, 4 * M * hidden)``."""
        own = [cast(LSTM, memory).step.weight.view(4, self.hidden, self.hidden) for memory in self.memories]
        code = [cast(nn.Linear, read).weight.view(4, self.hidden, -1) for read in self.read_code]
        of_gates = [
            torch.cat([_block_diagonal([u[k] for u in own]), torch.cat([v[k] for v in code])], dim=1) for k in range(4)
        ]
        return torch.cat(of_gates).T

    def forward(self, inputs: Mapping[str, Tensor], mask: Tensor) -> Tensor:
        """Modalities ``(N, T, d)`` and the real steps ``(N, T)`` -> ``(N, size)``."""
        out: Tensor = self.head(self.last(inputs, mask))
        return out


def _block_diagonal(blocks: list[Tensor]) -> Tensor:
    joined: Tensor = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
    return joined


@register_system(
    "marn",
    title="MARN",
    paper="Zadeh et al. (2018), Multi-attention Recurrent Network for Human Communication Comprehension",
    place=23,
)
class MARN(NetworkSystem):
    """The multi-attention recurrent network.

    Its paper says neither how deep A, C_m and G are nor what their layers are: here A and C_m are one layer, G has one
    hidden layer and ends in tanh, since a code that feeds back on itself must stay bounded. All modalities have one
    width. A softmax over many units lets by little of each; what it lets by is multiplied by their number, which C_m
    could do as well. The prediction is read from the last hidden states and the last code.

    Padded steps are skipped wherever they stand; a missing modality is 0, its mean, at every step.
    """

    Config = MARNConfig

    @classmethod
    def build(cls, config: SystemConfig, spec: DataSpec) -> nn.Module:
        """The network of the configuration's sizes."""
        return MultiAttentionRecurrence(cast(MARNConfig, config), spec)
