import dataclasses
import json
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from mfm_core.data import load_dataset, registry
from mfm_core.data.scaling import Scaling
from mfm_core.experiments.run import execute, read_run
from mfm_core.model import MFM
from mfm_core.storage.scaling import load_scaling
from mfm_core.training.loop import step_generator, train
from mfm_core.training.videos import SequenceRun, SequenceTask, encode_present, groups, load_run_data, masked_errors
from tests.made_up_sequences import made_up_sequences, sequence_run
from tests.training import eq_4

CPU, ROOT = torch.device("cpu"), Path(__file__).parents[2]


@pytest.fixture
def offer(monkeypatch):
    """Put a data set into the registry under the name that the runs of these tests read."""

    def put(data):
        monkeypatch.setitem(registry._loaders, "made_up", lambda: data)
        return data

    return put


def run_of(**changes):
    return SequenceRun.model_validate(sequence_run(**changes))


def test_a_batch_is_parted_by_the_modalities_its_samples_have():
    data = made_up_sequences(12, without_language=5)
    parts = groups(data, ("language", "acoustic"))
    assert sorted(tuple(part.inputs) for part in parts) == [("acoustic",), ("language", "acoustic")]
    assert sorted(torch.cat([part.index for part in parts]).tolist()) == list(range(12))
    for part in parts:
        assert torch.equal(part.inputs["acoustic"], data.modalities["acoustic"][part.index])


def test_masked_errors_against_a_loop():
    data = made_up_sequences(7)
    generated = {name: torch.randn_like(x) for name, x in data.modalities.items()}
    found = masked_errors(data.modalities, generated, dict.fromkeys(data.modalities, data.mask))
    for name, x in data.modalities.items():
        squares = [
            float((generated[name][i, t, k] - x[i, t, k]) ** 2)
            for i in range(7)
            for t in range(x.shape[1])
            for k in range(x.shape[2])
            if data.mask[i, t]
        ]
        assert float(found[name]) == pytest.approx(sum(squares) / len(squares), rel=1e-5)


def test_the_loss_is_equation_4(offer):
    data = offer(made_up_sequences())
    weights = {"mmd": 3.0, "label": 2.0, "reconstruction": 5.0, "surrogate": 0.5, "surrogate_label": 7.0}
    run = run_of(objective=weights, mmd_y=4.0)
    task = SequenceTask(run, CPU)
    task.model.eval().requires_grad_(False)
    batch = torch.arange(16)
    cost, terms = task.loss(batch, step_generator(0, 2, 0))
    x, mask, model = data.part("train").take(batch), data.part("train").mask[batch], task.model
    latents = model.encode(x.modalities, mask)
    prior = model.sample(16, generator=step_generator(0, 2, 0))
    generated = model.decode(latents)
    for name in model.modalities:
        error = (generated.modalities[name] - x.modalities[name])[mask].square().mean()
        assert float(terms[f"error_{name}"]) == pytest.approx(5 * float(error), rel=1e-4)
    assert float(terms["label"]) == pytest.approx(2 * float((generated.label - x.labels).square().mean()), rel=1e-5)
    joint = (torch.cat([z.y, *(z.a[name] for name in model.modalities)], 1) for z in (latents, prior))
    assert float(terms["mmd"]) == pytest.approx(3 * eq_4.mmd(*joint), rel=1e-4)
    assert float(terms["mmd_y"]) == pytest.approx(4 * eq_4.mmd(latents.y, prior.y), rel=1e-4)
    surrogates = 0.0
    for given in (("language",), ("acoustic",)):
        guess = model.encode({name: x.modalities[name] for name in given}, mask)
        (absent,) = set(model.modalities) - set(given)
        surrogates += 0.5 * float(
            (guess.y - latents.y).square().mean() + (guess.a[absent] - latents.a[absent]).square().mean()
        )
        surrogates += 7.0 * float((model.decide(guess.y) - x.labels).square().mean())
    assert float(terms["surrogate"]) == pytest.approx(surrogates, rel=1e-4)
    assert float(cost) == pytest.approx(sum(float(term) for term in terms.values()), rel=1e-5)


