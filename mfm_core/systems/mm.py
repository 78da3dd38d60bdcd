"""MM: all modalities fused late, and the label predicted, with no generation (Figure 5(b))."""

from __future__ import annotations

from typing import ClassVar, Literal, cast

import torch
from torch import Tensor, nn

from mfm_core.config import ModelConfig
from mfm_core.data.dataset import Dataset
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.folder import StoredModel
from mfm_core.systems.base import SystemConfig
from mfm_core.systems.parts.family import FamilyConfig
from mfm_core.systems.parts.stored_as_model import StoredAsModel
from mfm_core.systems.registry import register_system
from mfm_core.training.classifiers import ClassifierTask
from mfm_core.training.common import filled_inputs, seeded
from mfm_core.training.loop import Task


class MultimodalConfig(FamilyConfig):
    """See :class:`FamilyConfig`; the sizes of codes and the noise on them are not used."""

    system: Literal["mm"] = "mm"


@register_system(
    "mm", title="MM", paper="Ngiam et al. (2011), Multimodal deep learning, ICML", reads=("image", "sequence"), place=32
)
class Multimodal(StoredAsModel):
    """The encoder that MFM uses for Z_y, with the label in its place.

    A modality that a sample lacks is filled: mid-grey for images, the mean for sequences.
    """

    Config: ClassVar[type[SystemConfig]] = MultimodalConfig

    @property
    def model(self) -> Discriminative:
        """The classifier itself."""
        return cast(Discriminative, self.network)

    @classmethod
    def reads_back(cls, stored: StoredModel) -> bool:
        """Every stored classifier of several modalities."""
        return stored.kind == Discriminative.kind and len(stored.model.modalities) > 1

    @classmethod
    def build(cls, model: ModelConfig) -> nn.Module:
        """A classifier without training."""
        return Discriminative(model)

    @classmethod
    def last_layer(cls, network: nn.Module) -> nn.Linear:
        """The last layer of the fusion."""
        return cast(Discriminative, network).fusion.read_out

    @classmethod
    def task(cls, config: FamilyConfig, model: ModelConfig, parts: tuple[Dataset, Dataset], seed: int) -> Task:
        """The label cost alone."""
        score_cost = "absolute" if config.objective is None else config.objective.label_cost
        return ClassifierTask(seeded(lambda: Discriminative(model), seed), score_cost, parts)

    def decide(self, data: Dataset) -> Tensor:
        """The classifier's prediction."""
        out: Tensor = torch.as_tensor(self.model(filled_inputs(data, self.model.modalities), data.mask))
        return out
