"""Fits the flow of a modality to all its training codes at once, where what encodes is fixed.

In a run that settles the codes of a picture never change, so they are computed once. A step on them costs a thousandth
of one on pictures, and the flow can be trained until it converges (maximum likelihood, Dinh et al., 2017, Eq. 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from pydantic import Field
from torch import Tensor, nn

from mfm_core.config import Config, Share, Weight
from mfm_core.data.batches import shuffled_batches
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.model import MFM
from mfm_core.networks.flow import ConditionalFlow
from mfm_core.networks.style import StyleEncoder
from mfm_core.training.augmentation import Augmentation, augment
from mfm_core.training.loop import Report, TrainingConfig, train

BATCH = 1000


class FlowFit(Config):
    """How the flow of one modality is fitted to its codes.

    Attributes:
        noise: Standard deviation of the noise on the codes, against learning single ones by heart. Codes of a class
            that spread less than this are, without noise, mapped too near to 0, and their length then tells the class.
        copies: Variants of each picture whose codes are fitted too, against learning single ones by heart.
        augmentation: How the variants differ.
        near: Weight of the squared distance, a number, that the mixed couplings move a code; against the surprise in
            nats a number.
        training: How long and how fast; the weights of the best held-out cost are kept.
    """

    noise: Share = 0.05
    copies: int = Field(default=0, ge=0, le=20)
    augmentation: Augmentation = Augmentation()
    near: Weight = 0.1
    training: TrainingConfig


class FlowTask:
    """Maximum likelihood of codes given what the flow is told, less the way that its mixed couplings move them.

    Args:
        model: An MFM whose encoder of Z_a of this modality ends in a flow, which is trained in place.
        name: The modality.
        config: How.
        training: Training pictures of the modality, ``(N, channels, height, width)`` in [0, 1].
        held_out: Pictures to validate on, of the same shape.

    Raises:
        ValueError: If the modality has no flow.
    """

    def __init__(self, model: MFM, name: str, config: FlowFit, training: Tensor, held_out: Tensor) -> None:
        encoder = model.encoders_a[name]
        if not isinstance(encoder, StyleEncoder):
            raise ValueError(f"fit_flows.{name}: expected a modality whose encoder ends in a flow, got one without")  # noqa: TRY004
        self.config, self.model = config, encoder.flow
        self.helpers: dict[str, tuple[nn.Module, torch.optim.Optimizer]] = {}
        self.codes, self.contexts = encode_to_codes(model, name, with_variants(training, config))
        self.held_out = encode_to_codes(model, name, held_out)
        self.model.requires_grad_(requires_grad=True)

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """Each code once, in a new order, in full batches."""
        return shuffled_batches(len(self.codes), batch_size, generator, least=batch_size)

    def loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Surprise and way of noisy codes."""
        codes = self.codes[batch]
        noise = self.config.noise * torch.randn(codes.shape, generator=generator).to(codes.device)
        surprise, moved = self.model.costs(codes + noise, self.contexts[batch])
        terms = {"surprise": surprise, "near": self.config.near * moved}
        return surprise + terms["near"], terms

    def validate(self, model: nn.Module) -> tuple[float, Report]:
        """The negative cost of held-out codes, without noise."""
        if not isinstance(model, ConditionalFlow):
            raise TypeError(f"model: expected a ConditionalFlow, got {type(model).__name__}")
        surprise, moved = (float(cost) for cost in model.costs(*self.held_out))
        return -(surprise + self.config.near * moved), {"held_out_surprise": surprise, "held_out_moved": moved}


def with_variants(pictures: Tensor, config: FlowFit) -> Tensor:
    """Pictures ``(N, channels, height, width)``, and after them ``copies`` random variants of each."""
    generator = torch.Generator().manual_seed(config.training.seed)
    parts = [pictures]
    for _ in range(config.copies):
        parts += [augment(batch, config.augmentation, generator) for batch in torch.split(pictures, BATCH)]
    return torch.cat(parts)


@torch.no_grad()
def encode_to_codes(model: MFM, name: str, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Input of a modality's flow from pictures ``(N, channels, height, width)``: codes and contexts.

    Returns:
        Codes ``(N, d_z)`` and what the flow is told beside them ``(N, n_labels)``; what encodes is in evaluation mode.
    """
    encoder = model.encoders_a[name]
    if not isinstance(encoder, StyleEncoder):
        raise TypeError(f"{name}: expected an encoder that ends in a flow, got {type(encoder).__name__}")
    was_training, device = model.training, model.label_head.weight.device
    model.eval()
    parts = []
    for batch in torch.split(pictures, BATCH):
        features = model.encoder_y.features({name: batch.to(device)})[name]
        parts.append((encoder.code(batch.to(device), features), encoder.context(features)))
    model.train(was_training)
    codes, contexts = (torch.cat(column) for column in zip(*parts, strict=True))
    return codes, contexts


def fit_flow(
    model: MFM,
    name: str,
    config: FlowFit,
    training: Tensor,
    held_out: Tensor,
    folder: Path,
    *,
    on_report: Callable[[int, Report], None] = lambda step, report: None,
) -> None:
    """Fit the flow of one modality in place, or go on with it; afterwards it is fixed.

    Args:
        model: An MFM whose encoders are fixed.
        name: The modality.
        config: How.
        training: As for :class:`FlowTask`.
        held_out: As for :class:`FlowTask`.
        folder: Where the state of this training is kept.
        on_report: Called after every step.

    Raises:
        ValueError: If the modality has no flow, or training fails.
    """
    task = FlowTask(model, name, config, training, held_out)
    best = train(task, config.training, folder, on_report=on_report)
    task.model.load_state_dict(best.state_dict())
    task.model.requires_grad_(requires_grad=False)


def fit_flows(
    model: MFM, fits: Mapping[str, Sequence[FlowFit]], folder: Path, on_report: Callable[[int, Report], None]
) -> None:
    """Fit the flows of several modalities of digits, or go on with them, each fit in a folder of its own.

    Args:
        model: An MFM whose encoders are fixed.
        fits: How, by modality: one fit after the other; of none, the flow stays as it is.
        folder: Holds those folders.
        on_report: Called after every step; they are counted through.
    """
    done = 0
    for name, of in ((name, of) for name, of in fits.items() if of):
        training, held_out = (getattr(pool, name) for pool in DigitPools.load_each("train", "validation"))
        for n, fit in enumerate(of):
            kept = folder / f"flow_{name}_{n}"
            fit_flow(model, name, fit, training, held_out, kept, on_report=after(done, on_report))
            done += fit.training.steps
        whiten(model, name, training)


def whiten(model: MFM, name: str, pictures: Tensor) -> None:
    """Count what is taken from the codes of each class, by those of ``pictures`` (N, channels, height, width)."""
    encoder = model.encoders_a[name]
    if isinstance(encoder, StyleEncoder) and encoder.whitening is not None:
        codes, contexts = encode_to_codes(model, name, pictures)
        with torch.no_grad():
            left = [
                encoder.flow(*both)[0]
                for both in zip(torch.split(codes, BATCH), torch.split(contexts, BATCH), strict=True)
            ]
        encoder.whitening.fit(torch.cat(left), contexts)


def after(done: int, on_report: Callable[[int, Report], None]) -> Callable[[int, Report], None]:
    """``on_report`` for steps that come after ``done`` others."""
    return lambda step, report: on_report(done + step, report)