def test_the_label_of_surrogates_has_a_weight_of_its_own(offer):
    offer(made_up_sequences())
    costs = []
    for weight in (0.0, 10.0, 1000.0):
        task = SequenceTask(run_of(objective={"surrogate": 2.0, "surrogate_label": weight}), CPU)
        costs.append(float(task.loss(torch.arange(16), step_generator(0, 2, 0))[1]["surrogate"].detach()))
    assert costs[0] < costs[1] < costs[2]
    assert (costs[2] - costs[0]) / (costs[1] - costs[0]) == pytest.approx(100, rel=1e-2)


def test_a_model_of_some_modalities_trains_on_these_alone(offer, tmp_path):
    data = offer(made_up_sequences(without_language=9))
    run = sequence_run()
    del run["model"]["modalities"]["acoustic"]
    task = SequenceTask(SequenceRun.model_validate(run), CPU)
    assert len(task.train) == 31  # nothing is known of the nine that lack language
    assert list(task.train.modalities) == ["language"]
    _, terms = task.loss(torch.arange(16), step_generator(0, 2, 0))
    assert set(terms) == {"error_language", "label", "mmd"}
    trained = train(task, task.run.training, tmp_path)
    assert trained.modalities == ("language",)
    assert "acoustic" in data.modalities


def test_one_more_stream_is_the_line_of_a_configuration_that_the_readme_shows(offer, tmp_path):
    (line,) = re.findall(r'`("\w+": {"kind": "sequence".*?})`', (ROOT / "README.md").read_text(encoding="utf-8"))
    ((name, stream),) = json.loads(f"{{{line}}}").items()
    data = made_up_sequences()
    more = torch.randn(*data.mask.shape, stream["d_x"], generator=torch.Generator().manual_seed(1))
    offer(dataclasses.replace(data, modalities={**data.modalities, name: more * data.mask[..., None]}))
    text = json.dumps(sequence_run()).replace('"modalities": {', f'"modalities": {{{line}, ', 1)
    (tmp_path / "run.json").write_text(text)
    model = execute(read_run(str(tmp_path / "run.json")), tmp_path / "run", command="test")
    assert model.modalities == (name, "language", "acoustic")
    (*_, last) = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    assert json.loads(last)[f"error_{name}"] > 0
    generated = model.decode(model.sample(3, generator=torch.Generator().manual_seed(0)))
    assert generated.modalities[name].shape == (3, 5, stream["d_x"])


