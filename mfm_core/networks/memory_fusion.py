"""The Memory Fusion Network (Zadeh et al., AAAI 2018): the encoder Q(Z_y | X_1:M) for sequences."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mfm_core.config import ModelConfig
from mfm_core.networks.gated_memory import remember
from mfm_core.networks.lstm import LSTM
from mfm_core.networks.steps import last_real, real_steps, to_front


class MemoryFusion(nn.Module):
    """A view-LSTM for each modality, attention over how their cells change, and a gated memory of what it finds.

    At each step the attention weighs the cells of all views before and after it; a candidate for the memory is made
    of what it lets through, and two gates decide what is kept and what is added (sections 3.1 to 3.3 there). Nothing
    of that but the memory itself waits for the step before, so all steps are attended to at once.

    Args:
        config: The model's configuration.
        d_out: Size of the output.
    """

    def __init__(self, config: ModelConfig, d_out: int) -> None:
        super().__init__()
        self.views = nn.ModuleDict({name: LSTM(m.d_x, m.hidden) for name, m in config.sequences.items()})
        memory, d_cells = config.memory, 2 * sum(config.widths.values())
        self.size, self.dropout = memory.memory, memory.dropout
        self.attend = self._layers(d_cells, memory.attention, d_cells)
        self.propose = self._layers(d_cells, memory.candidate, memory.memory)
        # What is kept of the memory, and what is added to it.
        self.gates = nn.ModuleList(
            self._layers(d_cells + memory.memory, memory.gate, memory.memory) for _ in ("keep", "add")
        )
        self.read_out = nn.Linear(d_cells // 2 + memory.memory, d_out)

    def _layers(self, d_in: int, hidden: int, d_out: int) -> nn.Sequential:
        return nn.Sequential(nn.Linear(d_in, hidden), nn.ReLU(), nn.Dropout(self.dropout), nn.Linear(hidden, d_out))

    def features(self, inputs: Mapping[str, Tensor], mask: Tensor | None = None) -> dict[str, Tensor]:
        """Run the view-LSTMs of the modalities given, each on its modality alone.

        Args:
            inputs: Modalities by name, ``(N, T, d_x)``.
            mask: Which steps are real, boolean ``(N, T)``; None for all.

        Returns:
            Of each, ``(N, 1 + T, hidden)``: the hidden state after the last real step, then the cells after each
            step, the real ones in front.
        """
        found = {}
        for name, x in inputs.items():
            mask = real_steps(x, mask)
            hiddens, cells = self.views[name](to_front(x, mask).transpose(0, 1))
            found[name] = torch.cat([last_real(hiddens, mask).unsqueeze(0), cells]).transpose(0, 1)
        return found

    def summaries(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Features that a surrogate reads: the last hidden state of each modality, ``(N, hidden)``."""
        return {name: feature[:, 0] for name, feature in features.items()}

    def hidden(self, features: Mapping[str, Tensor], mask: Tensor | None = None) -> Tensor:
        """Features of all modalities -> the last hidden states and the memory, ``(N, sum of hidden + memory)``."""
        joined = torch.cat([features[name].transpose(0, 1) for name in self.views], dim=2)
        mask = real_steps(joined[1:].transpose(0, 1), mask)
        return torch.cat([joined[0], last_real(self.memories(joined[1:]), mask)], dim=1)

    def memories(self, cells: Tensor) -> Tensor:
        """Cells of all views after each step ``(T, N, sum of hidden)`` -> the memory after each, ``(T, N, memory)``."""
        both = torch.cat([torch.cat([torch.zeros_like(cells[:1]), cells[:-1]]), cells], dim=2)
        attended = torch.softmax(self.attend(both), dim=2) * both
        proposed = torch.tanh(self.propose(attended))
        # The two gates side by side. What they read of the attended cells is known before the memory is.
        first, second = zip(*((gate.get_submodule("0"), gate.get_submodule("3")) for gate in self.gates), strict=True)
        weight, bias = (torch.cat(pair) for pair in zip(*(layer.parameters() for layer in first), strict=True))
        seen = nn.functional.linear(attended, weight[:, : -self.size], bias)
        last = torch.stack([torch.cat([layer.weight, layer.bias.unsqueeze(1)], dim=1) for layer in second])
        return remember(seen, proposed, self.left_in(seen), weight[:, -self.size :], last, fast=self.training)

    def left_in(self, hidden: Tensor) -> Tensor | None:
        """Dropout factors of the gates' hidden layers, for all steps at once; None where it does nothing."""
        return nn.functional.dropout(torch.ones_like(hidden), self.dropout) if self.training and self.dropout else None

    def forward(self, features: Mapping[str, Tensor], mask: Tensor | None = None) -> Tensor:
        """Features of all modalities and the real steps ``(N, T)`` -> ``(N, d_out)``."""
        out: Tensor = self.read_out(self.hidden(features, mask))
        return out
