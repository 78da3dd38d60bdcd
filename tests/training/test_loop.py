"""The loop: a killed run ends as an uninterrupted one, stops early, and refuses what it cannot go on with."""

from __future__ import annotations

import json
import math

import pytest
import torch
from torch import nn

from mfm_core.training.loop import TrainingConfig, step_generator, train


class Regression:
    """Fit a line, with a helper that learns beside it and noise drawn in every step."""

    def __init__(self, fail_at: int | None = None) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
            self.follower = nn.Linear(1, 1)
        self.helpers = {"follower": (self.follower, torch.optim.AdamW(self.follower.parameters(), lr=0.01))}
        g = torch.Generator().manual_seed(5)
        self.x = torch.randn(40, 2, generator=g)
        self.y = self.x.sum(1, keepdim=True)
        self.fail_at, self.steps = fail_at, 0

    def epoch(self, batch_size, generator):
        return [b for b in torch.randperm(40, generator=generator).split(batch_size) if len(b) == batch_size]

    def loss(self, batch, generator):
        if self.steps == self.fail_at:
            raise KeyboardInterrupt
        self.steps += 1
        out = self.model(self.x[batch] + 0.1 * torch.randn(len(batch), 2, generator=generator))
        follower, optimizer = self.helpers["follower"]
        optimizer.zero_grad()
        torch.autograd.backward((follower(out.detach()) - self.y[batch]).square().mean())
        optimizer.step()
        cost = (out - self.y[batch]).square().mean() + 0.1 * (out - follower(out)).square().mean()
        return cost, {"follower": cost}

    def validate(self, model):
        return -float((model(self.x) - self.y).square().mean()), {}


CONFIG = TrainingConfig(steps=23, batch_size=8, learning_rate=0.01, warmup=3, average=0.9, validate_every=5)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return train(Regression(), CONFIG, tmp_path_factory.mktemp("whole"), save_every=0).state_dict()


@pytest.mark.parametrize("killed_after", range(1, 23))
def test_a_run_killed_at_any_step_ends_as_if_it_had_not_been(tmp_path, uninterrupted, killed_after):
    with pytest.raises(KeyboardInterrupt):
        train(Regression(fail_at=killed_after), CONFIG, tmp_path, save_every=0)
    resumed = train(Regression(), CONFIG, tmp_path, save_every=0).state_dict()
    assert all(torch.equal(resumed[name], tensor) for name, tensor in uninterrupted.items())


def test_a_run_killed_between_saved_states_ends_the_same(tmp_path, uninterrupted):
    with pytest.raises(KeyboardInterrupt):
        train(Regression(fail_at=11), CONFIG, tmp_path, save_every=1e9)
    resumed = train(Regression(), CONFIG, tmp_path).state_dict()
    assert all(torch.equal(resumed[name], tensor) for name, tensor in uninterrupted.items())


def test_a_half_written_state_does_not_harm_the_last_one(tmp_path, uninterrupted):
    with pytest.raises(KeyboardInterrupt):
        train(Regression(fail_at=11), CONFIG, tmp_path, save_every=0)
    (tmp_path / "state.partial").write_bytes(b"cut off")
    resumed = train(Regression(), CONFIG, tmp_path).state_dict()
    assert all(torch.equal(resumed[name], tensor) for name, tensor in uninterrupted.items())


def test_a_finished_run_is_not_trained_again(tmp_path, uninterrupted):
    train(Regression(), CONFIG, tmp_path)
    task = Regression()
    again = train(task, CONFIG, tmp_path).state_dict()
    assert task.steps == 0
    assert all(torch.equal(again[name], tensor) for name, tensor in uninterrupted.items())


def test_the_state_of_another_configuration_is_refused(tmp_path):
    train(Regression(), CONFIG, tmp_path)
    with pytest.raises(ValueError, match="holds the state of a run with another configuration; choose a new folder"):
        train(Regression(), CONFIG.model_copy(update={"seed": 1}), tmp_path)


def test_patience_stops_early_and_the_best_model_is_returned(tmp_path):
    class Worsening(Regression):
        scores = iter([0.0, 3.0, 2.0, 1.0, 0.5])

        def validate(self, model):
            self.kept = getattr(self, "kept", [])
            self.kept.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
            return next(self.scores), {}

    task = Worsening()
    best = train(task, CONFIG.model_copy(update={"steps": 1000, "patience": 2}), tmp_path)
    assert task.steps == 20
    assert all(torch.equal(best.state_dict()[name], tensor) for name, tensor in task.kept[1].items())
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [5, 10, 15, 20]


def test_a_cost_that_is_not_finite_stops_with_one_sentence(tmp_path):
    class Broken(Regression):
        def loss(self, batch, generator):
            return self.model(self.x[batch]).sum() * math.nan, {}

    with pytest.raises(ValueError, match="training: the cost at step 1 is nan, expected a finite number"):
        train(Broken(), CONFIG, tmp_path)


def test_a_batch_larger_than_the_data_is_refused(tmp_path):
    with pytest.raises(ValueError, match="batch_size: expected at most the number of samples, got 64"):
        train(Regression(), CONFIG.model_copy(update={"batch_size": 64}), tmp_path)


def test_the_randomness_of_a_step_is_its_own():
    def draw(seed: int, purpose: int, number: int) -> float:
        return float(torch.rand((), generator=step_generator(seed, purpose, number)))

    draws = [draw(seed, purpose, number) for seed in range(3) for purpose in (1, 2) for number in range(20)]
    assert len(set(draws)) == len(draws)
    assert draw(1, 2, 7) == draw(1, 2, 7)


def test_training_leaves_the_global_generator_alone(tmp_path):
    before = torch.random.get_rng_state()
    train(Regression(), CONFIG, tmp_path)
    assert torch.equal(torch.random.get_rng_state(), before)