def test_the_line_of_a_stream_fits_the_configuration_that_the_readme_names(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ((line, name),) = re.findall(r'`("\w+": {"kind": "sequence".*?})`.* `(\w+)\.json`, from line 5 \|', readme)
    text = (ROOT / "mfm_core" / "experiments" / "configs" / f"{name}.json").read_text(encoding="utf-8")
    lines = text.splitlines()
    lines.insert(5, f"{line},")  # behind line 5, which opens the modalities
    (tmp_path / "run.json").write_text("\n".join(lines))
    assert "posture" in read_run(str(tmp_path / "run.json")).model.modalities


def test_what_padding_and_absent_modalities_hold_costs_nothing(offer):
    data = offer(made_up_sequences(without_language=10))
    task = SequenceTask(run_of(noise=0.1, noise_y=0.2), CPU)
    before, _ = task.loss(torch.arange(16), step_generator(0, 2, 0))
    junk = {name: torch.where(data.mask[..., None], x, 1e3) for name, x in data.modalities.items()}
    junk["language"][:10] = 77.0
    offer(dataclasses.replace(data, modalities=junk))
    again = SequenceTask(run_of(noise=0.1, noise_y=0.2), CPU)
    after, _ = again.loss(torch.arange(16), step_generator(0, 2, 0))
    assert torch.equal(before, after)


def test_samples_without_language_train_the_surrogates_of_the_others(offer):
    offer(made_up_sequences(without_language=40))  # all training samples
    task = SequenceTask(run_of(), CPU)
    cost, terms = task.loss(torch.arange(16), step_generator(0, 2, 0))
    torch.autograd.backward(cost)
    assert "surrogate" not in terms
    assert float(terms["error_language"].detach()) == 0
    moved = [p.grad for p in task.model.surrogates["acoustic"].parameters()]
    assert all(gradient is not None and bool(gradient.abs().sum() > 0) for gradient in moved)


def test_training_learns_a_score(offer, tmp_path):
    data = offer(made_up_sequences(120, seed=3))
    run = run_of(
        objective={"mmd": 1.0, "label": 10.0, "reconstruction": 1.0, "surrogate": 0.1},
        training={
            "steps": 150,
            "batch_size": 40,
            "learning_rate": 0.01,
            "validate_every": 50,
            "average": 0.9,
            "warmup": 5,
        },
    )
    model = train(SequenceTask(run, CPU), run.training, tmp_path)
    part = data.part("test")
    with torch.inference_mode():
        _, decided = encode_present(model, part)
    assert float(torch.corrcoef(torch.stack([decided[:, 0], part.labels[:, 0]]))[0, 1]) > 0.8


def test_a_run_stores_a_model_that_loads(offer, tmp_path):
    data = made_up_sequences()
    ones = {name: Scaling(torch.zeros(x.shape[2]), torch.ones(x.shape[2])) for name, x in data.modalities.items()}
    offer(dataclasses.replace(data, scaling=ones))
    path = tmp_path / "run.json"
    path.write_text(json.dumps(sequence_run()))
    trained = execute(read_run(str(path)), tmp_path / "run", command="test")
    assert isinstance(trained, MFM)
    scaling = load_scaling(tmp_path / "run" / "model")
    assert torch.equal(scaling["acoustic"].std, torch.ones(3))


def test_samples_with_nothing_to_encode_are_left_out(offer):
    data = made_up_sequences(without_language=4)
    nothing = torch.arange(len(data)) >= 3
    offer(dataclasses.replace(data, present={**data.present, "acoustic": nothing}))
    assert len(load_run_data(run_of())) == len(data) - 3
    assert len(load_dataset("made_up")) == len(data)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": "svhn_mnist"}, "data: expected a data set of sequences, got svhn_mnist"),
        ({"fold": {"of": 5, "number": 0}}, "fold: expected one of ict_mmmo"),
        ({"noise": 2.0}, "noise"),
        (
            {"objective": {"reconstruction": {"language": 1}}},
            "objective.reconstruction: expected one for each of language, acoustic, got language",
        ),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_run_that_does_not_fit_is_refused(offer, changes, message, monkeypatch):
    data = offer(made_up_sequences())
    monkeypatch.setitem(registry._loaders, "svhn_mnist", lambda: dataclasses.replace(data, mask=None))
    with pytest.raises(ValueError, match=message):
        SequenceTask(run_of(**changes), CPU)


def test_a_model_of_other_sizes_is_refused(offer):
    offer(made_up_sequences())
    run = sequence_run()
    run["model"]["modalities"]["acoustic"]["d_x"] = 9
    with pytest.raises(ValueError, match=r"model\.modalities: expected some of"):
        SequenceTask(SequenceRun.model_validate(run), CPU)
    run = sequence_run()
    run["model"]["label"] = {"kind": "classes", "size": 3}
    with pytest.raises(ValueError, match=r"model\.label: expected 1 scores, the labels of made_up, got 3 classes"):
        SequenceTask(SequenceRun.model_validate(run), CPU)


def test_a_batch_of_one_sample_is_left_out(offer):
    offer(made_up_sequences(50))  # 34 to train on
    batches = SequenceTask(run_of(), CPU).epoch(33, torch.Generator().manual_seed(0))
    assert [len(batch) for batch in batches] == [33]


def test_only_the_trained_network_is_a_module(offer):
    offer(made_up_sequences())
    assert isinstance(SequenceTask(run_of(), CPU).model, nn.Module)
