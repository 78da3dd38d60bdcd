"""Systems that are one neural network of sequences: how it is fitted, predicts and is stored, in one place for all."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, cast

import torch
from torch import Tensor, nn

from mfm_core.data.dataset import Dataset
from mfm_core.data.scaling import Scaling
from mfm_core.printing import short_repr
from mfm_core.systems.base import DataSpec, OnReport, System, SystemConfig, fitting_parts, take_tensor, take_weights
from mfm_core.systems.parts.sequences import (
    batches,
    fit_scalings,
    real_steps,
    scalings_state,
    standardised_inputs,
    take_scalings,
)
from mfm_core.systems.parts.training import Task, TrainingConfig, train
from mfm_core.training.objective import label_cost

SCORE_COST = "absolute"
"""Cost of a standardised score: the paper's metric, and its code's cost."""


class NetworkConfig(TrainingConfig):
    """Base of the configurations of systems that are one network."""


@dataclass(frozen=True)
class Samples:
    """Samples as a network reads them.

    Attributes:
        inputs: By modality, standardised, ``(N, T, d)``.
        mask: Real steps, ``(N, T)``.
        targets: Classes ``(N,)``, or standardised scores ``(N, size)``, NaN where not known.
        ids: Names of the samples, where they have any.
    """

    inputs: Mapping[str, Tensor]
    mask: Tensor
    targets: Tensor
    ids: tuple[str, ...] | None = None

    __repr__ = short_repr

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, index: Tensor) -> Samples:
        """The samples at ``index``, without their names."""
        return Samples({name: x[index] for name, x in self.inputs.items()}, self.mask[index], self.targets[index])


@dataclass(frozen=True)
class NetworkData:
    """All that a network is trained on.

    Attributes:
        spec: What it reads and predicts.
        train: Samples to learn from.
        validation: Samples for early stopping.
    """

    spec: DataSpec
    train: Samples
    validation: Samples

    __repr__ = short_repr


class NetworkSystem(System):
    """A system that is one network ``(inputs, mask) -> (N, size)``; a subclass builds the network, and no more.

    Scores are learnt standardised by the training labels and given back in their own units; scores that are not known
    (NaN) are left out. A missing modality is 0 at every step, the mean of the training samples.
    """

    def __init__(
        self,
        config: SystemConfig,
        spec: DataSpec,
        network: nn.Module,
        scale: Mapping[str, Scaling],
        label_scale: Tensor,
    ) -> None:
        super().__init__(config, spec)
        self.network, self.scale = network.eval().requires_grad_(requires_grad=False), scale
        self.label_scale = label_scale  # (2, size): mean and standard deviation of scores

    @classmethod
    @abstractmethod
    def build(cls, config: SystemConfig, spec: DataSpec) -> nn.Module:
        """The network: ``forward(inputs, mask)`` with ``inputs`` by modality ``(N, T, d)``, real steps anywhere."""

    @classmethod
    def extra_cost(
        cls, config: SystemConfig, network: nn.Module, inputs: Mapping[str, Tensor], mask: Tensor, targets: Tensor
    ) -> Tensor | None:
        """A cost beside that of the label, or None; drawn on by systems with further terms."""
        del config, network, inputs, mask, targets
        return None

    @classmethod
    def train_network(cls, config: SystemConfig, data: NetworkData, *, seed: int, on_report: OnReport) -> nn.Module:
        """Train the network of :meth:`build` with :func:`mfm_core.systems.parts.training.train`."""
        return train(task_of(cls, config, data), cast(NetworkConfig, config), seed, on_report)

    @classmethod
    def fit(
        cls, config: SystemConfig, train: Dataset, validation: Dataset | None, *, seed: int, on_report: OnReport
    ) -> Self:
        """Train with AdamW and keep the weights of the best validation cost."""
        spec = DataSpec.of(train)
        train, validation = fitting_parts(train, validation, spec, seed)
        scale, label_scale = fit_scalings(train), label_scale_of(train.labels, spec)
        samples, held_out = (
            Samples(
                standardised_inputs(part, scale), real_steps(part), targets_of(part.labels, label_scale, spec), part.ids
            )
            for part in (train, validation)
        )
        data = NetworkData(spec, samples, held_out)
        network = cls.train_network(config, data, seed=seed, on_report=on_report)
        return cls(config, spec, network, scale, label_scale)

    def predict(self, dataset: Dataset) -> Tensor:
        """Logits ``(N, n_labels)``, or scores ``(N, size)`` in their own units."""
        self.spec.check(dataset)
        inputs, mask = standardised_inputs(dataset, self.scale), real_steps(dataset)
        with torch.inference_mode():
            parts = [self.network({name: x[i] for name, x in inputs.items()}, mask[i]) for i in batches(len(dataset))]
        out = torch.cat(parts).float() if parts else torch.zeros(0, self.spec.label.size)
        # Out of inference mode, so that callers may use it in any computation.
        return (out if self.spec.classes else out * self.label_scale[1] + self.label_scale[0]).clone()

    def state(self) -> dict[str, Tensor]:
        """The weights, the scaling of features and that of labels."""
        weights = {f"network.{name}": x for name, x in self.network.state_dict().items()}
        return weights | scalings_state(self.scale) | {"label_scale": self.label_scale}

    @classmethod
    def from_state(cls, config: SystemConfig, spec: DataSpec, state: Mapping[str, Tensor]) -> Self:
        """Build the network without numbers and put the stored ones in."""
        with torch.device("meta"):
            network = cls.build(config, spec)
        take_weights(network, state)
        label_scale = take_tensor(state, "label_scale", (2, spec.label.size))
        return cls(config, spec, network, take_scalings(state, spec), label_scale)


def task_of(system: type[NetworkSystem], config: SystemConfig, data: NetworkData) -> Task:
    """The training of a system's network by the cost of the label, and by what it has beside that."""
    spec, samples, held_out = data.spec, data.train, data.validation

    def cost(network: nn.Module, batch: Tensor) -> Tensor:
        some = samples.take(batch)
        label = label_cost(network(some.inputs, some.mask), some.targets, spec.label, SCORE_COST)
        extra = system.extra_cost(config, network, some.inputs, some.mask, some.targets)
        return label if extra is None else label + extra

    def validate(network: nn.Module) -> Tensor:
        return label_cost(network(held_out.inputs, held_out.mask), held_out.targets, spec.label, SCORE_COST)

    constant = constant_cost(samples.targets, held_out.targets, spec)
    return Task(lambda: system.build(config, spec), cost, validate, len(samples), constant)


