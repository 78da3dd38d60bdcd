"""Training on images: Eq. 4 is the sum of its parts, any part can be left out, and a killed run ends the same."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Categorical

from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.training.augmentation import augment
from mfm_core.training.common import seeded
from mfm_core.training.digits import DigitPairs, DiscriminativeRun, DiscriminativeTask
from mfm_core.training.factorization import same_label_partner
from mfm_core.training.images import FactorizeRun, FactorizeTask
from mfm_core.training.imagined import imagine
from mfm_core.training.loop import train
from tests import tiny_runs
from tests.training import eq_4

CPU = torch.device("cpu")
WEIGHTS = (
    "mmd_y",
    "label_balance",
    "certainty",
    "conditional_mmd",
    "flow",
    "flow_near",
    "recognition",
    "label_readback",
    "feature_match",
    "style_kept",
    "grey_kept",
)

pytestmark = pytest.mark.usefixtures("made_up_data")


def factorize_task(**changes: object) -> FactorizeTask:
    run = FactorizeRun.model_validate(tiny_runs.factorizing(**changes))
    readers = {}
    for name in run.readers:
        config = DiscriminativeRun.model_validate(tiny_runs.discriminative(name)).model
        readers[name] = seeded(lambda config=config: Discriminative(config), 7).eval().requires_grad_(False)
    return FactorizeTask(run, readers, DigitPairs(run.model, run.augmentation), CPU)


def discriminative_task(*modalities: str, **changes: object) -> DiscriminativeTask:
    return DiscriminativeTask(DiscriminativeRun.model_validate(tiny_runs.discriminative(*modalities, **changes)), CPU)


def with_moved_flows(model: MFM) -> MFM:
    """``model`` with flows that no longer are the identity, as which they begin."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for encoder in model.encoders_a.values():
            for parameter in encoder.flow.parameters():
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model


