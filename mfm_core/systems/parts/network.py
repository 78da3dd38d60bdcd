"""Systems that are one neural network of sequences: one training loop with early stopping for all of them."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from typing import Annotated, Self, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from mfm_core.config import Positive, Share
from mfm_core.data.dataset import Dataset
from mfm_core.systems.base import DataSpec, OnReport, System, SystemConfig, hold_out
from mfm_core.systems.parts.sequences import Standardiser, real_steps

PREDICT_BATCH = 256


class NetworkConfig(SystemConfig):
    """How a network is trained.

    Attributes:
        epochs: Passes over the training samples at most.
        patience: Epochs without a better validation cost before training stops.
        batch_size: Samples a step.
        learning_rate: Of AdamW.
        weight_decay: Of AdamW.
        dropout: Share of units left out where the network says so.
    """

    epochs: Positive = 60
    patience: Positive = 10
    batch_size: Positive = 64
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 1e-4
    dropout: Share = 0.1


class NetworkSystem(System):
    """A system that is one network ``(inputs, mask) -> (N, size)``; a subclass builds the network, and no more.

    Scores are learnt standardised by the training labels and given back in their own units.
    """

    def __init__(
        self, config: SystemConfig, spec: DataSpec, network: nn.Module, scale: Standardiser, label_scale: Tensor
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
    def fit(
        cls, config: SystemConfig, train: Dataset, validation: Dataset | None, *, seed: int, on_report: OnReport
    ) -> Self:
        """Train with AdamW and keep the weights of the best validation cost."""
        config = cast(NetworkConfig, config)
        spec = DataSpec.of(train)
        if validation is None:
            train, validation = hold_out(train, seed)
        scale, label_scale = Standardiser.fit(train), label_scale_of(train.labels, spec)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)  # of the weights' initialisation and of dropout
            network = _train(cls, config, spec, (train, validation), (scale, label_scale), seed, on_report)
        return cls(config, spec, network, scale, label_scale)

    def predict(self, dataset: Dataset) -> Tensor:
        """Logits ``(N, n_labels)``, or scores ``(N, size)`` in their own units."""
        self.spec.check(dataset)
        inputs, mask = self.scale.apply(dataset), real_steps(dataset)
        with torch.inference_mode():
            parts = [
                self.network({name: x[i] for name, x in inputs.items()}, mask[i])
                for i in torch.split(torch.arange(len(dataset)), PREDICT_BATCH)
            ]
        out = torch.cat(parts).float() if parts else torch.zeros(0, self.spec.label.size)
        # Out of inference mode, so that callers may use it in any computation.
        return (out if self.spec.classes else out * self.label_scale[1] + self.label_scale[0]).clone()

    def state(self) -> dict[str, Tensor]:
        """The weights, the scaling of features and that of labels."""
        weights = {f"network.{name}": x for name, x in self.network.state_dict().items()}
        return weights | self.scale.state() | {"label_scale": self.label_scale}

    @classmethod
    def from_state(cls, config: SystemConfig, spec: DataSpec, state: Mapping[str, Tensor]) -> Self:
        """Build the network without numbers and put the stored ones in."""
        with torch.device("meta"):
            network = cls.build(config, spec)
        expected = {name: x.shape for name, x in network.state_dict().items()}
        given = {name.removeprefix("network."): x for name, x in state.items() if name.startswith("network.")}
        if {name: x.shape for name, x in given.items()} != expected:
            unfit = next(n for n in (*expected, *given) if given.get(n, torch.empty(0)).shape != expected.get(n))
            raise ValueError(f"network.{unfit}: expected the shape {expected.get(unfit)} of the configuration")
        network.load_state_dict(given, assign=True)
        label_scale = state.get("label_scale")
        if label_scale is None or label_scale.shape != (2, spec.label.size):
            raise ValueError(f"label_scale: expected shape {(2, spec.label.size)}")
        return cls(config, spec, network, Standardiser.from_state(spec, state), label_scale)


def label_scale_of(labels: Tensor, spec: DataSpec) -> Tensor:
    """Mean and standard deviation of scores, ``(2, size)``; 0 and 1 for classes."""
    if spec.classes:
        return torch.stack([torch.zeros(spec.label.size), torch.ones(spec.label.size)])
    return torch.stack([labels.mean(0), labels.std(0, correction=0).clamp_min(1e-6)]).float()


def label_cost(out: Tensor, targets: Tensor, spec: DataSpec) -> Tensor:
    """Cross-entropy of classes, mean absolute error of standardised scores (the paper's metric and its code's cost)."""
    return nn.functional.cross_entropy(out, targets) if spec.classes else nn.functional.l1_loss(out, targets)


def _train(
    system: type[NetworkSystem],
    config: NetworkConfig,
    spec: DataSpec,
    data: tuple[Dataset, Dataset],
    scales: tuple[Standardiser, Tensor],
    seed: int,
    on_report: OnReport,
) -> nn.Module:
    scale, label_scale = scales
    (x, mask, y), (x_val, mask_val, y_val) = (
        (scale.apply(part), real_steps(part), _targets(part.labels, label_scale, spec)) for part in data
    )
    network = system.build(config, spec)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    generator = torch.Generator().manual_seed(seed)
    best, best_cost, best_epoch = deepcopy(network), math.inf, 0
    for epoch in range(1, config.epochs + 1):
        network.train()
        for batch in torch.split(torch.randperm(len(y), generator=generator), config.batch_size):
            inputs = {name: one[batch] for name, one in x.items()}
            cost = label_cost(network(inputs, mask[batch]), y[batch], spec)
            extra = system.extra_cost(config, network, inputs, mask[batch], y[batch])
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(cost if extra is None else cost + extra)
            nn.utils.clip_grad_norm_(network.parameters(), max_norm=5.0)
            optimizer.step()
        network.eval()
        with torch.inference_mode():
            validation_cost = float(label_cost(network(x_val, mask_val), y_val, spec))
        if not math.isfinite(validation_cost):
            raise ValueError(f"training: the validation cost of epoch {epoch} is {validation_cost}, expected a number")
        on_report(epoch, {"validation_cost": validation_cost, "epochs": float(config.epochs)})
        if validation_cost < best_cost:
            best, best_cost, best_epoch = deepcopy(network), validation_cost, epoch
        elif epoch - best_epoch >= config.patience:
            break
    return best


def _targets(labels: Tensor, label_scale: Tensor, spec: DataSpec) -> Tensor:
    return labels if spec.classes else ((labels - label_scale[0]) / label_scale[1]).float()
