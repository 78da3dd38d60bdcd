"""A flow fitted to codes that rest: all else stays, it converges to what is held out, and a killed fit goes on."""

from __future__ import annotations

import pytest
import torch

from mfm_core.config import ModelConfig
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.model import MFM
from mfm_core.storage.models import save_model
from mfm_core.training.common import seeded
from mfm_core.training.digits import DigitPairs
from mfm_core.training.flow_fit import FlowFit, FlowTask, encode_to_codes, fit_flow, fit_flows, with_variants
from mfm_core.training.images import FactorizeRun, FactorizeTask
from mfm_core.training.loop import train
from tests import tiny_runs

pytestmark = pytest.mark.usefixtures("made_up_data")
TRAINING = {"steps": 60, "batch_size": 100, "learning_rate": 0.01, "warmup": 5, "average": 0.8, "validate_every": 10}


def new_model(couplings: int = 1) -> MFM:
    config = ModelConfig.model_validate(tiny_runs.mixed(couplings))
    return seeded(lambda: MFM(config), 0).eval().requires_grad_(requires_grad=False)


def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    return DigitPools.load("train").mnist, DigitPools.load("test").mnist


def test_fitting_lowers_the_held_out_surprise_and_moves_nothing_but_the_flow(tmp_path):
    model = new_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    flow, held_out = model.encoders_a["mnist"].flow, encode_to_codes(model, "mnist", pictures()[1])
    first = float(flow.costs(*held_out)[0])
    fit_flow(model, "mnist", FlowFit(near=0.0, training=TRAINING), *pictures(), tmp_path)
    assert float(flow.costs(*held_out)[0]) < first - 0.1
    moved = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved
    assert all(name.startswith("encoders_a.mnist.flow.") for name in moved)
    assert not any(parameter.requires_grad for parameter in flow.parameters())


def test_the_nearer_codes_are_to_stay_the_less_they_are_moved(tmp_path):
    ways = []
    for near in (0.0, 1.0):
        model = new_model()
        fit_flow(model, "mnist", FlowFit(near=near, training=TRAINING), *pictures(), tmp_path / str(near))
        codes = encode_to_codes(model, "mnist", pictures()[1])
        ways.append(float(model.encoders_a["mnist"].flow.costs(*codes)[1]))
    assert ways[1] < 0.7 * ways[0]


def test_variants_of_each_picture_come_after_the_pictures_themselves():
    images = pictures()[0][:30]
    config = FlowFit(copies=2, augmentation={"shift": 0.1}, training=TRAINING)
    more = with_variants(images, config)
    assert len(more) == 90
    assert torch.equal(more[:30], images)
    assert not torch.equal(more[30:60], images)
    assert not torch.equal(more[60:], more[30:60])
    assert torch.equal(with_variants(images, config), more)
    unchanged = with_variants(images, FlowFit(copies=2, training=TRAINING))
    torch.testing.assert_close(unchanged, images.repeat(3, 1, 1, 1), atol=1e-4, rtol=0)
    task = FlowTask(new_model(), "mnist", config, images, pictures()[1])
    assert len(task.codes) == len(task.contexts) == 90


