"""Training task of the systems that predict the label and generate nothing, on images or on sequences."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from mfm_core.data.batches import shuffled_batches
from mfm_core.data.dataset import Dataset
from mfm_core.networks.classifier import Discriminative
from mfm_core.training.common import filled_inputs, label_report
from mfm_core.training.loop import Report
from mfm_core.training.objective import label_cost


class ClassifierTask:
    """The label cost alone; absent modalities are filled, see :func:`filled_inputs`.

    Args:
        model: What predicts the label.
        score_cost: Cost of a score.
        parts: Training and validation samples, sequences standardised.
    """

    def __init__(self, model: Discriminative, score_cost: str, parts: tuple[Dataset, Dataset]) -> None:
        self.model, self.score_cost = model, score_cost
        self.train, self.validation = parts
        self.helpers: dict[str, tuple[nn.Module, torch.optim.Optimizer]] = {}

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """Each training sample once, in a new order; the last batch may be smaller, but has two samples at least."""
        return shuffled_batches(len(self.train), batch_size, generator, least=2)

    def loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """The label cost on one batch."""
        del generator
        data = self.train.take(batch)
        decided = self.model(filled_inputs(data, self.model.modalities), data.mask)
        return label_cost(decided, data.labels, self.model.config.label, self.score_cost), {}

    def validate(self, model: nn.Module) -> tuple[float, Report]:
        """See :func:`label_report`."""
        classifier, data = cast(Discriminative, model), self.validation
        decided = classifier(filled_inputs(data, classifier.modalities), data.mask)
        return label_report(decided, data.labels, classifier.config.label)
