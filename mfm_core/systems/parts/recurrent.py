"""LSTMs as systems use them: stacked or bidirectional, over the real steps of each sequence alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mfm_core.networks.lstm import LSTM
from mfm_core.networks.steps import in_front, last_real, to_front


def start_remembering(lstm: LSTM) -> LSTM:
    """The LSTM with its forget gates open at first (bias 1, Jozefowicz et al. 2015) and orthogonal recurrences."""
    hidden = lstm.step.in_features
    with torch.no_grad():
        for gate in torch.split(lstm.step.weight, hidden):
            nn.init.orthogonal_(gate)
        lstm.read.bias.zero_()
        lstm.read.bias[hidden : 2 * hidden] = 1
    return lstm


def reverse(x: Tensor, mask: Tensor) -> Tensor:
    """Sequences with their real steps in front, ``(N, T, d)``, read backwards; padding stays behind."""
    steps = torch.arange(x.shape[1], device=x.device)
    place = torch.where(mask, mask.sum(1, keepdim=True) - 1 - steps, steps).unsqueeze(2).expand_as(x)
    return x.gather(1, place)


class Recurrence(nn.Module):
    """Layers of LSTMs, each forwards or in both directions; what a layer makes of a step is what the next one reads.

    Args:
        d_in: Features of a step.
        hidden: Width of each LSTM.
        layers: How many, one above the other.
        bidirectional: Whether each layer has a second LSTM that reads backwards.
        dropout: Share of units left out between two layers.
    """

    def __init__(
        self, d_in: int, hidden: int, *, layers: int = 1, bidirectional: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        directions = 2 if bidirectional else 1
        self.size = directions * hidden
        self.layers = nn.ModuleList(
            nn.ModuleList(start_remembering(LSTM(self.size if layer else d_in, hidden)) for _ in range(directions))
            for layer in range(layers)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Read sequences.

        Args:
            x: ``(N, T, d_in)``, with the real steps anywhere.
            mask: Real steps, ``(N, T)``.

        Returns:
            Hidden states of the last layer after each step, ``(N, T, size)``, real ones in front; and the last of each
            direction, ``(N, size)``: after the last real step forwards, after the first one backwards.
        """
        x, front = to_front(x, mask), in_front(mask)
        last: list[Tensor] = []
        for index, directions in enumerate(self.layers):
            x = self.dropout(x) if index else x
            made, last = [], []
            for backwards, lstm in enumerate(directions.children()):
                hiddens, _ = lstm((reverse(x, front) if backwards else x).transpose(0, 1))
                last.append(last_real(hiddens, front))
                states = hiddens.transpose(0, 1)
                made.append(reverse(states, front) if backwards else states)
            x = torch.cat(made, dim=2)
        return x, torch.cat(last, dim=1)


def read_out(d_in: int, hidden: int, d_out: int, dropout: float) -> nn.Sequential:
    """Head of most systems: dropout, a hidden layer of rectified units, dropout, a linear layer."""
    return nn.Sequential(
        nn.Dropout(dropout), nn.Linear(d_in, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, d_out)
    )
