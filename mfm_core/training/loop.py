"""The training loop: seeded, resumable, with progress and early stopping. It knows no model.

It keeps the running average of the weights, and draws each step's randomness from the number of the step, so that a run
goes on after a kill. The small networks of :mod:`mfm_core.systems.parts.training` need neither.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, Protocol

import numpy as np
import torch
from pydantic import Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from mfm_core.config import Config, Positive, Share
from mfm_core.files.writing import disk_errors, replaced, write_whole
from mfm_core.training.optimisation import Best, descend

Report = Mapping[str, float]
MAX_NORM = 100.0
"""Norm of the gradient above which it is scaled down."""


class TrainingConfig(Config):
    """How long and how fast a system is trained.

    Attributes:
        seed: Of the weights, the batches and everything drawn in a step.
        steps: Optimiser steps.
        batch_size: Samples a step.
        learning_rate: The highest; it rises over ``warmup`` steps and falls to 0 along a cosine.
        weight_decay: Of AdamW.
        average: Decay of the running average of the weights, which is what is kept.
        validate_every: Steps between validations.
        save_every: Seconds between saved states, from which a run that was stopped goes on.
        patience: Validations without a better score before stopping early; None never stops.
        precision: Arithmetic of the networks; costs are always computed in float32.
    """

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    steps: Positive = 1000
    batch_size: Positive = 128
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    warmup: Annotated[int, Field(ge=0)] = 100
    weight_decay: Share = 0.0
    average: Annotated[float, Field(ge=0, lt=1)] = 0.999
    validate_every: Positive = 500
    save_every: Annotated[float, Field(ge=0)] = 60.0
    patience: Positive | None = None
    precision: Literal["float32", "bfloat16"] = "float32"


class Task(Protocol):
    """Task that the loop trains."""

    @property
    def model(self) -> nn.Module:
        """Network that is trained, averaged and kept."""

    @property
    def helpers(self) -> Mapping[str, tuple[nn.Module, torch.optim.Optimizer]]:
        """Networks trained beside it by ``loss`` itself, with their optimisers; stored for resuming."""

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """The batches of one epoch, as indices."""

    def loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """The cost to minimise on one batch, and its terms to report."""

    def validate(self, model: nn.Module) -> tuple[float, Report]:
        """A score of ``model`` on held-out data, the higher the better, and figures to report."""


def step_generator(seed: int, purpose: int, number: int) -> torch.Generator:
    """The randomness of one step or epoch depends on nothing but its number: a resumed run draws the same."""
    # Torch keeps 32 bits of a seed; the seed sequence mixes all three numbers into them.
    mixed = np.random.SeedSequence([seed, purpose, number]).generate_state(1)
    return torch.Generator().manual_seed(int(mixed[0]))


def train(
    task: Task,
    config: TrainingConfig,
    folder: Path | None = None,
    *,
    on_report: Callable[[int, Report], None] = lambda step, report: None,
    on_validation: Callable[[int, nn.Module], None] = lambda step, model: None,
    stop: Callable[[int], bool] = lambda step: False,
    save_every: float | None = None,
) -> nn.Module:
    """Train ``task`` and return the averaged model of the best validation.

    A run that was killed goes on from the last state in ``folder`` and ends as if it had never stopped; without a
    folder nothing is kept.

    Args:
        task: What to train.
        config: How.
        folder: Where the state and ``log.jsonl`` are kept; None for nowhere.
        on_report: Called after every step with its number and the terms of the cost.
        on_validation: Called after every validation with the number of the step and the averaged model.
        stop: Asked after every step with its number; where it says so the state is saved and training ends there. The
            same call goes on from it.
        save_every: Seconds between saved states, instead of the configuration's.

    Returns:
        The averaged model of the best validation, in evaluation mode; of a run that was stopped before the first one,
        the averaged model as it is.

    Raises:
        ValueError: If the cost stops being finite, or the folder holds the state of another configuration.
        OSError: If the disk is full or read-only, in one sentence; the last state is kept.
    """
    run = _Run(task, config)
    if folder is not None:
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
    if folder is not None and (folder / "state.safetensors").is_file():
        try:
            run.load(folder)
        except (SafetensorError, KeyError, RuntimeError):
            raise ValueError(f"{folder}: holds a state that this run cannot go on from; choose a new folder") from None
    if folder is not None:
        _keep_log_up_to(folder / "log.jsonl", run.step)
    saved, every = time.monotonic(), config.save_every if save_every is None else save_every
    batches, epoch = run.batches_of_epoch()
    while run.step < config.steps and not run.exhausted:
        at = run.step % len(batches)
        if run.step // len(batches) != epoch:
            batches, epoch = run.batches_of_epoch()
        report = run.advance(batches[at])
        if not math.isfinite(report["cost"]):
            part = next(
                (f" (its term {key} is {x})" for key, x in report.items() if not math.isfinite(x) and key != "cost"), ""
            )
            raise ValueError(
                f"training: the cost at step {run.step} is {report['cost']}, expected a finite number{part}"
            )
        if run.step % config.validate_every == 0 or run.step == config.steps:
            report |= run.validate()
            on_validation(run.step, run.average)
        if folder is not None and "score" in report:
            with disk_errors(folder / "log.jsonl"), (folder / "log.jsonl").open("a") as log:
                log.write(json.dumps({"step": run.step, "time": time.time(), **report}) + "\n")
        on_report(run.step, report)
        if folder is not None and time.monotonic() - saved > every:
            run.save(folder)
            saved = time.monotonic()
        if stop(run.step):
            break
    if folder is not None:
        run.save(folder)
    return (run.best.network if run.best.step else run.average).eval()


class _Run:
    """Everything that a run must remember to go on after a kill."""

    def __init__(self, task: Task, config: TrainingConfig) -> None:
        self.task, self.config = task, config
        self.step = 0
        self.averaged = AveragedModel(task.model, avg_fn=partial(_towards, config.average), use_buffers=True)
        self.averaged.n_averaged.fill_(1)  # the weights that it begins with count as one
        self.average = self.averaged.module.eval().requires_grad_(False)
        self.best = Best(self.average, equals=True)
        self.optimizer = torch.optim.AdamW(
            task.model.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            betas=(0.9, 0.99),
            fused=True,
        )

    @property
    def exhausted(self) -> bool:
        """Whether patience has run out."""
        patience = self.config.patience
        return self.best.exhausted(self.step, None if patience is None else patience * self.config.validate_every)

    def batches_of_epoch(self) -> tuple[list[Tensor], int]:
        """The batches of the epoch that the next step belongs to, and its number."""
        count = len(self.task.epoch(self.config.batch_size, step_generator(self.config.seed, 1, 0)))
        if count == 0:
            raise ValueError(f"batch_size: expected at most the number of samples, got {self.config.batch_size}")
        epoch = self.step // count
        return self.task.epoch(self.config.batch_size, step_generator(self.config.seed, 1, epoch)), epoch

    def advance(self, batch: Tensor) -> dict[str, float]:
        """One optimiser step."""
        config = self.config
        device = next(self.task.model.parameters()).device
        self.task.model.train()
        with (
            torch.random.fork_rng(devices=[]),
            torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16"),
        ):
            torch.default_generator.manual_seed(step_generator(config.seed, 3, self.step).initial_seed())  # of dropout
            cost, terms = self.task.loss(batch, step_generator(config.seed, 2, self.step))
        descend(self.optimizer, cost, rate=config.learning_rate * _pace(self.step, config), max_norm=MAX_NORM)
        self.step += 1
        self.averaged.update_parameters(self.task.model)
        return {"cost": float(cost.detach())} | {name: float(term.detach()) for name, term in terms.items()}

    def validate(self) -> dict[str, float]:
        """Score the averaged model and keep it if it is the best so far."""
        with torch.inference_mode():
            score, figures = self.task.validate(self.average)
        self.best.offer(self.average, score, self.step)
        return {"score": score, **figures}

    def modules(self) -> dict[str, nn.Module]:
        helpers = {f"helper.{name}": module for name, (module, _) in self.task.helpers.items()}
        return {"model": self.task.model, "average": self.average, "best": self.best.network, **helpers}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"main": self.optimizer} | {name: optimizer for name, (_, optimizer) in self.task.helpers.items()}

    def save(self, folder: Path) -> None:
        """Write the state, in one atomic replacement."""
        tensors = {
            f"{name}/{key}": t for name, module in self.modules().items() for key, t in module.state_dict().items()
        }
        for name, optimizer in self.optimizers().items():
            for number, values in optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer.{name}/{number}/{key}": torch.as_tensor(v) for key, v in values.items()}
        status = {"step": self.step, "best_score": self.best.score, "best_step": self.best.step}
        metadata = {"config": _same(self.config), "status": json.dumps(status)}
        partial, whole = folder / "state.partial", folder / "state.safetensors"
        with replaced(whole, partial):
            save_file({name: t.contiguous() for name, t in tensors.items()}, partial, metadata)

    def load(self, folder: Path) -> None:
        """Go on from a saved state."""
        with safe_open(folder / "state.safetensors", framework="pt") as state:
            metadata = state.metadata()
            if metadata["config"] != _same(self.config):
                raise ValueError(f"{folder}: holds the state of a run with another configuration; choose a new folder")
            groups: dict[str, dict[str, Tensor]] = {}
            for name in state.keys():  # noqa: SIM118 - not a mapping
                group, key = name.split("/", 1)
                groups.setdefault(group, {})[key] = state.get_tensor(name)
        for name, module in self.modules().items():
            module.load_state_dict(groups[name])
        for name, optimizer in self.optimizers().items():
            values: dict[int, dict[str, Tensor]] = {}
            for key, tensor in groups.get(f"optimizer.{name}", {}).items():
                number, field = key.split("/")
                values.setdefault(int(number), {})[field] = tensor
            optimizer.load_state_dict({"state": values, "param_groups": optimizer.state_dict()["param_groups"]})
        status = json.loads(metadata["status"])
        self.step, self.best.score, self.best.step = status["step"], status["best_score"], status["best_step"]
        self.averaged.n_averaged.fill_(self.step + 1)


def _same(config: TrainingConfig) -> str:
    """The part of a configuration that a run must go on with, as JSON; how often it is saved is not of it."""
    return config.model_dump_json(exclude={"save_every"})


def _keep_log_up_to(path: Path, step: int) -> None:
    """Take from a log the lines of steps after ``step``: they are made again."""
    if not path.is_file():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line)
        except (ValueError, KeyError, TypeError):  # the last line of a run that was killed while it wrote it
            continue
    write_whole(path, "".join(kept))


def _pace(step: int, config: TrainingConfig) -> float:
    """Share of the learning rate at ``step``: a linear rise, then a cosine to 0."""
    rise = min(1.0, (step + 1) / (config.warmup + 1))
    return rise * 0.5 * (1 + math.cos(math.pi * step / config.steps))


def _towards(decay: float, average: Tensor, current: Tensor, n: Tensor | int) -> Tensor:
    """A floating-point tensor of the average moved towards the model's, faster at first; of others the model's."""
    if not average.is_floating_point():
        return current
    return torch.lerp(average, current, 1 - min(decay, int(n) / (int(n) + 10)))
