"""Late fusion: the encoder Q(Z_y | X_1:M) for still data, and the surrogates that stand in for it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mfm_core.config import ModelConfig
from mfm_core.networks.convolutional import ConvolutionalEncoder
from mfm_core.networks.fully_connected import fully_connected


class LateFusion(nn.Module):
    """Features of each modality by a network of its own, then fully connected layers over all of them.

    Args:
        config: The model's configuration.
        d_out: Size of the output.
    """

    def __init__(self, config: ModelConfig, d_out: int) -> None:
        super().__init__()
        self.extractors = nn.ModuleDict(
            {
                name: ConvolutionalEncoder(
                    modality.shape,
                    modality.fusion_channels,
                    config.features,
                    kernel=5,
                    depth=modality.fusion_depth,
                    normalized=True,
                )
                for name, modality in config.images.items()
            }
        )
        self.join = nn.Linear(sum(config.widths.values()), config.hidden)
        self.read_out = nn.Linear(config.hidden, d_out)

    def features(self, inputs: Mapping[str, Tensor], _mask: Tensor | None = None) -> dict[str, Tensor]:
        """Features of the modalities given, each ``(N, features)``."""
        return {name: self.extractors[name](x) for name, x in inputs.items()}

    def summaries(self, features: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """What a surrogate reads of the features: all of them, ``(N, features)`` each."""
        return features

    def hidden(self, features: Mapping[str, Tensor], _mask: Tensor | None = None) -> Tensor:
        """Features of all modalities -> the layer before the output, ``(N, hidden)``."""
        joined = torch.cat([features[name] for name in self.extractors], dim=1)
        return nn.functional.silu(self.join(nn.functional.silu(joined)))

    def forward(self, features: Mapping[str, Tensor], _mask: Tensor | None = None) -> Tensor:
        """Features of all modalities -> ``(N, d_out)``."""
        out: Tensor = self.read_out(self.hidden(features))
        return out


class Surrogate(nn.Module):
    """Infers the missing blocks of Z from the features of the modalities that are present.

    Args:
        present: The modalities given.
        config: The model's configuration.
    """

    def __init__(self, present: tuple[str, ...], config: ModelConfig) -> None:
        super().__init__()
        self.present = present
        self.sizes = {"y": config.d_y} | {
            name: modality.d_z for name, modality in config.modalities.items() if name not in present
        }
        d_in = sum(config.widths[name] for name in present)
        self.infer = nn.Sequential(nn.SiLU(), fully_connected(d_in, config.hidden, sum(self.sizes.values())))

    def forward(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Summaries of the features -> Z_y and the Z_a of each absent modality."""
        inferred = self.infer(torch.cat([features[name] for name in self.present], dim=1))
        return dict(zip(self.sizes, inferred.split(list(self.sizes.values()), dim=1), strict=True))