def step_of(task: FactorizeTask, seed: int = 1) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    return task.loss(torch.arange(16), torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("independence", ["joint", "per_block", "published_code", "none"])
def test_every_choice_of_independence_teaches_the_model(independence):
    task = factorize_task(objective={"independence": independence})
    cost, terms = step_of(task)
    torch.autograd.backward(cost)
    assert cost.item() == pytest.approx(math.fsum(term.item() for term in terms.values()), rel=1e-5)
    assert (terms["mmd"].item() == 0) == (independence == "none")
    assert all(parameter.grad is not None for parameter in task.model.parameters())


@pytest.mark.parametrize("left_out", [*WEIGHTS, "same_label", "noise", "noise_y", "all"])
def test_every_added_term_can_be_left_out(left_out):
    nothing = dict.fromkeys((*WEIGHTS, "same_label", "noise", "noise_y"), 0)
    everything = tiny_runs.factorizing()["factorization"]
    task = factorize_task(factorization=nothing if left_out == "all" else everything | {left_out: 0})
    cost, terms = step_of(task)
    assert math.isfinite(cost.item())
    eq_4 = {"error_svhn", "error_mnist", "label", "mmd", "surrogate"}
    kept = set() if left_out == "all" else set(WEIGHTS) - {left_out}
    assert set(terms) == eq_4 | kept


def test_the_cost_is_the_sum_of_eq_4_and_the_added_terms_put_together_by_hand():
    apart = {"svhn": 3.0, "mnist": 0.5}
    weights = tiny_runs.factorizing()["factorization"] | dict.fromkeys(("label_readback", "style_kept"), apart)
    task = factorize_task(factorization=weights, objective={"reconstruction": apart}, model=tiny_runs.mixed(1))
    objective, weight, model = task.run.objective, task.run.factorization.weight, task.model
    with_moved_flows(model).eval()  # no dropout, which draws from elsewhere
    cost, terms = step_of(task)

    g = torch.Generator().manual_seed(1)
    pairs = task.source.pools.pairs(torch.arange(16), g)
    x = {name: augment(pairs.modalities[name], task.source.augmentation[name], g) for name in ("svhn", "mnist")}
    seen = {"svhn": augment(x["svhn"], task.run.seen["svhn"], g), "mnist": x["mnist"]}
    features = model.encoder_y.features(seen)
    expected = {"flow": 0.0, "flow_near": 0.0, "recognition": 0.0}
    for name, encoder in model.encoders_a.items():
        code, context = encoder.code(x[name], features[name]), encoder.context(features[name])
        surprise, way = encoder.flow.costs(code + 0.1 * torch.randn(code.shape, generator=g), context)
        expected["flow"] += weight("flow") * surprise
        expected["flow_near"] += {"svhn": 2.0, "mnist": 4.0}[name] * way
        expected["recognition"] -= weight("recognition") * context[torch.arange(16), pairs.labels].log().mean()
    z = model.encode_features(x, features)
    prior = model.sample(16, generator=g)

    def noisy_draw() -> Latents:
        noisy_y = z.y + 0.5 * torch.randn(z.y.shape, generator=g)
        return Latents(noisy_y, {name: a + 0.1 * torch.randn(a.shape, generator=g) for name, a in z.a.items()})

    noisy = noisy_draw()
    factors = model.factors(noisy)
    partner = same_label_partner(pairs.labels, g)
    again = model.decode_factors(factors.replace(y=factors.y[partner]))
    expected |= {
        f"error_{name}": apart[name]
        * sum(((again.modalities[name][n] - x[name][n]) ** 2).sum() for n in range(16))
        / 16
        for name in x
    }
    decided = torch.log_softmax(model.label_head(factors.y), 1)
    expected["label"] = -10.0 * decided[torch.arange(16), pairs.labels].mean()
    assert objective.independence == "joint"
    drawn_y, drawn_a = prior.y, [prior.a["svhn"], prior.a["mnist"]]
    joint = torch.cat([noisy.y, noisy.a["svhn"], noisy.a["mnist"]], 1)
    expected["mmd"] = 100.0 * eq_4.mmd(joint, torch.cat([drawn_y, *drawn_a], 1))
    guesses = model.infer_missing(features, z, pairs.labels)
    expected["surrogate"] = sum(
        ((guess.y - z.y) ** 2).mean()
        + ((guess.a[other] - z.a[other]) ** 2).mean()
        - 10 * torch.log_softmax(logits, 1)[torch.arange(16), pairs.labels].mean()
        for (guess, logits), other in zip(guesses, ("mnist", "svhn"), strict=True)
    )
    noisy = noisy_draw()
    expected["mmd_y"] = weight("mmd_y") * eq_4.mmd(noisy.y, prior.y)
    frequency = torch.stack([(pairs.labels == label).float().mean() for label in range(10)])
    found = torch.softmax(model.decide(prior.y), 1).mean(0)
    divergence = sum(p * torch.log(p / q) for p, q in zip(frequency, found, strict=True) if p > 0)
    expected["label_balance"] = weight("label_balance") * divergence
    doubt = Categorical(logits=model.decide(prior.y)).entropy().mean()
    expected["certainty"] = weight("certainty") * doubt
    many = model.sample(64, generator=g)
    of_each = [eq_4.conditional_mmd(z.a[name], pairs.labels, many.a[name]) for name in x]
    expected["conditional_mmd"] = weight("conditional_mmd") * sum(of_each)
    imagined = imagine(model, noisy, [guess for guess, _ in guesses], pairs.labels, g)
    drawn = model.decode(imagined.latents)
    read, matched = eq_4.readback(task.readers, drawn.modalities, x, imagined.labels, imagined.kind)
    own = eq_4.cross_entropy(drawn.label, imagined.labels).mean()
    expected["label_readback"] = 3.0 * read["svhn"] + 0.5 * read["mnist"] + 10.0 * own
    expected["feature_match"] = weight("feature_match") * matched
    swapped = {name: (drawn.modalities[name][0::4], x[name][0::4]) for name in x}
    style, grey = (
        {name: eq_4.kept(*two, moments) for name, two in swapped.items()} for moments in (eq_4.STYLE, eq_4.GREY)
    )
    expected["style_kept"] = 3.0 * style["svhn"] + 0.5 * style["mnist"]
    expected["grey_kept"] = weight("grey_kept") * (grey["svhn"] + grey["mnist"])
    expected = {name: float(torch.as_tensor(term).detach()) for name, term in expected.items()}
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert cost.item() == pytest.approx(sum(expected.values()), rel=1e-4)


def test_the_added_terms_do_not_train_the_features_and_the_flows_are_trained_by_their_own_costs_alone():
    task = factorize_task(model=tiny_runs.mixed(1))
    flows = [parameter for encoder in task.model.encoders_a.values() for parameter in encoder.flow.parameters()]
    features = list(task.model.encoder_y.extractors.parameters())
    with_moved_flows(task.model)
    _, terms = step_of(task)
    for name, term in terms.items():
        by_flows, by_features = (
            any(
                g is not None and g.abs().sum() > 0
                for g in torch.autograd.grad(term, of, None, True, allow_unused=True)
            )
            for of in (flows, features)
        )
        assert by_flows == (name in ("flow", "flow_near")), name
        assert by_features == (name not in {*WEIGHTS} - {"recognition"}), name


def test_a_run_that_settles_fits_its_flows_to_further_pairs_too():
    task = factorize_task(start="anything", settle=True, flow_pairs=40, model=tiny_runs.mixed(1))
    with_moved_flows(task.model)
    _, terms = step_of(task)

    g = torch.Generator().manual_seed(1)
    first, _ = task.draw(torch.arange(16), g)
    seen = {"svhn": augment(first["svhn"], task.run.seen["svhn"], g), "mnist": first["mnist"]}
    more, _ = task.draw(torch.randint(len(task.source.pools.svhn_labels), (40,), generator=g), g)
    expected = torch.zeros(2)
    for name, encoder in task.model.encoders_a.items():
        pictures = torch.cat([first[name], more[name]])
        features = task.model.encoder_y.features({name: torch.cat([seen[name], more[name]])})[name]
        surprise, way = encoder.flow.costs(encoder.code(pictures, features), encoder.context(features))
        expected += torch.stack([surprise, {"svhn": 2.0, "mnist": 4.0}[name] * way])
    found = [terms["flow"].item() / task.run.factorization.weight("flow"), terms["flow_near"].item()]
    assert found == pytest.approx(expected.tolist(), rel=1e-4)


@pytest.mark.parametrize("flow_pairs", [1, 40])
def test_only_a_run_that_settles_has_further_pairs(flow_pairs):
    with pytest.raises(ValueError, match=f"flow_pairs: expected 0 for a run that does not settle, got {flow_pairs}"):
        FactorizeRun.model_validate(tiny_runs.factorizing(flow_pairs=flow_pairs))


class KilledTask(FactorizeTask):
    """The same, killed when so many steps have been made."""

    def __init__(self, *args: object, at: int) -> None:
        super().__init__(*args)
        self.left = at

    def loss(self, batch, generator):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return super().loss(batch, generator)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_killed_run_of_mfm_ends_bit_for_bit_as_an_uninterrupted_one(tmp_path, precision):
    training = tiny_runs.TRAINING | {"steps": 5, "precision": precision}
    whole = factorize_task(training=training)
    wanted = train(whole, whole.run.training, tmp_path / "whole", save_every=0).state_dict()
    for at in (1, 3):
        killed = KilledTask(whole.run, whole.readers, whole.source, CPU, at=at)
        with pytest.raises(KeyboardInterrupt):
            train(killed, whole.run.training, tmp_path / str(at), save_every=0)
        resumed = factorize_task(training=training)
        found = train(resumed, whole.run.training, tmp_path / str(at)).state_dict()
        assert all(torch.equal(found[name], tensor) for name, tensor in wanted.items())


def test_hardened_pictures_stay_near_and_cost_more():
    task = discriminative_task("svhn", "mnist", worst_case=0.05)
    task.model.eval()
    costs = []
    for seed in range(10):
        g = torch.Generator().manual_seed(seed)
        pictures, labels = task.draw(torch.arange(seed * 16, seed * 16 + 16), g)
        moved = task.harden(pictures, labels, g)
        for name, x in pictures.items():
            assert (moved[name] - x).abs().max() <= 0.05 + 1e-6
            assert moved[name].min() >= 0
            assert moved[name].max() <= 1
            assert not moved[name].requires_grad
        costs.append((task.cost(pictures, labels).item(), task.cost(moved, labels).item()))
    assert all(after > before for before, after in costs)


def test_hardening_leaves_no_gradient_behind():
    task = discriminative_task("mnist", worst_case=0.05)
    pictures, labels = task.draw(torch.arange(16), torch.Generator().manual_seed(0))
    task.harden(pictures, labels, torch.Generator().manual_seed(0))
    assert all(parameter.grad is None for parameter in task.model.parameters())


def test_label_smoothing_is_the_hand_computation():
    task = discriminative_task("mnist", label_smoothing=0.2)
    task.model.eval()
    pictures, labels = task.draw(torch.arange(16), torch.Generator().manual_seed(0))
    log_shares = torch.log_softmax(task.model(pictures), 1)
    wanted = torch.full((16, 10), 0.02)
    wanted[torch.arange(16), labels] += 0.8
    assert task.cost(pictures, labels).item() == pytest.approx(-(wanted * log_shares).sum(1).mean().item(), rel=1e-5)


def test_a_baseline_learns_digits_that_can_be_learnt(tmp_path):
    training = tiny_runs.TRAINING | {"steps": 60, "batch_size": 64, "learning_rate": 0.02, "validate_every": 20}
    task = discriminative_task("mnist", training=training, augmentation={"mnist": {}})
    trained = train(task, task.run.training, tmp_path)
    with torch.inference_mode():
        assert task.validate(trained)[1]["accuracy"] > 0.9


def test_pairs_are_of_one_label_and_drawn_anew_at_every_step():
    task = discriminative_task("svhn", "mnist", augmentation={"svhn": {}, "mnist": {}})
    drawn = [task.draw(torch.arange(64), torch.Generator().manual_seed(seed)) for seed in range(2)]
    assert torch.equal(drawn[0][1], task.source.pools.svhn_labels[:64])
    assert torch.equal(drawn[0][0]["svhn"], drawn[1][0]["svhn"])
    assert not torch.equal(drawn[0][0]["mnist"], drawn[1][0]["mnist"])


def test_no_training_photograph_is_validated_on():
    task = discriminative_task("svhn", "mnist")
    training = {picture.numpy().tobytes() for picture in task.source.pools.svhn}
    assert not any(picture.numpy().tobytes() in training for picture in task.source.held_out()[0]["svhn"])


def test_tasks_leave_the_global_generator_alone(tmp_path):
    before = torch.random.get_rng_state()
    for task in (factorize_task(), discriminative_task("mnist", worst_case=0.1)):
        train(task, task.run.training, tmp_path / type(task).__name__)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_weights_depend_on_the_seed_alone():
    tasks = [factorize_task(training=tiny_runs.TRAINING | {"seed": seed}) for seed in (0, 0, 1)]
    first, same, other = ([p.flatten() for p in task.model.parameters() if p.ndim > 1 and p.any()] for task in tasks)
    assert all(torch.equal(a, b) for a, b in zip(first, same, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"augmentation": {"svhn": {}}}, "augmentation: expected one for each of svhn, mnist, got svhn"),
        ({"readers": {"svhn": "reader_svhn"}}, "readers: expected one for each of svhn, mnist, got svhn"),
        ({"readers": {}}, "readers: expected one for each of svhn, mnist, got none"),
        (
            {"objective": {"reconstruction": {"mnist": 1}}},
            "objective.reconstruction: expected one for each of svhn, mnist, got mnist",
        ),
        (
            {"factorization": {"style_kept": {"svhn": 1, "mnist": 1, "usps": 1}}},
            "factorization.style_kept: expected one for each of svhn, mnist, got svhn, mnist, usps",
        ),
    ],
)
def test_a_run_names_what_it_needs_for_each_modality(changes, message):
    with pytest.raises(ValueError, match=message):
        FactorizeRun.model_validate(tiny_runs.factorizing(**changes))


