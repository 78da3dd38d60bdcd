"""Every system of sequences of this package keeps the contract: fit, predict, save, load."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import mfm_core as mfm
from mfm_core.systems.registry import find_system
from tests.systems.made_up import LENGTH, made_up

OWN = [name for name in mfm.system_names() if find_system(name).__module__.startswith("mfm_core.")]
OF_SEQUENCES = [name for name in OWN if "sequence" in mfm.system_info(name).reads]
KINDS = ("classes", "scores")
N = 40
BRIEF = {"steps": 20, "patience": 10, "epochs": 2, "starts": 1, "restarts": 1, "iterations": 3, "trees": 10}
"""The contract holds however long a system trained; ``test_planted`` trains each as long as it does by default."""


def brief(name: str) -> mfm.SystemConfig:
    """The configuration of a system, with a short training."""
    config = find_system(name).Config
    return config(system=name, **{key: value for key, value in BRIEF.items() if key in config.model_fields})


@pytest.fixture(scope="module", params=[(name, kind) for name in OF_SEQUENCES for kind in KINDS], ids=" ".join)
def fitted(request: pytest.FixtureRequest) -> tuple[mfm.System, mfm.Dataset]:
    name, kind = request.param
    data = made_up(N, scores=kind == "scores", classes=3)
    return mfm.fit(brief(name), data.part("train"), data.part("validation"), seed=1), data


def test_predictions_are_logits_or_scores_of_every_sample(fitted) -> None:
    system, data = fitted
    out = system.predict(data)
    assert out.shape == (N, 3 if system.spec.classes else 1)
    assert out.dtype == torch.float32
    assert bool(torch.isfinite(out).all())


def test_a_stored_system_predicts_the_same(fitted, tmp_path: Path) -> None:
    system, data = fitted
    mfm.save(system, tmp_path / "stored")
    again = mfm.load(tmp_path / "stored")
    assert type(again) is type(system)
    assert (again.config, again.spec) == (system.config, system.spec)
    assert torch.allclose(again.predict(data), system.predict(data), atol=1e-6)


def test_what_stands_in_the_padding_does_not_matter(fitted) -> None:
    system, data = fitted
    assert data.mask is not None
    noise = torch.randn(N, LENGTH, 1, generator=torch.Generator().manual_seed(0))
    changed = {name: torch.where(data.mask.unsqueeze(2), x, noise) for name, x in data.modalities.items()}
    assert torch.allclose(system.predict(replace(data, modalities=changed)), system.predict(data), atol=1e-5)


def test_longer_padding_does_not_matter(fitted) -> None:
    system, data = fitted
    assert data.mask is not None
    longer = {name: torch.nn.functional.pad(x, (0, 0, 0, 3)) for name, x in data.modalities.items()}
    mask = torch.nn.functional.pad(data.mask, (0, 3))
    padded = replace(data, modalities=longer, mask=mask, steps=None)
    assert torch.allclose(system.predict(padded), system.predict(data), atol=1e-5)


def test_a_sample_is_predicted_alone_as_among_others(fitted) -> None:
    system, data = fitted
    some = data.take(torch.tensor([7, 3]))
    assert torch.allclose(system.predict(some), system.predict(data)[[7, 3]], atol=1e-5)


def test_a_missing_modality_is_predicted_without(fitted) -> None:
    system, data = fitted
    there = torch.ones(N, dtype=torch.bool)
    there[:10] = False
    lacking = replace(data, present={"tone": there})
    assert bool(torch.isfinite(system.predict(lacking)).all())
    other = {**data.modalities, "tone": torch.where(there[:, None, None], data.modalities["tone"], 7.0)}
    assert torch.allclose(system.predict(replace(lacking, modalities=other)), system.predict(lacking), atol=1e-5)


def test_other_data_is_refused_in_a_sentence(fitted) -> None:
    system, data = fitted
    with pytest.raises(ValueError, match="expected words"):
        system.predict(replace(data, modalities={"tone": data.modalities["tone"]}))


@pytest.mark.parametrize("fitted", [(name, "classes") for name in OF_SEQUENCES], ids=" ".join, indirect=True)
def test_one_seed_gives_one_system(fitted) -> None:
    system, data = fitted
    again = mfm.fit(system.config, data.part("train"), data.part("validation"), seed=1)
    assert torch.equal(again.predict(data), system.predict(data))


@pytest.mark.parametrize("name", OF_SEQUENCES)
def test_three_streams_of_any_names_and_no_validation_will_do(name: str) -> None:
    data = made_up(40, scores=True)
    three = replace(data, modalities={**data.modalities, "gaze": data.modalities["tone"].flip(2)})
    assert mfm.fit(brief(name), three.part("train"), seed=0).predict(three).shape == (40, 1)


@pytest.mark.parametrize("name", ["c_mkl", "ef_hcrf", "ef_hsshcrf", "mfm", "thmm"])
def test_validation_samples_of_a_class_that_no_training_sample_has_are_left_out(name: str) -> None:
    data = made_up(N, scores=False, classes=3)
    known = data.part("train").labels < 2
    train = data.part("train").take(known.nonzero().flatten())
    of_all = data.part("validation")
    of_known = of_all.take((of_all.labels < 2).nonzero().flatten())
    assert len(of_known) < len(of_all)
    predictions = [mfm.fit(brief(name), train, part, seed=1).predict(train) for part in (of_all, of_known)]
    assert torch.equal(*predictions)
    unknown = of_all.take((of_all.labels == 2).nonzero().flatten())
    with pytest.raises(ValueError, match=r"^validation: expected a sample of class 0 to 1, got none$"):
        mfm.fit(brief(name), train, unknown)


def test_majority_is_the_median_of_the_scores_that_are_known() -> None:
    data = made_up(11, scores=True)
    labels = torch.arange(11, dtype=torch.float32).square().unsqueeze(1)
    labels[[0, 4]] = torch.nan
    found = mfm.fit("majority", replace(data, labels=labels)).predict(data)
    assert float(found[0]) == np.nanmedian(labels.numpy())


def test_an_unknown_system_is_named() -> None:
    data = made_up(10, scores=False)
    with pytest.raises(ValueError, match=r"name_or_config: expected one of majority.*, got 'gpt'"):
        mfm.fit("gpt", data.part("train"))


def test_what_is_no_system_configuration_or_folder_is_refused_in_a_sentence(tmp_path: Path) -> None:
    data = made_up(12, scores=True)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match=r"file: could not be written: file exists$"):
        mfm.save(mfm.fit("majority", data), tmp_path / "file")
    with pytest.raises(ValueError, match=r"^system: expected a System, got a str$"):
        mfm.save("majority", tmp_path / "new")
    with pytest.raises(ValueError, match=r"^config: expected an MFMConfig, got a str$"):
        mfm.train("mfm", data)
    with pytest.raises(ValueError, match=r"^modalities: expected a dict of arrays by name, got an empty one$"):
        mfm.Dataset.from_arrays({}, [0.0])
