"""Base of the systems of the family of MFM: sizes from the data, scaling, the training loop, prediction."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Self, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from mfm_core.config import (
    MAX_CHANNELS,
    PIXELS,
    ImageModality,
    MemoryConfig,
    Modality,
    ModelConfig,
    Positive,
    SequenceModality,
    Share,
)
from mfm_core.data.dataset import Dataset
from mfm_core.data.scaling import Scaling
from mfm_core.storage.folder import check_bounded
from mfm_core.systems.base import (
    DataSpec,
    OnReport,
    StreamSpec,
    System,
    SystemConfig,
    fitting_parts,
    take_weights,
)
from mfm_core.systems.parts.means import known_labels
from mfm_core.systems.parts.network import label_scale_of
from mfm_core.systems.parts.sequences import batches, fit_scalings, scalings_state, standardised_inputs, take_scalings
from mfm_core.training.loop import Task, TrainingConfig, train
from mfm_core.training.objective import ObjectiveConfig

OnValidation = Callable[[int, nn.Module], None]
SEQUENCES = ObjectiveConfig(
    mmd=2.0, label=200.0, reconstruction=10.0, label_cost="absolute", surrogate=1.0, surrogate_label=2.0
)
"""Weights of Eq. 4 for standardised sequences, whose reconstruction cost is that of a feature at a step.