def test_a_run_that_reads_nothing_back_needs_no_readers():
    run = tiny_runs.factorizing(readers={}, factorization={"label_readback": 0, "feature_match": 0})
    assert FactorizeRun.model_validate(run).readers == {}


def test_a_reader_of_something_else_is_refused():
    task = factorize_task()
    turned = {"svhn": task.readers["mnist"], "mnist": task.readers["svhn"]}
    message = r"^readers.svhn: expected one of 10 classes from svhn, got one of 10 classes from mnist$"
    with pytest.raises(ValueError, match=message):
        FactorizeTask(task.run, turned, task.source, CPU)


def test_a_model_of_other_pictures_or_labels_is_refused():
    run = tiny_runs.discriminative("mnist")
    run["model"]["modalities"]["mnist"]["shape"] = [1, 32, 32]
    with pytest.raises(ValueError, match=r"^model.modalities: expected some of .*, got mnist of shape \(1, 32, 32\)$"):
        DiscriminativeTask(DiscriminativeRun.model_validate(run), CPU)
    run = tiny_runs.discriminative("mnist")
    run["model"]["label"] = {"size": 3}
    with pytest.raises(ValueError, match=r"^model.label: expected 10 classes, got 3 classes$"):
        DiscriminativeTask(DiscriminativeRun.model_validate(run), CPU)
