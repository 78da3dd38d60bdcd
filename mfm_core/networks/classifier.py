"""The discriminative systems of Figure 5(b): one modality (UM), or several fused late (MM), no generation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from torch import Tensor, nn

from mfm_core.config import ModelConfig
from mfm_core.networks import factory


class Discriminative(nn.Module):
    """Predicts the label from all its modalities, with the same encoder that MFM uses for Z_y.

    With one modality this is UM, with several MM. It also serves as the judge of generated pictures.

    Args:
        config: Modalities and label; the sizes of latents and factors are not used.
    """

    kind: ClassVar[Literal["discriminative"]] = "discriminative"
    """Kind of its stored models."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.fusion = factory.fusion(config, config.label.size).float()  # whatever torch's default is

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in order."""
        return tuple(self.config.modalities)

    def forward(self, inputs: Mapping[str, Tensor], mask: Tensor | None = None) -> Tensor:
        """All modalities by name, of sequences also the real steps -> logits ``(N, label.size)``."""
        logits: Tensor = self.fusion(self.fusion.features(inputs, mask), mask).float()
        return logits

    def penultimate(self, inputs: Mapping[str, Tensor], mask: Tensor | None = None) -> Tensor:
        """Input of the last linear layer, ``(N, hidden)``: the features of the Fréchet distance."""
        features = self.fusion.features(inputs, mask)
        return self.fusion.hidden(features, mask).float()