def label_scale_of(labels: Tensor, spec: DataSpec) -> Tensor:
    """Mean and standard deviation of the known scores, ``(2, size)``; 0 and 1 for classes, or where none is known."""
    if spec.classes:
        return torch.stack([torch.zeros(spec.label.size), torch.ones(spec.label.size)])
    mean = labels.nanmean(0)
    spread = (labels - mean).square().nanmean(0).sqrt()
    return torch.stack([mean.nan_to_num(0), spread.nan_to_num(1).clamp_min(1e-6)]).float()


def constant_cost(targets: Tensor, held_out: Tensor, spec: DataSpec) -> float:
    """Cost on ``held_out`` of the frequencies of the classes of ``targets``, or of the median of each score."""
    if spec.classes:
        frequencies = torch.bincount(targets, minlength=spec.label.size) / len(targets)
        best = frequencies.clamp_min(1e-6).log()
    else:
        best = targets.nanmedian(dim=0).values.nan_to_num(0)
    return float(label_cost(best.expand(len(held_out), -1), held_out, spec.label, SCORE_COST))


def targets_of(labels: Tensor, label_scale: Tensor, spec: DataSpec) -> Tensor:
    """Labels as they are learnt: classes ``(N,)`` as they are, scores ``(N, size)`` standardised."""
    return labels if spec.classes else ((labels - label_scale[0]) / label_scale[1]).float()
