"""Training of several models side by side: restarts, and one model a score; each keeps its best parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from mfm_core.config import Positive
from mfm_core.systems.base import OnReport, SystemConfig

Cost = Callable[[Mapping[str, Tensor], Tensor], Tensor]
"""Cost of each model on the samples at an index ``(n,)``: parameters and index to ``(models,)``."""
EVALUATE_EVERY = 10


class SideBySideConfig(SystemConfig):
    """How models are trained side by side.

    Attributes:
        restarts: Models that begin with other random numbers; the best on the validation data is kept.
        steps: Steps of Adam at most.
        patience: Steps without a better validation cost of any model before training stops.
        batch_size: Samples a step.
        learning_rate: Of Adam; falls to a tenth over the steps.
        l2: Weight of half the squared parameters, over the number of samples: the precision of a Gaussian prior.
    """

    restarts: Positive = 4
    steps: Positive = 400
    patience: Positive = 100
    batch_size: Positive = 64
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.06
    l2: Annotated[float, Field(ge=0, le=1e6)] = 1.0


def train_side_by_side(
    config: SideBySideConfig,
    start: Mapping[str, Tensor],
    cost: Cost,
    validation_cost: Callable[[Mapping[str, Tensor]], Tensor],
    n: int,
    seed: int,
    on_report: OnReport,
    at_least: int = 0,
) -> tuple[dict[str, Tensor], Tensor]:
    """Minimise the cost of every model, and keep of each the parameters of its least validation cost.

    Args:
        config: How.
        start: Parameters, the model as the first dimension.
        cost: Of each model on some training samples.
        validation_cost: Of each model on the validation samples, ``(models,)``.
        n: Number of training samples.
        seed: Of the order of samples.
        on_report: Called with the step and the least validation cost.
        at_least: Steps before patience counts: from a random start the cost stays level at first.

    Returns:
        The best parameters of each model and their validation costs ``(models,)``.

    Raises:
        ValueError: If no model reaches a finite validation cost.
    """
    parameters = {name: x.clone().requires_grad_() for name, x in start.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=config.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps, eta_min=0.1 * config.learning_rate)
    generator = torch.Generator().manual_seed(seed)
    best = {name: x.detach().clone() for name, x in parameters.items()}
    with torch.no_grad():
        best_costs = validation_cost(parameters)
    best_step, order = 0, torch.empty(0, dtype=torch.int64)
    for step in range(1, config.steps + 1):
        if len(order) < min(config.batch_size, n):
            order = torch.cat([order, torch.randperm(n, generator=generator)])
        batch, order = order[: config.batch_size], order[config.batch_size :]
        penalty = torch.stack([x.square().flatten(1).sum(1) for x in parameters.values()]).sum(0)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward((cost(parameters, batch) + 0.5 * config.l2 / n * penalty).sum())
        optimizer.step()
        schedule.step()
        if step % EVALUATE_EVERY and step != config.steps:
            continue
        with torch.no_grad():
            costs = validation_cost(parameters)
        better = costs < best_costs - 1e-4
        if bool(better.any()):
            best_costs, best_step = torch.where(better, costs, best_costs), step
            for name, x in parameters.items():
                best[name] = torch.where(better.view(-1, *[1] * (x.ndim - 1)), x.detach(), best[name])
        on_report(step, {"validation_cost": float(best_costs.min()), "steps": float(config.steps)})
        if step - max(best_step, at_least) >= config.patience:
            break
    if not bool(best_costs.isfinite().any()):
        raise ValueError("training: expected a finite validation cost of at least one restart, got none")
    return best, best_costs
