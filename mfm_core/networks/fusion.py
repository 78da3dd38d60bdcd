"""Late fusion: the encoder Q(Z_y | X_1:M) for still data, and the surrogates that stand in for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mfm_core.config import ImageModality, ModelConfig
from mfm_core.networks.convolutional import ConvolutionalEncoder
from mfm_core.networks.fully_connected import fully_connected
from mfm_core.networks.residual import ResidualEncoder
from mfm_core.printing import short_repr


class LateFusion(nn.Module):
    """Features of each modality by a network of its own, then fully connected layers over all of them.

    Args:
        config: The model's configuration.
        d_out: Size of the output.
    """

    def __init__(self, config: ModelConfig, d_out: int) -> None:
        super().__init__()
        self.extractors = nn.ModuleDict(
            {name: _extractor(modality, config.features) for name, modality in config.images.items()}
        )
        self.join = nn.Linear(sum(config.widths.values()), config.hidden)
        self.read_out = nn.Linear(config.hidden, d_out)

    def features(self, inputs: Mapping[str, Tensor], _mask: Tensor | None = None) -> dict[str, Tensor]:
        """Features of the modalities given, each ``(N, features)``."""
        return {name: self.extractors[name](x) for name, x in inputs.items()}

    def summaries(self, features: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Features that a surrogate reads: all of them, ``(N, features)`` each."""
        return features

    def hidden(self, features: Mapping[str, Tensor], _mask: Tensor | None = None) -> Tensor:
        """Features of all modalities -> the layer before the output, ``(N, hidden)``."""
        joined = torch.cat([features[name] for name in self.extractors], dim=1)
        return nn.functional.silu(self.join(nn.functional.silu(joined)))

    def forward(self, features: Mapping[str, Tensor], _mask: Tensor | None = None) -> Tensor:
        """Features of all modalities -> ``(N, d_out)``."""
        out: Tensor = self.read_out(self.hidden(features))
        return out


def _extractor(modality: ImageModality, d_out: int) -> nn.Module:
    """Build the encoder of one modality for the fusion."""
    shape, channels, depth = modality.shape, modality.fusion_channels, modality.fusion_depth
    if modality.fusion == "residual":
        return ResidualEncoder(shape, channels, depth, d_out)
    return ConvolutionalEncoder(shape, channels, d_out, kernel=5, depth=depth, normalized=True)


@dataclass(frozen=True)
class Guess:
    """Inference of a surrogate for absent modalities.

    Attributes:
        y: The Z_y it holds possible, ``(N, K, d_y)``: one for each class of the label, or one alone for scores.
        logits: How likely it holds each, ``(N, K)``; None where there is one alone.
        a: Z_a of each absent modality, ``(N, d_a)``.
    """

    y: Tensor
    logits: Tensor | None
    a: Mapping[str, Tensor]

    __repr__ = short_repr

    def choose(self, labels: Tensor | None = None) -> Tensor:
        """Z_y of the given classes ``(N,)``, or of the likeliest ones: ``(N, d_y)``.

        Of an ambiguous picture the mean of all possible Z_y lies between the classes, where nothing real lies: a
        surrogate decides.
        """
        if self.logits is None:
            return self.y[:, 0]
        chosen = self.logits.argmax(1) if labels is None else labels
        return self.y[torch.arange(len(chosen), device=chosen.device), chosen]


class Surrogate(nn.Module):
    """Infers the missing blocks of Z from the features of the modalities that are present.

    Args:
        present: The modalities given.
        config: The model's configuration.
    """

    def __init__(self, present: tuple[str, ...], config: ModelConfig) -> None:
        super().__init__()
        self.present = present
        self.n_possible = config.label.size if config.label.kind == "classes" else 1
        n_logits = self.n_possible if self.n_possible > 1 else 0
        self.sizes = {"logits": n_logits, "y": self.n_possible * config.d_y}
        self.absent = {name: m.d_z for name, m in config.modalities.items() if name not in present}
        d_in = sum(config.widths[name] for name in present)
        d_out = sum(self.sizes.values()) + sum(self.absent.values())
        self.infer = nn.Sequential(nn.SiLU(), fully_connected(d_in, config.hidden, d_out))

    def forward(self, features: Mapping[str, Tensor]) -> Guess:
        """Summaries of the features -> Z_y and the Z_a of each absent modality."""
        inferred = self.infer(torch.cat([features[name] for name in self.present], dim=1)).float()
        logits, y, *rest = inferred.split([*self.sizes.values(), *self.absent.values()], dim=1)
        a = dict(zip(self.absent, rest, strict=True))
        return Guess(y.unflatten(1, (self.n_possible, -1)), logits if logits.shape[1] else None, a)
