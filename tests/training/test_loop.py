"""The loop: a killed run ends as an uninterrupted one, stops early, and refuses what it cannot go on with."""

from __future__ import annotations

import json
import math

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR

from mfm_core.training.loop import TrainingConfig, _pace, step_generator, train


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


def test_a_model_that_comes_in_evaluation_mode_is_trained_as_any_other(tmp_path, uninterrupted):
    task = Regression()
    task.model.eval()  # as a stored one is that a run starts from
    trained = train(task, CONFIG, tmp_path).state_dict()
    assert all(torch.equal(trained[name], tensor) for name, tensor in uninterrupted.items())


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


def test_a_term_that_is_not_finite_is_named(tmp_path):
    class Broken(Regression):
        def loss(self, batch, generator):
            cost = self.model(self.x[batch]).sum()
            return cost * math.nan, {"error": cost, "odd": cost * math.nan}

    with pytest.raises(ValueError, match=r"^training: .* is nan, expected a finite number \(its term odd is nan\)$"):
        train(Broken(), CONFIG, tmp_path)


def test_a_batch_larger_than_the_data_is_refused(tmp_path):
    with pytest.raises(ValueError, match="batch_size: expected at most the number of samples, got 64"):
        train(Regression(), CONFIG.model_copy(update={"batch_size": 64}), tmp_path)


class Scored(Regression):
    """Regression with dropout, whose validations have scores known beforehand, by the number of the step."""

    def __init__(self, scores: dict[int, float], fail_at: int | None = None) -> None:
        super().__init__(fail_at)
        self.scores = scores
        self.model.insert(2, nn.Dropout(0.5))

    def validate(self, model):
        return self.scores[self.step_of(model)], {}

    @staticmethod
    def step_of(model: nn.Module) -> int:
        """Batch normalisation counts the steps that its weights have seen."""
        return int(model.state_dict()["1.num_batches_tracked"])


def ends(task: Scored, config: TrainingConfig, folder) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Best averaged weights, and last weights, of a run."""
    best = train(task, config, folder, save_every=0)
    return best.state_dict(), task.model.state_dict()


def assert_equal_ends(ours, theirs):
    for state, expected in zip(ours, theirs, strict=True):
        assert state.keys() == expected.keys()
        assert all(torch.equal(state[name], tensor) for name, tensor in expected.items())


@pytest.mark.parametrize("killed_after", [6, 10, 11, 14, 15, 19, 22])
def test_a_run_with_dropout_killed_after_a_worse_validation_ends_the_same(tmp_path, killed_after):
    """The best is of step 5; what comes after is worse, but better than what a forgotten score would be."""
    scores = {5: 4.0, 10: 1.0, 15: 3.0, 20: 2.0, 23: 3.5}
    whole = ends(Scored(scores), CONFIG, tmp_path / "whole")
    assert Scored.step_of(train(Scored(scores), CONFIG, tmp_path / "whole")) == 5
    with pytest.raises(KeyboardInterrupt):
        train(Scored(scores, fail_at=killed_after), CONFIG, tmp_path / "killed", save_every=0)
    assert_equal_ends(ends(Scored(scores), CONFIG, tmp_path / "killed"), whole)


@pytest.mark.parametrize("killed_after", [11, 13, 16, 19])
def test_patience_is_counted_from_the_best_validation_whenever_a_run_is_killed(tmp_path, killed_after):
    scores = {5: 1.0, 10: 4.0, 15: 3.0, 20: 2.0}
    config = CONFIG.model_copy(update={"steps": 1000, "patience": 2})
    whole = ends(Scored(scores), config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(Scored(scores, fail_at=killed_after), config, tmp_path / "killed", save_every=0)
    task = Scored(scores)
    assert_equal_ends(ends(task, config, tmp_path / "killed"), whole)
    assert Scored.step_of(task.model) == 20


def test_the_last_step_is_validated_whatever_its_number():
    validated = []
    train(Regression(), CONFIG, on_validation=lambda step, model: validated.append(step))
    assert validated == [5, 10, 15, 20, 23]


def test_of_equal_scores_the_later_model_is_kept():
    scores = {5: 1.0, 10: 2.0, 15: 2.0, 20: 0.0, 23: 0.0}
    assert Scored.step_of(train(Scored(scores), CONFIG)) == 15


class Recorded(Regression):
    """Regression that keeps what is drawn at each step: batch, noise, and the units that dropout leaves."""

    def __init__(self, n_noise: int = 8) -> None:
        super().__init__()
        self.n_noise = n_noise
        self.drawn: dict[str, list[torch.Tensor]] = {"batch": [], "noise": [], "dropout": []}

    def loss(self, batch, generator):
        assert self.model.training
        self.drawn["batch"].append(batch.clone())
        self.drawn["noise"].append(torch.randn(self.n_noise, generator=generator))
        self.drawn["dropout"].append(nn.functional.dropout(torch.ones(64)))
        return super().loss(batch, generator)


def drawn(seed: int, kind: str, global_seed: int = 0, n_noise: int = 8) -> list[list[float]]:
    task = Recorded(n_noise)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(global_seed)
        train(task, CONFIG.model_copy(update={"seed": seed}))
    return [tensor.tolist() for tensor in task.drawn[kind]]


@pytest.mark.parametrize("kind", ["batch", "noise", "dropout"])
def test_batches_noise_and_dropout_follow_the_seed_of_the_run_alone(kind):
    first = drawn(0, kind)
    assert len(first) == CONFIG.steps
    assert drawn(0, kind, global_seed=7) == first
    other = drawn(1, kind)
    assert all(ours != theirs for ours, theirs in zip(first, other, strict=True))


@pytest.mark.parametrize("kind", ["batch", "noise", "dropout"])
def test_no_two_steps_draw_the_same(kind):
    steps = drawn(0, kind)
    assert len({tuple(step) for step in steps}) == len(steps)


def test_dropout_does_not_depend_on_how_much_a_step_draws_from_its_generator():
    assert drawn(0, "dropout", n_noise=100) == drawn(0, "dropout")


def test_an_epoch_has_every_sample_once_and_each_an_order_of_its_own():
    batches = drawn(0, "batch")
    epochs = [[n for batch in batches[start : start + 5] for n in batch] for start in range(0, 20, 5)]
    assert all(sorted(epoch) == list(range(40)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


@pytest.mark.parametrize("average", [0.0, 0.3, 0.9])
def test_what_is_validated_is_the_running_average_of_the_weights(average):
    """Computed from the weights of every step, which lean to the newest ones early in a run."""
    task = Regression()
    kept, expected = {}, task.model[0].weight.detach().double()
    weights: list[torch.Tensor] = []
    train(
        task,
        CONFIG.model_copy(update={"average": average, "validate_every": 1}),
        on_report=lambda step, report: weights.append(task.model[0].weight.detach().double()),
        on_validation=lambda step, model: kept.update({step: model[0].weight.clone()}),
    )
    for step, weight in enumerate(weights, 1):
        decay = min(average, step / (step + 10))
        expected = decay * expected + (1 - decay) * weight
        torch.testing.assert_close(kept[step].double(), expected, rtol=1e-5, atol=1e-6)


def test_the_learning_rate_rises_linearly_and_falls_along_a_cosine():
    """As torch's own schedulers have it; each is asked for its own factor."""
    config = TrainingConfig(steps=50, warmup=9)
    parameter = nn.Parameter(torch.zeros(()))
    rising, falling = (torch.optim.SGD([parameter], lr=1.0) for _ in range(2))
    rise, fall = LinearLR(rising, 1 / 10, total_iters=9), CosineAnnealingLR(falling, 50)
    for step in range(50):
        assert _pace(step, config) == pytest.approx(rise.get_last_lr()[0] * fall.get_last_lr()[0], abs=1e-9)
        for optimizer, schedule in ((rising, rise), (falling, fall)):
            optimizer.step()
            schedule.step()


