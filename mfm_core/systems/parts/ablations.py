"""Base of the systems M_A to M_E."""

from __future__ import annotations

from typing import ClassVar, cast

from torch import Tensor, nn

from mfm_core.config import ModelConfig
from mfm_core.data.dataset import Dataset
from mfm_core.networks.ablation import DESIGNS, Ablation
from mfm_core.systems.parts.family import FamilyConfig, FamilySystem, default_objective
from mfm_core.training.ablations import AblationTask
from mfm_core.training.common import filled_inputs, seeded
from mfm_core.training.loop import Task

PAPER = "Tsai et al. (2019), Figure 6 and Table 2"


class AblationSystem(FamilySystem):
    """A fitted ablation of the sizes, weights and training of MFM.

    A modality that a sample lacks is filled: mid-grey for images, the mean for sequences. The paper does not say what
    its ablations do of those; they have no surrogates.

    Attributes:
        letter: Its name in :data:`DESIGNS`.
    """

    letter: ClassVar[str]

    @classmethod
    def build(cls, model: ModelConfig) -> nn.Module:
        """The ablation without training."""
        return Ablation(model, DESIGNS[cls.letter])

    @classmethod
    def last_layer(cls, network: nn.Module) -> nn.Linear:
        """D."""
        return cast(Ablation, network).label_head

    @classmethod
    def task(cls, config: FamilyConfig, model: ModelConfig, parts: tuple[Dataset, Dataset], seed: int) -> Task:
        """The task of the remaining terms of Eq. 4."""
        network = cast(Ablation, seeded(lambda: cls.build(model), seed))
        objective = config.objective or default_objective(model)
        return AblationTask(network, objective, config.noise, config.noise_y, parts)

    def decide(self, data: Dataset) -> Tensor:
        """The label as the ablation predicts it."""
        network = cast(Ablation, self.network)
        decided: Tensor = network(filled_inputs(data, network.modalities), data.mask)
        return decided
