"""Training task of the ablations M_A to M_E: Eq. 4 with what is left of it, on images or on sequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from mfm_core.config import weighed
from mfm_core.data.batches import shuffled_batches
from mfm_core.data.dataset import Dataset
from mfm_core.networks.ablation import Ablation
from mfm_core.training.common import filled_inputs, label_report, presence, with_noise
from mfm_core.training.loop import Report
from mfm_core.training.objective import (
    ObjectiveConfig,
    block_prior_cost,
    label_cost,
    reconstruction_costs,
)
from mfm_core.training.videos import masked_errors


class AblationTask:
    """The label cost, and with a hybrid objective the reconstruction and the MMD of the joint Z to the prior.

    Absent modalities are filled, see :func:`filled_inputs`, and cost nothing: an ablation has no surrogates.

    Args:
        model: The ablation.
        objective: The weights of Eq. 4.
        noise: Standard deviation of the noise on the generative factor of M_A, while training.
        noise_y: The same on all other codes.
        parts: Training and validation samples, sequences standardised.
    """

    def __init__(
        self,
        model: Ablation,
        objective: ObjectiveConfig,
        noise: float,
        noise_y: float,
        parts: tuple[Dataset, Dataset],
    ) -> None:
        self.model, self.objective, self.noise, self.noise_y = model, objective, noise, noise_y
        self.train, self.validation = parts
        self.helpers: dict[str, tuple[nn.Module, torch.optim.Optimizer]] = {}

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """Each training sample once, in a new order; the last batch may be smaller, but has two samples at least."""
        return shuffled_batches(len(self.train), batch_size, generator, least=2)

    def loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """The remaining terms of Eq. 4 on one batch."""
        model, objective, data = self.model, self.objective, self.train.take(batch)
        codes = model.encode(filled_inputs(data, model.modalities), data.mask)
        noisy = {
            name: with_noise(z, self.noise if name == "a" else self.noise_y, generator) for name, z in codes.items()
        }
        made = model.decode(noisy, data.mask)
        terms = {}
        if model.design.generates:
            costs = self.errors(data, made.generated)
            terms = {f"error_{name}": cost for name, cost in weighed(costs, objective.reconstruction).items()}
            prior = {name: torch.randn(z.shape, generator=generator) for name, z in noisy.items()}
            terms["mmd"] = objective.mmd * block_prior_cost(noisy, prior, objective)
        cost = label_cost(made.label, data.labels, model.config.label, objective.label_cost)
        terms["label"] = objective.label * cost
        return torch.stack(list(terms.values())).sum(), terms

    def errors(self, data: Dataset, generated: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Reconstruction cost of the modalities that the samples have."""
        has = presence(data, self.model.modalities)
        if data.mask is not None:
            steps = {name: data.mask & has[:, [i]] for i, name in enumerate(self.model.modalities)}
            return masked_errors(data.modalities, generated, steps)
        costs: dict[str, Tensor] = {}
        for i, name in enumerate(self.model.modalities):
            there = has[:, i].nonzero().squeeze(1)
            of = {name: data.modalities[name][there]}
            costs |= reconstruction_costs(of, {name: generated[name][there]}) if len(there) else {name: torch.zeros(())}
        return costs

    def validate(self, model: nn.Module) -> tuple[float, Report]:
        """Accuracy less a little cross-entropy, or the negated error of the scores in their standard deviations."""
        ablation, data = cast(Ablation, model), self.validation
        decided = ablation(filled_inputs(data, ablation.modalities), data.mask)
        return label_report(decided, data.labels, ablation.config.label)