They were chosen on validation data: with label 40 the mean absolute error of MFM was 0.60 instead of 0.54 on the 200
clips of the balanced studio world (1,000 training clips, seed 0), 0.45 instead of 0.40 on those of the language-led one
(seed 1) and 1.20 instead of 1.12 on CMU-MOSI (seed 0), at the same reconstruction: Z_y told too little of the score.
Noise on Z_y and its size mattered less.
"""
PIXEL = 1000.0
"""Weight of the mean squared error of a pixel."""


class FamilyConfig(SystemConfig):
    """Sizes and training of a system of the family; what is None is chosen by the data.

    Attributes:
        model: The architecture; None for one of the sizes below.
        d_y: Size of Z_y.
        d_a: Size of each Z_a.
        hidden: Width of the layers between.
        dropout: Of the memory of sequences.
        objective: Eq. 4; None for weights that suit the kind of the modalities.
        noise: Standard deviation of the noise on each Z_a before decoding, while training.
        noise_y: The same on Z_y.
        epochs: Passes over the training samples at most.
        patience: Validations, of which there is one an epoch at least, without a better score before training stops.
        batch_size: Samples a step.
        learning_rate: The highest.
        weight_decay: Of AdamW.
    """

    model: ModelConfig | None = None
    d_y: Positive = 8
    d_a: Positive = 8
    hidden: Positive = 64
    dropout: Share = 0.2
    objective: ObjectiveConfig | None = None
    noise: Share = 0.1
    noise_y: Share = 0.3
    epochs: Positive = 60
    patience: Positive = 15
    batch_size: Positive = 64
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 4e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.01

    @classmethod
    def search_space(cls) -> Mapping[str, tuple[bool | int | float | str, ...]]:
        """Sizes, noise and pace."""
        return {
            "d_y": (4, 8, 16),
            "d_a": (4, 8, 16),
            "dropout": (0.0, 0.2, 0.5),
            "noise_y": (0.1, 0.3, 0.6),
            "learning_rate": (1e-3, 2e-3, 4e-3, 8e-3),
        }


def model_of(config: FamilyConfig, spec: DataSpec, length: int) -> ModelConfig:
    """The architecture for a data set: that of the configuration, or one of its sizes.

    Args:
        config: The configuration.
        spec: What the data holds.
        length: Steps of the sequences that are drawn from the prior.

    Raises:
        ValueError: If the configuration's model reads or predicts something else, or a modality cannot be one.
    """
    if config.model is not None:
        read = spec_of(config.model)
        if any(spec.streams.get(name) != stream for name, stream in read.streams.items()) or read.label != spec.label:
            raise ValueError(f"config.model: expected one of {describe(spec)}, got one of {describe(read)}")
        return config.model
    memory = MemoryConfig(
        memory=config.hidden, attention=config.hidden, candidate=config.hidden, dropout=config.dropout
    )
    try:
        model = ModelConfig(
            modalities={name: _modality(name, stream, config) for name, stream in spec.streams.items()},
            label=spec.label,
            d_y=config.d_y,
            d_f=config.hidden // 2,
            features=config.hidden,
            hidden=config.hidden,
            memory=memory,
            length=length,
        )
    except ValueError as error:  # of names that no model can have, or sizes
        raise ValueError(f"train: {error}") from None
    check_bounded(model, "train")
    return model


def _modality(name: str, stream: StreamSpec, config: FamilyConfig) -> Modality:
    if stream.kind == "sequence":
        return SequenceModality(d_x=stream.shape[0], d_z=config.d_a, d_f=2 * config.d_a, hidden=config.hidden // 2)
    channels, *sides = stream.shape
    if channels > MAX_CHANNELS or not all(PIXELS[0] <= side <= PIXELS[1] for side in sides):
        raise ValueError(
            f"modalities.{name}: expected images (N, C, H, W) of 1 to {MAX_CHANNELS} channels and {PIXELS[0]} to "
            f"{PIXELS[1]} pixels each way, got {stream.shape}"
        )
    return image_modality(cast(tuple[int, int, int], stream.shape), config)


def image_modality(shape: tuple[int, int, int], config: FamilyConfig) -> ImageModality:
    """Levels of convolutions that halve an image down to 2 to 4 pixels, each twice as wide as the one before."""
    n_levels = max(1, min(4, math.ceil(math.log2(min(shape[1:]) / 4)) + 1))
    channels = tuple(16 * 2**level for level in range(n_levels))
    return ImageModality(
        shape=shape,
        d_z=config.d_a,
        d_f=2 * config.d_a,
        channels=channels,
        fusion_channels=channels,
        hidden=2 * config.hidden,
    )


def default_objective(model: ModelConfig) -> ObjectiveConfig:
    """Weights of Eq. 4 for standardised sequences, or for images, whose modalities count alike whatever their size."""
    if model.sequences:
        return SEQUENCES
    weights = {name: PIXEL / math.prod(m.shape) for name, m in model.images.items()}
    return ObjectiveConfig(mmd=100.0, label=20.0, reconstruction=weights, surrogate=2.0, surrogate_label=10.0)


def spec_of(model: ModelConfig) -> DataSpec:
    """The specification of what a model reads and predicts."""
    streams = {
        name: {"kind": m.kind, "shape": m.shape if isinstance(m, ImageModality) else (m.d_x,)}
        for name, m in model.modalities.items()
    }
    return DataSpec.model_validate({"streams": streams, "label": model.label.model_dump()})


def describe(spec: DataSpec) -> str:
    """Modalities, shapes and label, for a message."""
    streams = ", ".join(f"{name} {stream.shape}" for name, stream in spec.streams.items())
    return f"{streams} and {spec.label.size} {spec.label.kind}"


def scaling_of(train: Dataset) -> dict[str, Scaling]:
    """Scaling by which a data set was standardised, or else is to be: by the real steps of ``train``."""
    if train.mask is None:
        return {}
    if train.scaling is not None:
        return dict(train.scaling)
    return fit_scalings(train)


def standardised(data: Dataset, scaling: Mapping[str, Scaling]) -> Dataset:
    """Sequences as the networks read them; those that tell their own scaling are standardised already.

    Every real step of a modality that a sample has is standardised, zeros too: only the data can say whether they are
    an observation.
    """
    if data.mask is None or data.scaling is not None:
        return data
    return replace(data, modalities=standardised_inputs(data, scaling), scaling=scaling)


class FamilySystem(System):
    """A network of the family of MFM, and the scaling of what it reads.

    Args:
        config: Its configuration, whose ``model`` is the network's.
        spec: What it reads and predicts.
        network: The network, whose label is in its own units.
        scaling: Of sequences, by modality; empty for images.

    Attributes:
        network: Frozen, in evaluation mode.
    """

    def __init__(
        self, config: SystemConfig, spec: DataSpec, network: nn.Module, scaling: Mapping[str, Scaling]
    ) -> None:
        super().__init__(config, spec)
        self.network, self.scaling = network.cpu().eval().requires_grad_(requires_grad=False), dict(scaling)

    @classmethod
    @abstractmethod
    def task(cls, config: FamilyConfig, model: ModelConfig, parts: tuple[Dataset, Dataset], seed: int) -> Task:
        """The task of the loop on training and validation samples, standardised, with labels of mean 0 and spread 1."""

    @classmethod
    @abstractmethod
    def build(cls, model: ModelConfig) -> nn.Module:
        """The network without training."""

    @classmethod
    @abstractmethod
    def last_layer(cls, network: nn.Module) -> nn.Linear:
        """The layer that makes the label."""

    @abstractmethod
    def decide(self, data: Dataset) -> Tensor:
        """Logits or scores of standardised samples, ``(N, size)``."""

    @classmethod
    def architecture(cls, config: FamilyConfig, spec: DataSpec, length: int) -> ModelConfig:
        """The architecture for a data set, see :func:`model_of`."""
        return model_of(config, spec, length)

    @classmethod
    def fit(
        cls, config: SystemConfig, train: Dataset, validation: Dataset | None, *, seed: int, on_report: OnReport
    ) -> Self:
        """Train by the project's loop and keep the averaged weights of the best validation."""
        return cls.train(config, train, validation, seed=seed, on_report=on_report)

    @classmethod
    def train(
        cls,
        config: SystemConfig,
        train_on: Dataset,
        validation: Dataset | None,
        *,
        seed: int,
        on_report: OnReport,
        on_validation: OnValidation = lambda step, model: None,
        folder: Path | None = None,
        loop: TrainingConfig | None = None,
        stop: Callable[[int], bool] = lambda step: False,
    ) -> Self:
        """The same, with a folder to go on from and a call at each validation.

        ``loop`` replaces that of the configuration; ``stop`` is that of :func:`mfm_core.training.loop.train`.
        """
        family = cast(FamilyConfig, config)
        spec = cls.spec_of_data(family, train_on)
        train_on, validation = fitting_parts(train_on, validation, spec, seed)
        train_on, validation = known_labels(train_on), known_labels(validation)
        model = cls.architecture(family, spec, 1 if train_on.mask is None else train_on.mask.shape[1])
        scaling = {name: one for name, one in scaling_of(train_on).items() if name in model.modalities}
        label_scale = label_scale_of(train_on.labels, spec)
        parts = tuple(_prepared(part, scaling, label_scale, model) for part in (train_on, validation))
        task = cls.task(family, model, cast(tuple[Dataset, Dataset], parts), seed)
        loop = loop or loop_of(family, len(train_on), seed)
        steps = float(loop.steps)

        def report(step: int, terms: Mapping[str, float]) -> None:
            on_report(step, {**terms, "steps": steps})

        network = train(task, loop, folder, on_report=report, on_validation=on_validation, stop=stop)
        unscale(cls.last_layer(network), label_scale)
        facts = {"name": spec.name, "unit": spec.unit}
        read = spec_of(model).model_copy(update=facts)
        return cls(family.model_copy(update={"model": model}), read, network, scaling)

    @classmethod
    def spec_of_data(cls, config: FamilyConfig, train: Dataset) -> DataSpec:
        """The specification of what is read of a data set: everything, or what the configuration's model names."""
        spec = DataSpec.of(train)
        if config.model is None:
            return spec
        if unknown := [name for name in config.model.modalities if name not in spec.streams]:
            raise ValueError(f"config.model: expected modalities among {', '.join(spec.streams)}, got {unknown[0]!r}")
        label = config.model.label
        if spec.classes and label.kind == "classes" and label.size >= spec.label.size:
            spec = spec.model_copy(update={"label": label})  # classes that the training samples may lack
        return spec.model_copy(update={"streams": {name: spec.streams[name] for name in config.model.modalities}})

    def predict(self, dataset: Dataset) -> Tensor:
        """Logits ``(N, n_labels)``, or scores ``(N, size)`` in their own units."""
        data, out = self.prepared(dataset), torch.zeros(len(dataset), self.spec.label.size)
        with torch.no_grad():
            for rows in batches(len(dataset)):
                out[rows] = self.decide(data.take(rows)).float()
        return out

    def prepared(self, dataset: Dataset) -> Dataset:
        """The samples as the network reads them: its modalities, standardised by the training samples.

        Raises:
            ValueError: If ``dataset`` lacks a modality of the system, or has it in another shape.
        """
        self.spec.check(dataset)
        return standardised(dataset.only(tuple(self.spec.streams)), self.scaling)

    def state(self) -> dict[str, Tensor]:
        """The weights and the scaling."""
        weights = {f"network.{name}": x for name, x in self.network.state_dict().items()}
        return weights | scalings_state(self.scaling)

    @classmethod
    def from_state(cls, config: SystemConfig, spec: DataSpec, state: Mapping[str, Tensor]) -> Self:
        """Back from :meth:`state`."""
        family = cast(FamilyConfig, config)
        if family.model is None:
            raise ValueError("config.model: expected the architecture of the stored weights, got none")
        check_bounded(family.model, "config")
        with torch.device("meta"):
            network = cls.build(family.model)
        take_weights(network, state)
        return cls(config, spec, network, take_scalings(state, spec))


