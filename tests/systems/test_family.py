"""MFM, its ablations, UM and MM as systems: images and sequences, missing modalities, storage as models."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import mfm_core as mfm
from mfm_core.networks.ablation import DESIGNS, Ablation
from mfm_core.storage.folder import StoredModel
from mfm_core.systems.m_a import MAConfig
from mfm_core.systems.mfm import MFMSystem
from mfm_core.systems.mm import MultimodalConfig
from mfm_core.systems.parts.family import default_objective, model_of
from mfm_core.systems.um import UnimodalConfig
from mfm_core.training.ablations import AblationTask
from mfm_core.training.loop import step_generator
from mfm_core.training.objective import mmd
from tests.systems.made_up import made_up
from tests.systems.made_up_images import made_up_images

FAMILY = ("mfm", "m_a", "m_b", "m_c", "m_d", "m_e", "um", "mm")
ABLATIONS = tuple(DESIGNS)


def quick(name: str, **changes: object) -> mfm.SystemConfig:
    return mfm.system_info(name).config.model_validate({"epochs": 3, "hidden": 16, **changes})


def absent(data: mfm.Dataset, name: str) -> mfm.Dataset:
    """``data`` without one modality, in whose place stands what must not be read."""
    junk = {**data.modalities, name: torch.full_like(data.modalities[name], 0.77)}
    return replace(data, modalities=junk, present={name: torch.zeros(len(data), dtype=torch.bool)})


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("scores", [False, True])
def test_images_of_any_shape_are_learnt_stored_and_predicted_without_a_modality(
    name: str, scores: bool, tmp_path: Path
) -> None:
    data = made_up_images(scores=scores)
    config = quick(name, epochs=12 if name in ("mfm", "mm") else 3)
    system = mfm.fit(config, data.part("train"), data.part("validation"), seed=1)
    out = system.predict(data)
    assert out.shape == (90, 1 if scores else 3)
    mfm.save(system, tmp_path / "stored")
    again = mfm.load(tmp_path / "stored")
    assert (type(again), again.spec, again.config) == (type(system), system.spec, system.config)
    assert torch.allclose(again.predict(data), out, atol=1e-5)
    for modality in data.modalities:
        found = system.predict(absent(data, modality))
        assert torch.isfinite(found).all()
        assert torch.equal(found, system.predict(absent(data, modality)))


@pytest.mark.parametrize("kind", ["sequences", "images"])
def test_mfm_is_a_model_for_everything_that_takes_one(kind: str, tmp_path: Path) -> None:
    data = made_up(60, scores=False, classes=3) if kind == "sequences" else made_up_images(60)
    system = mfm.fit(quick("mfm"), data.part("train"), data.part("validation"))
    assert isinstance(system, MFMSystem)
    model, inputs = system.model, system.prepared(data.part("test"))
    latents = model.encode(inputs.modalities, inputs.mask)
    swapped = mfm.swap(latents, with_=latents[torch.arange(len(inputs)).flip(0)], factor="y")
    assert model.decode(swapped).label.shape == (len(inputs), 3)
    assert list(mfm.dependency_ratios(model, latents)) == list(data.modalities)
    if kind == "sequences":
        assert set(mfm.gradient_flow(model, latents)) == set(data.modalities)
    mfm.save(system, tmp_path / "stored")
    loaded = mfm.load_pretrained(tmp_path / "stored")
    assert torch.equal(loaded.encode(inputs.modalities, inputs.mask).y, latents.y)
    stored = StoredModel.of_folder(tmp_path / "stored")
    assert (stored.kind, stored.data, stored.dataset.unit) == ("mfm", data.name, data.steps and data.steps.unit)


def test_what_a_sample_lacks_the_surrogates_infer() -> None:
    data = made_up(60, scores=True)
    system = mfm.fit(quick("mfm"), data.part("train"), data.part("validation"))
    assert isinstance(system, MFMSystem)
    read = system.prepared(data)
    alone = system.model.encode({"words": read.modalities["words"]}, read.mask)
    torch.testing.assert_close(system.predict(absent(data, "tone")), system.model.decide(alone.y), rtol=1e-4, atol=1e-4)
    inferred = system.encode(absent(data, "tone"))
    torch.testing.assert_close(inferred.joint(), alone.joint(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(system.encode(data).y, system.model.encode(read.modalities, read.mask).y)
    nothing = replace(data, present={name: torch.zeros(60, dtype=torch.bool) for name in data.modalities})
    prior = system.model.decide(torch.zeros(1, system.model.config.d_y))
    torch.testing.assert_close(system.predict(nothing), prior.expand(60, -1))


@pytest.mark.parametrize("name", ["mfm", "m_a", "mfn", "rf"])
def test_a_modality_that_no_training_sample_has_is_refused(name: str) -> None:
    data = made_up(60, scores=True)
    wanted = r"train: expected some samples with tone, got none of \d+: .* leave it out by only\(\('words',\)\)"
    with pytest.raises(ValueError, match=wanted):
        mfm.fit(name, absent(data, "tone").part("train"), data.part("validation"))


def test_samples_of_which_none_has_all_modalities_are_refused() -> None:
    data = made_up(60, scores=True)
    even = torch.arange(60) % 2 == 0
    apart = replace(data, present={"words": even, "tone": ~even})
    with pytest.raises(ValueError, match=r"train: expected some samples with all of words, tone, got none of \d+"):
        mfm.fit("mfm", apart.part("train"), data.part("validation"))


def test_attributions_of_a_system_are_those_of_its_model_on_what_it_prepares() -> None:
    data = made_up(60, scores=True)
    far = replace(data, modalities={**data.modalities, "words": 40 + 9 * data.modalities["words"]})
    system = mfm.fit(quick("mfm"), far.part("train"), far.part("validation"))
    assert isinstance(system, MFMSystem)
    read, there = system.prepared(far), torch.arange(60) % 2 == 0
    whole = mfm.attribute(system.model, read.modalities, "saliency", mask=read.mask)
    words = mfm.attribute(system.model, {"words": read.modalities["words"]}, "saliency", mask=read.mask)["words"]
    found = mfm.attribute(system, replace(far, present={"tone": there}), "saliency")
    assert list(found) == ["words", "tone"]
    torch.testing.assert_close(found["words"], torch.where(there[:, None], whole["words"], words))
    torch.testing.assert_close(found["tone"], torch.where(there[:, None], whole["tone"], 0))
    wordless = replace(data, modalities={"tone": data.modalities["tone"]})
    mistaken: list[tuple[Callable[..., object], tuple[object, ...], str]] = [
        (mfm.attribute, (system, far.modalities), r"inputs: expected a Dataset, .* by itself, got a dict; .*"),
        (mfm.attribute, (system.model, far), r"inputs: expected a dict of arrays by modality, got a Dataset"),
        (mfm.attribute, (system, far, [1]), r"method: expected one of integrated_gradients, .*, got \[1\]"),
        (mfm.gradient_flow, (system, whole), r"model: expected an MFM, got an MFMSystem; its attribute model is one"),
        (system.encode, (far.modalities,), r"dataset: expected a Dataset, got a dict"),
        (system.prepared, (wordless,), r"dataset.modalities: expected words .*"),
    ]
    for call, arguments, sentence in mistaken:
        with pytest.raises(ValueError, match=f"^{sentence}$"):
            call(*arguments)
    with pytest.raises(ValueError, match=r"^mask: expected none beside a data set, which has its own, got one$"):
        mfm.attribute(system, far, mask=far.mask)


def test_scores_come_in_their_own_units_from_the_model_itself() -> None:
    data = made_up(60, scores=True)
    far = replace(data, labels=1000 + 50 * data.labels)
    system = mfm.fit(quick("mfm"), far.part("train"), far.part("validation"))
    assert isinstance(system, MFMSystem)
    read = system.prepared(far)
    assert 900 < float(system.predict(far).mean()) < 1100
    decoded = system.model.decode(system.model.encode(read.modalities, read.mask)).label
    torch.testing.assert_close(decoded, system.predict(far), rtol=1e-4, atol=1e-2)


def test_features_are_standardised_once_by_the_scaling_that_is_stored(tmp_path: Path) -> None:
    data = made_up(60, scores=True)
    far = replace(data, modalities={**data.modalities, "words": 40 + 9 * data.modalities["words"]})
    system = mfm.fit(quick("mfm"), far.part("train"), far.part("validation"))
    assert isinstance(system, MFMSystem)
    x = far.part("train").modalities["words"][far.part("train").mask]
    torch.testing.assert_close(system.scaling["words"].mean, x.mean(0), rtol=1e-4, atol=1e-4)
    already = system.prepared(far)
    assert already.scaling is not None
    assert torch.equal(system.predict(already), system.predict(far))
    mfm.save(system, tmp_path / "stored")
    assert torch.equal(mfm.load(tmp_path / "stored").predict(far), system.predict(far))


@pytest.mark.parametrize("name", ["svhn_mnist", "judge_mnist", "ict_mmmo"])
def test_shipped_models_load_as_systems(name: str) -> None:
    system = mfm.load(name)
    kind = StoredModel.of_folder(Path("pretrained") / name).kind
    assert system.info.name == ("mfm" if kind == "mfm" else "um")
    streams = {
        key: torch.rand(2, 4, *stream.shape) if stream.kind == "sequence" else torch.rand(2, *stream.shape)
        for key, stream in system.spec.streams.items()
    }
    labels = torch.zeros(2, dtype=torch.int64) if system.spec.classes else torch.zeros(2, system.spec.label.size)
    assert system.predict(mfm.Dataset.from_arrays(streams, labels)).shape == (2, system.spec.label.size)


def test_um_reads_its_key_modality_alone() -> None:
    data = made_up(60, scores=False)
    first = mfm.fit(quick("um"), data.part("train"), data.part("validation"))
    second = mfm.fit(quick("um", key="tone"), data.part("train"), data.part("validation"))
    assert (list(first.spec.streams), list(second.spec.streams)) == (["words"], ["tone"])
    alone = replace(data, modalities={"tone": data.modalities["tone"]})
    assert torch.equal(second.predict(alone), second.predict(data))
    with pytest.raises(ValueError, match=r"^config.key: expected one of words, tone, got 'smell'$"):
        mfm.fit(UnimodalConfig(key="smell"), data.part("train"))


@pytest.mark.parametrize("letter", ABLATIONS)
@pytest.mark.parametrize("kind", ["sequences", "images"])
def test_an_ablation_has_what_its_row_of_table_2_says(letter: str, kind: str) -> None:
    data = made_up(40, scores=False) if kind == "sequences" else made_up_images(40)
    model = model_of(MAConfig(hidden=16), mfm.DataSpec.of(data), 6)
    network = Ablation(model, DESIGNS[letter]).eval()
    names, inputs, mask = tuple(data.modalities), dict(data.modalities), data.mask
    codes = network.encode(inputs, mask)
    expected = {"m_a": {"y", "a"}, "m_b": set(names), "m_c": {"y"}, "m_d": set(names), "m_e": {"y"}}[letter]
    assert set(codes) == expected
    made = network.decode(codes, mask)
    assert set(made.generated) == (set(names) if letter in ("m_a", "m_b", "m_c") else set())
    for name, x in made.generated.items():
        assert x.shape == inputs[name].shape

    first = names[0]
    changed = {**inputs, first: inputs[first].flip(0)}
    moved = {name for name, z in network.encode(changed, mask).items() if not torch.allclose(z, codes[name])}
    assert moved == ({first} if letter in ("m_b", "m_d") else expected)  # of one modality alone, or of all
    if "a" in codes:  # what the label is not told
        other = network.decode({**codes, "a": codes["a"] + 1}, mask)
        assert torch.equal(other.label, made.label)
        assert not any(torch.allclose(other.generated[name], x) for name, x in made.generated.items())


def test_the_loss_of_an_ablation_is_what_is_left_of_equation_4() -> None:
    data = made_up(40, scores=True)
    model = model_of(MAConfig(hidden=16), mfm.DataSpec.of(data), 6)
    objective = default_objective(model)
    for letter, design in DESIGNS.items():
        network = Ablation(model, design).eval()
        task = AblationTask(network, objective, 0.0, 0.0, (data, data))
        _, terms = task.loss(torch.arange(40), step_generator(0, 2, 0))
        codes = network.encode(data.modalities, data.mask)
        made = network.decode(codes, data.mask)
        label = objective.label * (made.label - data.labels).abs().mean()
        torch.testing.assert_close(terms["label"], label)
        if not design.generates:
            assert set(terms) == {"label"}, letter
            continue
        for name, x in data.modalities.items():
            error = (made.generated[name] - x)[data.mask].square().mean()
            torch.testing.assert_close(terms[f"error_{name}"], objective.reconstruction * error)
        g = step_generator(0, 2, 0)
        prior = torch.cat([torch.randn(z.shape, generator=g) for z in codes.values()], dim=1)
        joint = mmd(torch.cat(list(codes.values()), dim=1), prior)
        torch.testing.assert_close(terms["mmd"], objective.mmd * joint)


def test_training_goes_on_from_its_folder_and_calls_back(tmp_path: Path) -> None:
    data = made_up(60, scores=False)
    train, validation = data.part("train"), data.part("validation")
    config = mfm.MFMConfig(epochs=8, batch_size=16, hidden=16)
    steps: list[int] = []
    validated: list[int] = []

    def until_11(step: int, report: object) -> None:
        steps.append(step)
        if step == 11:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mfm.train(config, train, validation, folder=tmp_path, on_report=until_11)
    assert steps == list(range(1, 12))
    system = mfm.train(
        config, train, validation, folder=tmp_path, on_validation=lambda step, model: validated.append(step)
    )
    whole = mfm.train(config, train, validation)
    assert validated
    assert torch.equal(system.predict(data), whole.predict(data))
    with pytest.raises(ValueError, match="holds the state of a run with another configuration"):
        mfm.train(config, train, validation, folder=tmp_path, seed=1)


def test_a_model_of_other_data_is_refused() -> None:
    data = made_up(40, scores=False)
    fitted = mfm.fit(quick("mm"), data.part("train"))
    model = fitted.config.model_dump()["model"]
    other = replace(data, modalities={**data.modalities, "tone": data.modalities["tone"][..., :2]})
    with pytest.raises(ValueError, match=r"^config.model: expected one of words \(5,\), tone \(2,\) and 2 classes"):
        mfm.fit(MultimodalConfig(model=model), other.part("train"))
    with pytest.raises(ValueError, match=r"^config.model: expected modalities among words, got 'tone'$"):
        mfm.fit(MultimodalConfig(model=model), replace(data, modalities={"words": data.modalities["words"]}))
    with pytest.raises(ValueError, match=r"^train: modalities: expected identifiers .*, got 'keys'$"):
        mfm.fit(quick("mfm"), replace(data, modalities={"keys": data.modalities["words"]}))


@pytest.mark.parametrize("shape", [(32, 32, 3), (1, 4, 4), (3, 8, 300)])
@pytest.mark.parametrize("name", ["mfm", "um", "mm", "m_a"])
def test_images_of_other_sizes_are_refused_with_their_name(shape: tuple[int, ...], name: str) -> None:
    data = mfm.Dataset.from_arrays({"eye": torch.zeros(8, *shape)}, torch.arange(8) % 2)
    said = "train: modalities.eye: expected images (N, C, H, W) of 1 to 4 channels and 8 to 256 pixels each way, got "
    with pytest.raises(ValueError, match=f"^{re.escape(said + str(shape))}$"):
        mfm.fit(name, data)