def test_every_step_is_taken_at_its_learning_rate():
    """AdamW's first step moves every weight by the learning rate, whatever the gradient."""
    task = Regression()
    before = task.model[0].weight.detach().clone()
    train(task, CONFIG.model_copy(update={"steps": 1}))
    moved = (task.model[0].weight.detach() - before).abs()
    torch.testing.assert_close(moved, torch.full_like(moved, 0.01 / 4), rtol=1e-3, atol=0)


def test_a_gradient_is_clipped_to_a_norm_of_100():
    class Steep(Regression):
        def loss(self, batch, generator):
            cost, terms = super().loss(batch, generator)
            return 1e6 * cost, terms

    task = Steep()
    train(task, CONFIG)
    norms = torch.stack([parameter.grad.norm() for parameter in task.model.parameters()])
    assert float(norms.norm()) == pytest.approx(100, rel=1e-4)


def test_a_step_computes_in_the_precision_asked_for_and_a_model_is_returned_in_evaluation_mode():
    seen = []

    class Typed(Regression):
        def loss(self, batch, generator):
            seen.append(self.model(self.x[batch]).dtype)
            return super().loss(batch, generator)

    assert not train(Typed(), CONFIG.model_copy(update={"steps": 1, "precision": "bfloat16"})).training
    train(Typed(), CONFIG.model_copy(update={"steps": 1}))
    assert seen == [torch.bfloat16, torch.float32]


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


@pytest.mark.parametrize("killed_after", [3, 11, 22])
def test_the_log_of_a_resumed_run_repeats_no_line(tmp_path, killed_after):
    with pytest.raises(KeyboardInterrupt):
        train(Regression(fail_at=killed_after), CONFIG, tmp_path, save_every=1e9 if killed_after == 11 else 0)
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 1')  # as a kill leaves it
    train(Regression(), CONFIG, tmp_path)
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == [5, 10, 15, 20, 23]


def test_how_often_a_state_is_saved_is_a_key_and_may_change_while_a_run_is_stopped(tmp_path, uninterrupted):
    with pytest.raises(KeyboardInterrupt):
        train(Regression(fail_at=11), CONFIG.model_copy(update={"save_every": 0.0}), tmp_path)
    assert (tmp_path / "state.safetensors").is_file()
    task = Regression()
    resumed = train(task, CONFIG, tmp_path).state_dict()
    assert task.steps == 12
    assert all(torch.equal(resumed[name], tensor) for name, tensor in uninterrupted.items())


def test_a_full_disk_is_one_sentence_and_keeps_the_last_state(tmp_path, uninterrupted):
    with pytest.raises(KeyboardInterrupt):
        train(Regression(fail_at=11), CONFIG, tmp_path, save_every=0)
    (tmp_path / "state.partial").mkdir()  # nothing can be written there
    with pytest.raises(OSError, match=r"state\.safetensors: could not be written: ") as error:
        train(Regression(), CONFIG, tmp_path, save_every=0)
    assert "\n" not in str(error.value)
    (tmp_path / "state.partial").rmdir()
    resumed = train(Regression(), CONFIG, tmp_path).state_dict()
    assert all(torch.equal(resumed[name], tensor) for name, tensor in uninterrupted.items())
