"""The Memory Fusion Network (Zadeh et al., AAAI 2018): the encoder Q(Z_y | X_1:M) for sequences."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mfm_core.config import ModelConfig
from mfm_core.networks.recurrent import LSTM
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
        self.keep = self._layers(d_cells + memory.memory, memory.gate, memory.memory)
        self.add = self._layers(d_cells + memory.memory, memory.gate, memory.memory)
        self.read_out = nn.Linear(d_cells // 2 + memory.memory, d_out)

    def _layers(self, d_in: int, hidden: int, d_out: int) -> nn.Sequential:
        return nn.Sequential(nn.Linear(d_in, hidden), nn.ReLU(), nn.Dropout(self.dropout), nn.Linear(hidden, d_out))

    def features(self, inputs: Mapping[str, Tensor], mask: Tensor | None = None) -> dict[str, Tensor]:
        """What the view-LSTMs of the modalities given make of them, each from its modality alone.

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
            hiddens, cells = self.views[name](to_front(x, mask))
            found[name] = torch.cat([last_real(hiddens, mask).unsqueeze(1), cells], dim=1)
        return found

    def summaries(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What a surrogate reads of the features: the last hidden state of each modality, ``(N, hidden)``."""
        return {name: feature[:, 0] for name, feature in features.items()}

    def hidden(self, features: Mapping[str, Tensor], mask: Tensor | None = None) -> Tensor:
        """Features of all modalities -> the last hidden states and the memory, ``(N, sum of hidden + memory)``."""
        joined = torch.cat([features[name] for name in self.views], dim=2)
        cells = joined[:, 1:]
        return torch.cat([joined[:, 0], last_real(self.memories(cells), real_steps(cells, mask))], dim=1)

    def memories(self, cells: Tensor) -> Tensor:
        """Cells of all views after each step ``(N, T, sum of hidden)`` -> the memory after each, ``(N, T, memory)``."""
        before = nn.functional.pad(cells[:, :-1], (0, 0, 1, 0))
        both = torch.cat([before, cells], dim=2)
        attended = torch.softmax(self.attend(both), dim=2) * both
        proposed = torch.tanh(self.propose(attended))
        memory = attended.new_zeros(len(cells), self.size)
        memories = []
        for t in range(cells.shape[1]):
            state = torch.cat([attended[:, t], memory], dim=1)
            memory = torch.sigmoid(self.keep(state)) * memory + torch.sigmoid(self.add(state)) * proposed[:, t]
            memories.append(memory)
        return torch.stack(memories, dim=1)

    def forward(self, features: Mapping[str, Tensor], mask: Tensor | None = None) -> Tensor:
        """Features of all modalities and the real steps ``(N, T)`` -> ``(N, d_out)``."""
        out: Tensor = self.read_out(self.hidden(features, mask))
        return out