def _prepared(data: Dataset, scaling: Mapping[str, Scaling], label_scale: Tensor, model: ModelConfig) -> Dataset:
    """Modalities of the model, standardised, and scores of mean 0 and standard deviation 1."""
    data = standardised(data.only(tuple(model.modalities)), scaling)
    if model.label.kind == "classes":
        return data
    return replace(data, labels=(data.labels.float() - label_scale[0]) / label_scale[1])


def loop_of(config: FamilyConfig, n: int, seed: int) -> TrainingConfig:
    """The training loop for ``n`` samples: a validation at each epoch, or 20 steps, whichever is longer."""
    batches = max(1, math.ceil(n / config.batch_size))
    steps = min(config.epochs * batches, 65_536)
    return TrainingConfig(
        seed=seed,
        steps=steps,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        warmup=min(50, steps // 10),
        weight_decay=config.weight_decay,
        average=0.98,
        validate_every=max(batches, min(20, steps)),
        patience=config.patience,
    )


@torch.no_grad()
def unscale(layer: nn.Linear, label_scale: Tensor) -> None:
    """Make a layer that predicts standardised scores predict them in their own units."""
    mean, std = label_scale.to(layer.weight)
    layer.weight.mul_(std[:, None])
    layer.bias.mul_(std).add_(mean)
