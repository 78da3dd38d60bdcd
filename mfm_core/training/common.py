"""Parts that the training of images and sequences shares: checks of a run, noise on Z, and the cost of surrogates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from mfm_core.config import LabelConfig, ModelConfig
from mfm_core.data.dataset import Dataset
from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.training.objective import ObjectiveConfig, inference_cost, label_cost

Module = TypeVar("Module", bound=nn.Module)
GREY = 0.5


def check_each(key: str, given: Mapping[str, object], model: ModelConfig) -> None:
    """Raise ValueError unless ``given`` has one value for each modality of the model."""
    if set(given) != set(model.modalities):
        wanted, got = ", ".join(model.modalities), ", ".join(given) or "none"
        raise ValueError(f"{key}: expected one for each of {wanted}, got {got}")


def check_weights(key: str, weights: object, model: ModelConfig) -> None:
    """Raise ValueError if ``weights`` are by modality, and not one for each of the model."""
    if isinstance(weights, Mapping):
        check_each(key, weights, model)


def with_noise(z: Tensor, size: float, generator: torch.Generator) -> Tensor:
    """``z`` with normal noise of standard deviation ``size``; nothing is drawn where that is 0."""
    return z + size * torch.randn(z.shape, generator=generator).to(z.device) if size else z


def add_noise(latents: Latents, noise: float, noise_y: float, generator: torch.Generator) -> Latents:
    """Z as the decoders see it while training: normal noise of size ``noise_y`` on Z_y and ``noise`` on each Z_a."""
    y = with_noise(latents.y, noise_y, generator)
    return Latents(y, {name: with_noise(z, noise, generator) for name, z in latents.a.items()}, latents.mask)


def classes_of(labels: Tensor, label: LabelConfig) -> Tensor | None:
    """The labels if they are classes, which surrogates choose among; None for scores."""
    return labels if label.kind == "classes" else None


def surrogate_cost(
    model: MFM,
    inferred: Sequence[tuple[Latents, Tensor | None]],
    latents: Latents,
    labels: Tensor,
    objective: ObjectiveConfig,
) -> Tensor:
    """Cost of the surrogates: the distance of their Z from that of all modalities, and the label of their Z_y.

    Args:
        model: The model.
        inferred: What :meth:`MFM.infer_missing` returns.
        latents: Z of all modalities.
        labels: Of the same samples.
        objective: Weighs the distance by ``surrogate`` and the label cost by ``surrogate_label``. Of classes the label
            cost is that of what a surrogate holds likely, of scores that of D on its Z_y.

    Returns:
        The sum over surrogates, a scalar.
    """
    costs = []
    for guess, logits in inferred:
        decided = model.decide(guess.y) if logits is None else logits
        label = label_cost(decided, labels, model.config.label, objective.label_cost)
        costs.append(objective.surrogate * inference_cost(guess, latents) + objective.surrogate_label * label)
    return torch.stack(costs).sum()


def summed(costs: Mapping[str, Tensor]) -> Tensor:
    """The sum over modalities."""
    return torch.stack(list(costs.values())).sum()


def seeded(build: Callable[[], Module], seed: int) -> Module:
    """Build a network whose initial weights depend on ``seed`` alone; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def label_report(decided: Tensor, labels: Tensor, label: LabelConfig) -> tuple[float, dict[str, float]]:
    """Score of predictions on held-out samples, the higher the better, and the figure that it is made of.

    Args:
        decided: Logits, or scores ``(N, size)``.
        labels: The true ones.
        label: What they are.

    Returns:
        Accuracy less a tenth of the cross-entropy, which tells equals apart; or the negated mean absolute error, in
        standard deviations of the scores.
    """
    if label.kind == "classes":
        accuracy = float((decided.argmax(1) == labels).float().mean())
        return accuracy - 0.1 * float(nn.functional.cross_entropy(decided, labels)), {"accuracy": accuracy}
    error = float((decided - labels).abs().mean())
    return -error / spread_of(labels), {"absolute_error": error}


def spread_of(scores: Tensor) -> float:
    """Standard deviation of all scores, by which errors are told; 1 where there is one score alone."""
    return float(scores.std().clamp_min(1e-6)) if scores.numel() > 1 else 1.0


def presence(data: Dataset, names: tuple[str, ...]) -> Tensor:
    """Which samples have which modality, boolean ``(N, M)``."""
    return torch.stack([data.has(name) for name in names], dim=1)


def filled_inputs(data: Dataset, names: tuple[str, ...]) -> dict[str, Tensor]:
    """Modalities with the absent ones filled: the mean, 0, of standardised sequences; mid-grey of images."""
    has = presence(data, names)
    filled = {}
    for i, name in enumerate(names):
        x = data.modalities[name]
        there = has[:, i].view(-1, *[1] * (x.ndim - 1))
        filled[name] = torch.where(there, x, 0.0 if data.mask is not None else GREY)
    return filled
