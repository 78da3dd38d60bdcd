"""Weights from which a recurrent autoencoder of sequences begins as a linear one, at the principal components.

From random weights an LSTM takes thousands of steps to find what a principal component analysis computes at once. Some
hidden units, as many as numbers pass between the code and a step, begin as nearly linear copies of what they read; all
others begin at random and learn what is not linear. Where a step has fewer features than these numbers, or an LSTM
fewer hidden units, only so many of the numbers begin so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from mfm_core.model import MFM
from mfm_core.networks.recurrent import RecurrentDecoder, RecurrentEncoder
from mfm_core.networks.step_maps import GatherSteps, SpreadSteps
from mfm_core.networks.steps import to_front

OPEN = 2.0  # before the sigmoid: gates i and o of a copying unit; gate f is as far closed
SMALL = 0.15  # what a copying unit multiplies what it reads with, so that tanh is nearly linear
ASIDE = 0.3  # what the weights of all other units of a decoder are multiplied with
LEAST = 0.05  # standard deviation of a component below which it is not blown up to 1


@torch.no_grad()
def start_linear(model: MFM, sequences: Mapping[str, Tensor], mask: Tensor) -> None:
    """Let encoders of Z_a, G_a and decoders begin as a linear autoencoder whose codes have variance 1.

    Args:
        model: A model whose modalities have maps for each step (``step_width``), a residual G_a, and F_a as large as
            Z_a.
        sequences: Training sequences of each modality, ``(N, T, d_x)``.
        mask: Their real steps, ``(N, T)``.
    """
    for name, x in sequences.items():
        modality = model.config.sequences[name]
        encoder = cast(RecurrentEncoder, model.encoders_a[name])
        decoder = cast(RecurrentDecoder, model.decoders[name])
        length = model.config.length
        fronted = to_front(x, mask)[:, :length]
        fronted = nn.functional.pad(fronted, (0, 0, 0, length - fronted.shape[1]))
        axes = torch.linalg.svd(x[mask] - x[mask].mean(0), full_matrices=False).Vh
        units = encoder.lstm.step.in_features, decoder.step.in_features
        within = axes[: min(cast(int, modality.step_width), *units)]  # (width, d_x)
        width = len(within)
        numbers = (fronted @ within.T).flatten(1)  # (N, length * width)
        mean = numbers.mean(0)
        values, vectors = torch.linalg.eigh((numbers - mean).T @ (numbers - mean) / len(numbers))
        size = min(modality.d_z, len(values))
        spread = values.flip(0)[:size].clamp_min(LEAST**2).sqrt()
        across = vectors.flip(1)[:, :size]  # (length * width, size)
        _start_encoder(encoder, within, across / spread, mean)
        linear = cast(nn.Linear, cast(nn.Sequential, model.g_a[name])[0])
        nn.init.eye_(linear.weight)
        linear.bias.zero_()
        _start_decoder(decoder, within, across * spread, mean.view(length, width))


def _start_encoder(encoder: RecurrentEncoder, within: Tensor, across: Tensor, mean: Tensor) -> None:
    """Code = across^T (numbers - mean), where the numbers of a step are ``within`` times its features."""
    width, hidden = len(within), encoder.lstm.step.in_features
    _copying(encoder.lstm.read.bias, encoder.lstm.step.weight, width, hidden)
    rows = encoder.lstm.read.weight.view(4, hidden, -1)  # gates i, f, g, o
    rows[:, :width] = 0
    rows[2, :width] = SMALL * within
    read_out = cast(GatherSteps, encoder.read_out)
    read_out.narrow.weight[:width] = 0
    read_out.narrow.weight[:width, :width] = torch.eye(width) / _gain()
    read_out.join.weight.zero_()
    joined = read_out.join.weight.view(-1, read_out.length, read_out.width)  # of each number of each step
    joined[: across.shape[1], :, :width] = across.T.view(-1, read_out.length, width)
    read_out.join.bias.zero_()
    read_out.join.bias[: across.shape[1]] = -across.T @ mean
    if isinstance(encoder.read_out_backwards, GatherSteps):
        encoder.read_out_backwards.join.weight.mul_(ASIDE)


def _start_decoder(decoder: RecurrentDecoder, within: Tensor, across: Tensor, mean: Tensor) -> None:
    """Numbers of all steps = across code + mean, and the features of a step are ``within^T`` times its numbers."""
    width, hidden = len(within), decoder.step.in_features
    spread, place = cast(SpreadSteps, decoder.spread), cast(nn.Embedding, decoder.place)
    _copying(decoder.start.bias, decoder.step.weight, width, hidden)
    parted = spread.part.weight.view(spread.length, spread.width, -1)
    parted[:, :width, : across.shape[1]] = across.view(spread.length, width, -1)
    for weight in (decoder.start.weight, spread.widen.weight, place.weight.T):
        rows = weight.view(4, hidden, -1)
        rows[:, width:] *= ASIDE
    size = across.shape[1]
    decoder.start.weight.view(4, hidden, -1)[:, :width, :size] = 0
    spread.widen.weight.view(4, hidden, -1)[:, :width] = 0
    spread.widen.weight.view(4, hidden, -1)[2, :width, :width] = SMALL * torch.eye(width)
    place.weight.T.view(4, hidden, -1)[:, :width] = 0
    place.weight.T.view(4, hidden, -1)[2, :width] = SMALL * mean.T
    decoder.out.weight.mul_(ASIDE)
    decoder.out.weight[:, :width] = within.T / _gain()
    decoder.out.bias.zero_()


def _copying(bias: Tensor, step: Tensor, width: int, hidden: int) -> None:
    """Let the first hidden units pass on what they read, and remember next to nothing."""
    gates = bias.view(4, hidden)
    gates[:, :width] = torch.tensor([OPEN, -OPEN, 0.0, OPEN])[:, None]
    step.view(4, hidden, -1)[:, :width] = 0


def _gain() -> float:
    """Factor by which a copying unit multiplies small numbers, from its input to its hidden state."""
    return SMALL * float(torch.sigmoid(torch.tensor(OPEN))) ** 2
