"""Training of one small network, in seconds: early stopping, and restarts of what finds nothing.

It shares its steps and its best weights with :mod:`mfm_core.training.loop`. What differs: it keeps the weights rather
than their average, which lags in a few hundred steps; it may begin anew; it stores nothing to go on from after a kill.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from mfm_core.config import Positive, Share
from mfm_core.data.batches import shuffled_batches
from mfm_core.systems.base import OnReport, SystemConfig
from mfm_core.training.optimisation import Best, descend

MAX_NORM = 1.0
"""Gradients of a larger norm are scaled down to it: recurrent networks now and then have gradients that are huge."""


LEARNT = 0.02
"""Training stops once the mean cost of a pass falls below this share of what the best constant costs."""
FOUND = 0.9
"""A start has found something once its validation cost falls below this share of what the best constant costs."""


class TrainingConfig(SystemConfig):
    """How a network is trained.

    A pass over few samples is few steps; so budgets are stated as steps, and hold for data sets of any size.

    Attributes:
        steps: Steps of the optimiser at most.
        patience: Steps without a better validation cost before training stops.
        starts: Networks trained from new weights at most: there is a next one only while none has found anything.
        batch_size: Samples a step at most; small sets have smaller batches, 16 a pass.
        learning_rate: Of AdamW, at its highest: it rises over the first twentieth of the steps and falls to 0.
        weight_decay: Of AdamW.
        dropout: Share of units left out where the network says so.
    """

    steps: Positive = 600
    patience: Positive = 250
    starts: Annotated[int, Field(gt=0, le=16)] = 2
    batch_size: Positive = 64
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-3
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 1e-2
    dropout: Share = 0.2

    @classmethod
    def search_space(cls) -> Mapping[str, tuple[bool | int | float | str, ...]]:
        """Learning rates, weight decays and dropout: what matters most for networks of any kind."""
        return {
            "learning_rate": (1e-3, 2e-3, 5e-3, 1e-2),
            "weight_decay": (1e-4, 1e-2, 1e-1),
            "dropout": (0.0, 0.2, 0.4),
        }


@dataclass(frozen=True)
class Task:
    """A network to train and what it is trained by.

    Attributes:
        build: Builds a network, with weights drawn from the global generator.
        cost: Of a network on the training samples at an index ``(batch,)``.
        validate: Cost of a network, in evaluation mode, on the validation samples.
        n: Training samples.
        constant: What the best constant costs on the validation samples.
    """

    build: Callable[[], nn.Module]
    cost: Callable[[nn.Module, Tensor], Tensor]
    validate: Callable[[nn.Module], Tensor]
    n: int
    constant: float


def batch_size(config: TrainingConfig, n: int) -> int:
    """Samples a step for ``n`` training samples: about 16 batches, of 16 samples to ``config.batch_size``."""
    return max(1, min(config.batch_size, max(16, math.ceil(n / 16))))


def learning_rate_share(step: int, steps: int) -> float:
    """Share of the highest learning rate at a step: up over the first twentieth, then down along a cosine."""
    warm = max(1, steps // 20)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def train(task: Task, config: TrainingConfig, seed: int, on_report: OnReport) -> nn.Module:
    """Train from up to ``config.starts`` initial weights and keep the weights of the best validation cost.

    Args:
        task: The network, and what it is trained by.
        config: How to train.
        seed: Of weights, batches and dropout; the global generator is left as it was.
        on_report: Called after each pass over the samples.

    Raises:
        ValueError: If no start has a validation cost that is a number.
    """
    best, best_score = None, -math.inf
    with torch.random.fork_rng(devices=[]):
        for start in range(config.starts):
            torch.default_generator.manual_seed(seed + 1_000_003 * start)  # of the initial weights and of dropout
            generator = torch.Generator().manual_seed(seed + 1_000_003 * start)

            def report(step: int, figures: dict[str, float], start: int = start) -> None:
                on_report(start * config.steps + step, figures | {"steps": float(config.starts * config.steps)})

            found = _train_once(task, config, generator, report)
            if found.score > best_score:
                best, best_score = found.network, found.score
            if -best_score < FOUND * task.constant:
                break
    if best is None:
        raise ValueError(f"training: expected a validation cost, got no number in any of {config.starts} starts")
    return best


def _train_once(
    task: Task,
    config: TrainingConfig,
    generator: torch.Generator,
    report: Callable[[int, dict[str, float]], None],
) -> Best[nn.Module]:
    """Train from one start; the score of a validation is its negated cost."""
    network = task.build()
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
    best, step, learnt = Best(network), 0, False
    while step < config.steps and not best.exhausted(step, config.patience) and not learnt:
        network.train()
        costs = []
        for batch in shuffled_batches(task.n, batch_size(config, task.n), generator, least=1):
            rate = config.learning_rate * learning_rate_share(step, config.steps)
            cost = task.cost(network, batch)
            descend(optimizer, cost, rate=rate, max_norm=MAX_NORM)
            costs.append(cost.detach())
            step += 1
            if step == config.steps:
                break
        network.eval()
        with torch.inference_mode():
            validation_cost = float(task.validate(network))
        report(step, {"validation_cost": validation_cost})
        best.offer(network, -validation_cost, step)
        learnt = float(torch.stack(costs).mean()) < LEARNT * task.constant
    return best
