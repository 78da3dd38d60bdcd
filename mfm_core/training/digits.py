"""Training on SVHN-MNIST: pairs drawn anew, and the discriminative systems UM, MM, readers and judges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

import torch
from pydantic import model_validator
from torch import Tensor, nn

from mfm_core.config import ImageModality, ModelConfig, Share
from mfm_core.data.sets.svhn_mnist import NAME as PAIRS
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.networks.classifier import Discriminative
from mfm_core.training.augmentation import Augmentation, augment
from mfm_core.training.common import check_each, seeded
from mfm_core.training.loop import Report
from mfm_core.training.runs import TrainingRun, register_run

N_DIGITS = 10


@register_run("discriminative")
class DiscriminativeRun(TrainingRun):
    """A run that trains UM, MM or a judge.

    Attributes:
        augmentation: Of each modality's training pictures.
        label_smoothing: Share of the label spread over all classes.
        worst_case: Largest change of a pixel in the direction that raises the cost most (one step of the gradient's
            sign, from a random start): a reader trained so has gradients that draw digits rather than noise.
    """

    system: Literal["discriminative"]
    augmentation: dict[str, Augmentation]
    label_smoothing: Share = 0.0
    worst_case: Share = 0.0

    @model_validator(mode="after")
    def _modalities(self) -> Self:
        check_each("augmentation", self.augmentation, self.model)
        return self

    @property
    def trains_on(self) -> str:
        """The pairs of digits."""
        return PAIRS

    def task(self, where: torch.device) -> DiscriminativeTask:
        """The label cost on pairs of digits."""
        return DiscriminativeTask(self, where)


class DigitPairs:
    """Pairs of SVHN and MNIST digits drawn anew, inside their split, at every step, and augmented.

    Args:
        model: The model to train.
        augmentation: Of each of its modalities.

    Raises:
        ValueError: If the model is not one of these digits.
        FileNotFoundError: If the digits are not in the data folder.
    """

    def __init__(self, model: ModelConfig, augmentation: Mapping[str, Augmentation]) -> None:
        self.pools, held_out = DigitPools.load_each("train", "validation")
        generator = torch.Generator().manual_seed(0)
        index = torch.arange(len(held_out.svhn_labels)).repeat(4)
        self.validation = held_out.pairs(index, generator)
        shapes = {name: tuple(x.shape[1:]) for name, x in self.validation.modalities.items()}
        for name, modality in model.modalities.items():
            shape = modality.shape if isinstance(modality, ImageModality) else None
            if shape is None or shapes.get(name) != shape:
                raise ValueError(f"model.modalities: expected some of {shapes}, got {name} of shape {shape}")
        if model.label.kind != "classes" or model.label.size != N_DIGITS:
            raise ValueError(f"model.label: expected {N_DIGITS} classes, got {model.label.size} {model.label.kind}")
        self.augmentation, self.modalities = augmentation, tuple(model.modalities)

    def __len__(self) -> int:
        return len(self.pools.svhn_labels)

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """Each SVHN digit once, in a new order."""
        return self.pools.epoch(batch_size, generator)

    def draw(self, batch: Tensor, generator: torch.Generator) -> tuple[dict[str, Tensor], Tensor]:
        """Augmented pictures of new pairs, and their labels."""
        pairs = self.pools.pairs(batch, generator)
        pictures = {
            name: augment(pairs.modalities[name], self.augmentation[name], generator) for name in self.modalities
        }
        return pictures, pairs.labels

    def held_out(self) -> tuple[dict[str, Tensor], Tensor]:
        """The validation pairs."""
        pictures = {name: self.validation.modalities[name] for name in self.modalities}
        return pictures, self.validation.labels


class DiscriminativeTask:
    """Label cost only.

    Args:
        run: The configuration.
        device: Where to train.
    """

    def __init__(self, run: DiscriminativeRun, device: torch.device) -> None:
        self.source, self.run, self.device = DigitPairs(run.model, run.augmentation), run, device
        self.model = seeded(lambda: Discriminative(run.model), run.training.seed).to(device)
        self.helpers: dict[str, tuple[nn.Module, torch.optim.Optimizer]] = {}

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """Each SVHN digit once, in a new order."""
        return self.source.epoch(batch_size, generator)

    def draw(self, batch: Tensor, generator: torch.Generator) -> tuple[dict[str, Tensor], Tensor]:
        """Augmented pictures of new pairs on the device, and their labels."""
        pictures, labels = self.source.draw(batch, generator)
        return {name: x.to(self.device) for name, x in pictures.items()}, labels.to(self.device)

    def loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy."""
        pictures, labels = self.draw(batch, generator)
        if self.run.worst_case:
            pictures = self.harden(pictures, labels, generator)
        return self.cost(pictures, labels), {}

    def cost(self, pictures: Mapping[str, Tensor], labels: Tensor) -> Tensor:
        """Cross-entropy with label smoothing."""
        return nn.functional.cross_entropy(self.model(pictures), labels, label_smoothing=self.run.label_smoothing)

    def harden(self, pictures: Mapping[str, Tensor], labels: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Move every pixel, by up to a random share of ``worst_case`` for each picture, so that the cost rises."""
        start, size = {}, {}
        for name, x in pictures.items():
            size[name] = self.run.worst_case * torch.rand(len(x), 1, 1, 1, generator=generator).to(x.device)
            noise = 2 * torch.rand(x.shape, generator=generator).to(x.device) - 1
            start[name] = (x + size[name] * noise).requires_grad_(True)
        gradients = torch.autograd.grad(self.cost(start, labels), list(start.values()))
        moved = {}
        for (name, x), gradient in zip(start.items(), gradients, strict=True):
            change = x.detach() + 1.25 * size[name] * gradient.sign() - pictures[name]
            moved[name] = (pictures[name] + torch.clamp(change, -size[name], size[name])).clamp(0, 1)
        return moved

    def validate(self, model: nn.Module) -> tuple[float, Report]:
        """Accuracy, less a little cross-entropy to tell equals apart."""
        pictures, labels = self.source.held_out()
        pictures, labels = {name: x.to(self.device) for name, x in pictures.items()}, labels.to(self.device)
        logits = model(pictures)
        accuracy = float((logits.argmax(1) == labels).float().mean())
        return accuracy - 0.01 * float(nn.functional.cross_entropy(logits, labels)), {"accuracy": accuracy}
