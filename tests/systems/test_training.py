"""The training that all networks share, on networks of one layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

import mfm_core as mfm
from mfm_core.config import LabelConfig
from mfm_core.systems.base import DataSpec
from mfm_core.systems.parts.network import NetworkSystem, constant_cost, label_scale_of
from mfm_core.systems.parts.training import Task, TrainingConfig, batch_size, learning_rate_share, train
from mfm_core.systems.registry import find_system
from mfm_core.training.objective import label_cost
from tests.systems.made_up import made_up
from tests.systems.oracle import SPEC, randomised, sequences

NETWORKS = [name for name in mfm.system_names() if issubclass(find_system(name), NetworkSystem)]
CLASSES = DataSpec(streams=SPEC.streams, label=LabelConfig(kind="classes", size=3))
SCORES = DataSpec(streams=SPEC.streams, label=LabelConfig(kind="scores", size=2))
CONFIG = TrainingConfig(system="made_up", steps=200, patience=80, starts=3)


def line(build: nn.Module | None = None, constant: float = 1.0) -> tuple[Task, list[nn.Module]]:
    """Least squares of 64 points on a line; with the list of the networks that were built."""
    x = torch.linspace(-1, 1, 64).unsqueeze(1)
    y, built = 3 * x + 1, list[nn.Module]()

    def new() -> nn.Module:
        built.append(nn.Linear(1, 1) if build is None else build)
        return built[-1]

    def cost(network: nn.Module, batch: Tensor) -> Tensor:
        return (network(x[batch]) - y[batch]).square().mean()

    return Task(new, cost, lambda network: cost(network, torch.arange(64)), 64, constant), built


def reports_of(task: Task, config: TrainingConfig = CONFIG, seed: int = 0) -> tuple[nn.Module, list[int], list[float]]:
    steps, costs = list[int](), list[float]()

    def on_report(step: int, figures: Mapping[str, float]) -> None:
        assert figures["steps"] == config.starts * config.steps
        steps.append(step)
        costs.append(figures["validation_cost"])

    return train(task, config, seed, on_report), steps, costs


def test_what_is_kept_has_the_best_validation_cost() -> None:
    task, built = line()
    config = CONFIG.model_copy(update={"learning_rate": 0.1})
    network, _, costs = reports_of(task, config)
    with torch.no_grad():
        assert float(task.validate(network)) == pytest.approx(min(costs))
    assert min(costs) < 0.1
    assert len(built) == 1


def test_there_are_further_starts_only_while_nothing_is_found() -> None:
    slow = CONFIG.model_copy(update={"learning_rate": 1e-6, "steps": 40})
    task, built = line()
    _, steps, costs = reports_of(task, slow)
    assert len(built) == 3
    assert steps == sorted(steps)
    assert steps[-1] == 3 * 40
    assert len({float(network.weight.detach()) for network in built}) == 3
    found, once = line(constant=2 * max(costs))
    reports_of(found, slow)
    assert len(once) == 1


def test_training_stops_when_all_is_learnt_or_nothing_gets_better() -> None:
    fast = CONFIG.model_copy(update={"learning_rate": 0.1, "steps": 4000, "patience": 4000, "starts": 1})
    _, steps, costs = reports_of(line()[0], fast)
    assert steps[-1] < 1000
    assert costs[-1] < 0.1
    task = line()[0]
    still = replace(task, validate=lambda network: torch.tensor(1.0), constant=1e-6)
    _, steps, _ = reports_of(still, CONFIG.model_copy(update={"starts": 1}))
    assert steps[-1] == 4 + 80


def test_a_cost_that_is_no_number_is_said() -> None:
    task = replace(line()[0], validate=lambda network: torch.tensor(torch.nan))
    with pytest.raises(ValueError, match="training: expected a validation cost, got no number in any of 3 starts"):
        reports_of(task)


def test_the_seed_decides_and_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first, second, other = (reports_of(line()[0], seed=seed)[2] for seed in (3, 3, 4))
    assert first == second != other
    assert torch.equal(torch.random.get_rng_state(), before)


def test_small_sets_have_small_batches() -> None:
    assert [batch_size(CONFIG, n) for n in (1, 10, 300, 1000, 10_000)] == [16, 16, 19, 63, 64]


def test_the_learning_rate_rises_and_falls() -> None:
    shares = [learning_rate_share(step, 100) for step in range(100)]
    assert shares[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert shares[5:] == sorted(shares[5:], reverse=True)
    assert shares[52] == pytest.approx(0.5, abs=0.01)
    assert 0 < shares[-1] < 0.01


def test_scores_that_are_not_known_cost_nothing() -> None:
    targets = torch.tensor([[1.0, torch.nan], [3.0, 2.0]])
    out = torch.tensor([[2.0, 100.0], [3.0, 0.0]], requires_grad=True)
    cost = label_cost(out, targets, SCORES.label, "absolute")
    assert float(cost.detach()) == pytest.approx((1 + 0 + 2) / 3)
    cost.backward()
    assert out.grad is not None
    assert float(out.grad[0, 1]) == 0
    none = torch.full((2, 2), torch.nan)
    assert float(label_cost(out, none, SCORES.label, "absolute").detach()) == 0
    scale = label_scale_of(torch.tensor([[1.0, torch.nan], [3.0, torch.nan]]), SCORES)
    torch.testing.assert_close(scale, torch.tensor([[2.0, 0.0], [1.0, 1.0]]))


def test_the_best_constant_is_that_of_the_training_samples() -> None:
    assert constant_cost(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1]), CLASSES) == pytest.approx(0.6931, abs=1e-4)
    scores = torch.tensor([[0.0, 0.0], [1.0, torch.nan], [5.0, 0.0]])
    assert constant_cost(scores, torch.tensor([[2.0, 4.0]]), SCORES) == pytest.approx((1 + 4) / 2)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_sample_without_a_real_step_is_predicted(name: str) -> None:
    system, (inputs, mask) = find_system(name), sequences()
    network, empty = randomised(system.build(system.Config(), SPEC)), mask.clone()
    empty[2] = False
    inputs = {key: x.nan_to_num(0) for key, x in inputs.items()}
    out = network(inputs, empty)
    assert bool(torch.isfinite(out).all())
    torch.testing.assert_close(out[[0, 1, 3, 4]], network(inputs, mask)[[0, 1, 3, 4]])


def test_unknown_scores_and_classes_of_the_validation_alone_are_left_out() -> None:
    config = find_system("df").Config(steps=20)
    data = made_up(40, scores=True)
    train_part, validation = data.part("train"), data.part("validation")
    unknown = train_part.labels.clone()
    unknown[::3] = torch.nan
    system = mfm.fit(config, replace(train_part, labels=unknown), validation)
    assert bool(torch.isfinite(system.predict(data)).all())
    classes = made_up(40, scores=False)
    rare = classes.part("validation")
    labels = rare.labels.clone()
    labels[0] = 4
    assert mfm.fit(config, classes.part("train"), replace(rare, labels=labels)).predict(classes).shape == (40, 2)