def test_after_its_fits_a_flow_is_whitened_class_by_class(tmp_path):
    text = tiny_runs.mixed(1)
    text["modalities"]["mnist"]["flow_whitened"] = True
    model = seeded(lambda: MFM(ModelConfig.model_validate(text)), 0).eval().requires_grad_(requires_grad=False)
    fit = FlowFit(training=TRAINING | {"steps": 2})
    fit_flows(model, {"mnist": (fit, fit)}, tmp_path, lambda step, report: None)
    images = pictures()[0]
    codes, contexts = encode_to_codes(model, "mnist", images)
    z = model.encoders_a["mnist"].separate(codes, contexts)
    torch.testing.assert_close(z, model.encode({"mnist": images}).a["mnist"])
    weights = contexts / contexts.sum(0)
    assert not torch.allclose(weights.T @ model.encoders_a["mnist"].flow(codes, contexts)[0], torch.zeros(1), atol=0.1)
    assert torch.allclose(weights.T @ z, torch.zeros(1), atol=0.1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flow_mnist_0", "flow_mnist_1"]


def test_a_killed_fit_goes_on_where_it_was_stopped(tmp_path):
    config = FlowFit(training=TRAINING | {"steps": 6, "validate_every": 2})
    whole = new_model()
    fit_flow(whole, "mnist", config, *pictures(), tmp_path / "whole")
    killed = FlowTask(new_model(), "mnist", config, *pictures())

    def kill(step: int, _report: object) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(killed, config.training, tmp_path / "killed", on_report=kill, save_every=0)
    resumed, steps = new_model(), []
    fit_flow(resumed, "mnist", config, *pictures(), tmp_path / "killed", on_report=lambda step, _: steps.append(step))
    assert steps[-1] == 6
    assert len(steps) < 6
    assert all(torch.equal(tensor, whole.state_dict()[name]) for name, tensor in resumed.state_dict().items())


def test_codes_do_not_depend_on_the_batches(monkeypatch):
    model, digits = new_model(), pictures()[1][:50]
    whole = encode_to_codes(model, "mnist", digits)
    monkeypatch.setattr("mfm_core.training.flow_fit.BATCH", 7)
    for found, wanted in zip(encode_to_codes(model, "mnist", digits), whole, strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_a_modality_without_a_flow_is_refused():
    config = ModelConfig.model_validate(tiny_runs.mixed(0))
    without = config.modalities["mnist"].model_copy(update={"flow": 0})
    model = MFM(config.model_copy(update={"modalities": config.modalities | {"mnist": without}}))
    message = r"^fit_flows.mnist: expected a modality whose encoder ends in a flow, got one without$"
    with pytest.raises(ValueError, match=message):
        FlowTask(model, "mnist", FlowFit(training=TRAINING), *pictures())


def settling(**changes: object) -> FactorizeRun:
    run = {"start": "anything", "settle": True, "model": tiny_runs.mixed(1), "readers": {}} | changes
    nothing_read = {"label_readback": 0, "feature_match": 0, "flow": 0}
    return FactorizeRun.model_validate(tiny_runs.factorizing(factorization=nothing_read, **run))


def test_a_run_of_one_modality_leaves_what_is_generated_of_the_others_as_it_was(tmp_path):
    run = settling(only=["mnist"], fit_flows={"mnist": [{"training": TRAINING}]})
    task = FactorizeTask(run, {}, DigitPairs(run.model, run.augmentation), torch.device("cpu"))
    _, terms = task.loss(torch.arange(16), torch.Generator().manual_seed(1))
    assert "error_mnist" in terms
    assert not {"error_svhn", "flow", "recognition"} & set(terms)
    before = {name: tensor.clone() for name, tensor in task.model.state_dict().items()}
    after = train(task, task.run.training, tmp_path).state_dict()
    moved = {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    assert {name.partition(".")[0] for name in moved} == {"g_a", "decoders", "surrogates"}
    assert not any(".svhn." in name for name in moved if not name.startswith("surrogates"))


def test_a_flow_of_no_fits_stays_as_it_is(tmp_path):
    run = settling(only=["mnist"], fit_flows={"mnist": []})
    assert run.steps_before == 0
    task = FactorizeTask(run, {}, DigitPairs(run.model, run.augmentation), torch.device("cpu"))
    run.prepare(task, tmp_path, lambda step, report: None)
    before = {name: tensor.clone() for name, tensor in task.model.encoders_a["mnist"].state_dict().items()}
    after = train(task, run.training, tmp_path).encoders_a["mnist"].state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())


def test_what_is_trained_is_moved_towards_where_it_started(tmp_path):
    start, trained = new_model(), seeded(lambda: MFM(ModelConfig.model_validate(tiny_runs.mixed(1))), 1)
    save_model(start, tmp_path / "start", run={}, card="")
    ends = trained.state_dict()
    expected = {name: 0.25 * x + 0.75 * ends[name] for name, x in start.state_dict().items() if x.is_floating_point()}
    settling(start=str(tmp_path / "start"), start_share=0.25).finish(trained)
    for name, wanted in expected.items():
        torch.testing.assert_close(trained.state_dict()[name], wanted)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settle": False, "start_share": 0.5}, "start_share: expected 0 for a run that does not settle, got 0.5"),
        (
            {"settle": False, "fit_flows": {"mnist": [{"training": TRAINING}]}},
            "fit_flows: expected none for a run that does not settle, got mnist",
        ),
        (
            {"fit_flows": {"usps": [{"training": TRAINING}]}},
            "fit_flows: expected modalities that have a flow, which are svhn, mnist, got usps",
        ),
        ({"settle": False, "only": ["mnist"]}, "only: expected none for a run that does not settle, got mnist"),
        ({"only": ["usps"]}, "only: expected modalities of the model, which are svhn, mnist, got usps"),
    ],
)
def test_what_only_a_run_that_settles_can_do_is_refused_elsewhere(changes, message):
    with pytest.raises(ValueError, match=message):
        settling(**changes)
