"""A term is one function and one key: it is read from a configuration, trained with, reported, and offered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from app.lab.view import LabView
from mfm_core.data.dataset import Dataset
from mfm_core.experiments.run import CONFIGS
from mfm_core.lab.settings import LabSettings, switches
from mfm_core.lab.training import config_of
from mfm_core.storage.folder import CONFIG
from mfm_core.systems.mfm import MFMConfig, MFMSystem
from mfm_core.training.digits import DigitPairs
from mfm_core.training.factorization import FactorizationConfig
from mfm_core.training.images import FactorizeRun, FactorizeTask
from mfm_core.training.loop import TrainingConfig, step_generator, train
from mfm_core.training.runs import parse_run
from mfm_core.training.terms import registry
from mfm_core.training.terms.inputs import TermInputs
from mfm_core.training.terms.registry import register_term, terms_of
from mfm_core.training.video_terms import SequenceTerms
from mfm_core.training.videos import SequenceRun, SequenceTask
from tests import tiny_runs
from tests.made_up_sequences import made_up_sequences, sequence_run
from tests.training import eq_4

CPU, ROOT = torch.device("cpu"), Path(__file__).parents[3]
enter: Callable[..., Callable[[Any], Any]] = register_term
"""As a caller without a type checker has it."""


def short_z_y(seen: TermInputs) -> torch.Tensor:
    """Mean square of Z_y."""
    return seen.latents.y.square().mean()


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.all_terms()
    monkeypatch.setattr(registry, "_terms", dict(registry._terms))  # what enters stays for this test alone


@pytest.fixture
def entered(alone: None) -> str:
    register_term("short_z_y", "Z_y is short", small={"image": 3.0, "sequence": 2.0})(short_z_y)
    return "short_z_y"


def task_of_images(**weights: object) -> FactorizeTask:
    nothing = dict.fromkeys(FactorizationConfig.given, 0) | {"same_label": False, "noise": 0, "noise_y": 0}
    run = tiny_runs.factorizing(factorization=nothing | weights, readers={}, seen={})
    read = FactorizeRun.model_validate(run)
    return FactorizeTask(read, {}, DigitPairs(read.model, read.augmentation), CPU)


def task_of_sequences(**weights: object) -> SequenceTask:
    data = made_up_sequences()
    run = SequenceRun.model_validate(sequence_run(terms=weights))
    return SequenceTask(run, CPU, (data.part("train"), data.part("validation")))


def z_y_of_images(task: FactorizeTask) -> torch.Tensor:
    pictures, _ = task.draw(torch.arange(16), step_generator(0, 2, 0))
    return task.model.encode(pictures).y


def z_y_of_sequences(task: SequenceTask) -> torch.Tensor:
    part = task.train.take(torch.arange(16))
    return task.model.encode(part.modalities, part.mask).y


@pytest.mark.parametrize(
    ("task_of", "z_y_of"), [(task_of_images, z_y_of_images), (task_of_sequences, z_y_of_sequences)]
)
@pytest.mark.usefixtures("made_up_data")
def test_a_term_from_outside_is_one_key_that_is_trained_with_and_reported(
    task_of: Callable[..., Any], z_y_of: Callable[[Any], torch.Tensor], entered: str, tmp_path: Path
) -> None:
    with_it, without = task_of(short_z_y=4.0), task_of()
    for task in (with_it, without):
        task.model.eval()  # no dropout, which draws from elsewhere
    cost, terms = with_it.loss(torch.arange(16), step_generator(0, 2, 0))
    _, usual = without.loss(torch.arange(16), step_generator(0, 2, 0))
    term = terms.pop(entered)
    assert float(term.detach()) == pytest.approx(4 * np.mean(z_y_of(with_it).detach().numpy() ** 2), rel=1e-5)
    assert set(terms) == set(usual)
    assert all(torch.equal(terms[name], usual[name]) for name in terms), "it changed what the others draw"
    assert float(cost.detach()) == pytest.approx(float((sum(usual.values()) + term).detach()), rel=1e-5)
    gradients = torch.autograd.grad(term, list(with_it.model.encoder_y.parameters()), allow_unused=True)
    assert any(gradient is not None and bool(gradient.any()) for gradient in gradients)
    train(with_it, with_it.run.training, tmp_path)
    (*_, last) = (tmp_path / "log.jsonl").read_text().splitlines()
    assert json.loads(last)[entered] > 0


@pytest.mark.parametrize("config", [FactorizationConfig, SequenceTerms])
def test_a_key_is_known_as_long_as_its_term_is_entered(
    config: type[FactorizationConfig | SequenceTerms], monkeypatch: pytest.MonkeyPatch, entered: str
) -> None:
    assert config(short_z_y=2).weight(entered) == 2
    assert config() == config(short_z_y=0)
    with pytest.raises(ValueError, match=r"^short_z_y: expected a number of at least 0.0, got -1$"):
        config(short_z_y=-1)
    with pytest.raises(ValueError, match=r"^short_z_y: expected a number, got {'svhn': 1.0}$"):
        config(short_z_y={"svhn": 1.0})
    monkeypatch.delitem(registry._terms, entered)
    with pytest.raises(ValueError, match=r"^short_z_y: expected no such key \(there are .*, mmd_y, .*\), got 2$"):
        config(short_z_y=2)


def test_a_cost_of_each_modality_takes_a_weight_of_each(alone: None) -> None:
    def lengths(seen: TermInputs) -> dict[str, torch.Tensor]:
        return {name: z.square().mean() for name, z in seen.latents.a.items()}

    register_term("short_z_a", "each Z_a is short", by_modality=True)(lengths)
    apart, language = (
        task_of_sequences(short_z_a=weight).loss(torch.arange(16), step_generator(0, 2, 0))[1]["short_z_a"]
        for weight in ({"language": 3.0, "acoustic": 0.5}, {"language": 1.0, "acoustic": 0.0})
    )
    both = task_of_sequences(short_z_a=1).loss(torch.arange(16), step_generator(0, 2, 0))[1]["short_z_a"]
    assert float((both - language).detach()) > 0
    assert float(apart.detach()) == pytest.approx(float((3 * language + 0.5 * (both - language)).detach()), rel=1e-4)
    message = "^terms.short_z_a: expected one for each of language, acoustic, got language$"
    with pytest.raises(ValueError, match=message):
        parse_run(sequence_run(terms={"short_z_a": {"language": 1.0}}))


@pytest.mark.parametrize("images", [True, False])
def test_the_lab_offers_it_and_trains_with_it(images: bool, entered: str) -> None:
    assert switches()[entered].sentence == "Z_y is short"
    assert switches()[entered].serves == "images and sequences"
    assert entered in LabSettings().terms
    assert entered in LabView().terms.split(".")
    pictures, labels = np.random.default_rng(0).random((90, 1, 8, 8)), np.arange(90) % 3
    data = Dataset.from_arrays({"one": pictures}, labels) if images else made_up_sequences(90)
    for chosen in ((entered,), ()):
        config = config_of(LabSettings(terms=chosen, d_y=2, d_a=2), data)
        weights = config.factorization if images else config.terms
        assert weights is not None
        assert weights.weight(entered) == (0 if not chosen else 3 if images else 2)
        reported: set[str] = set()
        loop = TrainingConfig(steps=1, batch_size=16, validate_every=1)
        parts = data.part("train"), data.part("validation")
        MFMSystem.train(config, *parts, seed=0, on_report=lambda _, terms, to=reported: to.update(terms), loop=loop)  # type: ignore[misc]
        assert (entered in reported) == bool(chosen)


def test_a_term_that_no_small_weight_offers_is_no_switch(alone: None) -> None:
    register_term("short_z_y", "Z_y is short")(short_z_y)
    assert "short_z_y" not in switches()
    assert "short_z_y" in [term.key for term in terms_of("image")]


def test_sequences_of_classes_take_the_terms_that_need_classes() -> None:
    data = made_up_sequences()
    classes = (data.labels[:, 0] > 0).long()
    data = replace(data, labels=classes)
    run = sequence_run(terms={"conditional_mmd": 2.0, "label_balance": 3.0})
    run["model"]["label"] = {"kind": "classes", "size": 2}
    task = SequenceTask(SequenceRun.model_validate(run), CPU, (data.part("train"), data.part("validation")))
    task.model.eval().requires_grad_(False)
    _, terms = task.loss(torch.arange(16), step_generator(0, 2, 0))
    part, g = data.part("train").take(torch.arange(16)), step_generator(0, 2, 0)
    z, prior = task.model.encode(part.modalities, part.mask), task.model.sample(16, generator=g)
    many = task.model.sample(64, generator=g)
    independent = sum(eq_4.conditional_mmd(z.a[name], part.labels, many.a[name]) for name in z.a)
    assert float(terms["conditional_mmd"]) == pytest.approx(2 * float(independent), rel=1e-4)
    found = torch.softmax(task.model.decide(prior.y), 1).mean(0)
    real = torch.tensor([float((part.labels == label).float().mean()) for label in range(2)])
    balance = sum(float(p * torch.log(p / q)) for p, q in zip(real, found, strict=True) if p > 0)
    assert float(terms["label_balance"]) == pytest.approx(3 * balance, rel=1e-4, abs=1e-6)


def test_a_term_of_classes_is_refused_where_there_are_none() -> None:
    message = "terms.conditional_mmd: expected 0 where the label is not of classes, got 2.0"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_run(sequence_run(terms={"conditional_mmd": 2.0}))


def test_mmd_y_stands_beside_the_terms_in_older_runs() -> None:
    older, newer = (SequenceRun.model_validate(sequence_run(**w)) for w in ({"mmd_y": 4}, {"terms": {"mmd_y": 4}}))
    assert older == newer
    assert SequenceRun.model_validate(older.model_dump()) == older
    with pytest.raises(ValueError, match=r"^mmd_y: expected in terms alone, got 4 and terms {'mmd_y': 3}$"):
        parse_run(sequence_run(mmd_y=4, terms={"mmd_y": 3}))
    with pytest.raises(ValueError, match=r"^terms.mmd_y: expected 0, for mmd_y beside it .*, got 3.0$"):
        MFMConfig(terms=SequenceTerms(mmd_y=3))


STORED = [*CONFIGS.glob("*.json"), *(ROOT / "pretrained").glob(f"*/{CONFIG}")]


@pytest.mark.parametrize("path", STORED, ids=lambda path: f"{path.parent.name}_{path.stem}")
def test_the_weights_of_every_run_of_the_project_are_read_as_they_are_written(path: Path) -> None:
    content = json.loads(path.read_text())
    run = content["run"]["configuration"] if "run" in content else content
    if not {"factorization", "terms", "mmd_y"} & set(run):
        return
    read: Any = parse_run(run)
    config = read.factorization if "factorization" in run else read.terms
    written = {**run.get("factorization", {}), **(run.get("terms") or {})}
    written |= {"mmd_y": run["mmd_y"]} if "mmd_y" in run else {}
    for key, value in written.items():
        assert (getattr(config, key) if key in type(config).model_fields else config.weight(key)) == value
    assert parse_run(read.model_dump(mode="json")) == read


SAID: list[tuple[dict[str, object], str]] = [
    ({"key": "Short"}, "key: expected at most 40 lower-case letters, digits and '_', got 'Short'"),
    ({"key": 3}, "key: expected at most 40 lower-case letters, digits and '_', got 3"),
    ({"key": "mmd_y"}, "key: expected one that is not taken, got 'mmd_y', of mfm_core.training.terms.mmd_y"),
    ({"key": "noise"}, "key: expected one that is not taken, got 'noise', of the training itself"),
    ({"key": "surrogate"}, "key: expected one that is not taken, got 'surrogate', of the training itself"),
    ({"sentence": ""}, "sentence: expected text, got none"),
    ({"reads": ("video",)}, "reads: expected a tuple of 'image' and 'sequence', got ('video',)"),
    ({"reads": ()}, "reads: expected a tuple of 'image' and 'sequence', got ()"),
    ({"reads": 3}, "reads: expected a tuple of 'image' and 'sequence', got 3"),
    ({"reads": "image"}, "reads: expected a tuple of 'image' and 'sequence', got 'image'"),
    ({"label": "digits"}, "label: expected one of 'any', 'classes', 'score', got 'digits'"),
    ({"label": None}, "label: expected one of 'any', 'classes', 'score', got None"),
    ({"readers": 1}, "readers: expected a bool, got an int"),
    ({"by_modality": "x"}, "by_modality: expected a bool, got a str"),
    ({"switch": 3}, "switch: expected text, got an int"),
    ({"order": "x"}, "order: expected a whole number, got a str"),
    ({"helper": 3}, "helper: expected a function, or None, got an int"),
    ({"small": 3}, "small: expected weights by 'image' and 'sequence', or None, got 3"),
    ({"small": {"image": float("nan")}}, "small: expected a finite number above 0 for 'image', got nan"),
    ({"small": {"image": "x"}}, "small: expected a finite number above 0 for 'image', got 'x'"),
    ({"reads": ("image",), "small": {"sequence": 1.0}}, "small: expected kinds that the term reads, got 'sequence'"),
    ({"small": {"video": 1.0}}, "small: expected weights by 'image' and 'sequence', or None, got {'video': 1.0}"),
]


@pytest.mark.parametrize(("changes", "message"), SAID)
def test_what_may_not_enter_is_told_in_one_sentence(changes: dict[str, object], message: str, alone: None) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        enter(**{"key": "short_z_y", "sentence": "Z_y is short"} | changes)(short_z_y)
    with pytest.raises(ValueError, match=r"^cost: expected a function, got an int$"):
        enter("short_z_y", "Z_y is short")(3)


def test_a_function_that_takes_no_batch_does_not_enter(alone: None) -> None:
    def alien() -> torch.Tensor:
        return torch.zeros(())

    with pytest.raises(
        ValueError, match=r"^cost: expected a function of one argument, got alien \(too many positional arguments\)$"
    ):
        enter("short_z_y", "Z_y is short")(alien)


RETURNED: list[tuple[object, str]] = [
    ("x", "a str"),
    (1.0, "a float"),
    (torch.ones(2, 2), "a tensor of shape (2, 2) and torch.float32"),
    (torch.tensor(1), "a tensor of shape () and torch.int64"),
    ({}, "one of no modality"),
    ({"smell": torch.tensor(1.0)}, "one of 'smell', which is none of language, acoustic"),
    ({"language": 1.0}, "a float of 'language'"),
    ({"language": torch.ones(3)}, "a tensor of shape (3,) and torch.float32 of 'language'"),
]


@pytest.mark.parametrize(("returned", "problem"), RETURNED)
def test_what_is_no_cost_names_the_term_that_returned_it(returned: object, problem: str, alone: None) -> None:
    enter("odd", "anything")(lambda seen: returned)
    seen: Any = SimpleNamespace(
        weights=SequenceTerms(odd=2.0), model=SimpleNamespace(modalities=("language", "acoustic"))
    )
    with pytest.raises(
        ValueError, match=f"^terms.odd: expected a scalar tensor or one a modality, got {re.escape(problem)}$"
    ):
        registry.added_costs(seen)


def test_a_term_that_returns_none_or_a_cost_of_each_modality_is_added(alone: None) -> None:
    enter("odd", "nothing")(lambda seen: None)
    enter("even", "both")(lambda seen: {"language": torch.tensor(1.0), "acoustic": torch.tensor(2.0)})
    seen: Any = SimpleNamespace(
        weights=SequenceTerms(odd=2.0, even=2.0), model=SimpleNamespace(modalities=("language", "acoustic"))
    )
    assert registry.added_costs(seen) == {"even": torch.tensor(6.0)}
