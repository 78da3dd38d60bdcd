"""Every example runs, does what it says, and is short."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from typer.testing import CliRunner

import mfm_core as mfm
from mfm_core.__main__ import app
from mfm_core.data import registry as datasets
from mfm_core.interpretation import registry as interpretations
from mfm_core.systems import registry
from mfm_core.training.terms import registry as terms

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where pydantic looks up what an annotation names
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60


def test_own_sequences_are_learnt_better_than_by_the_median(capsys: pytest.CaptureFixture[str]) -> None:
    errors = example("own_sequences").main(("majority", "svm_md"), n_folds=2)
    assert errors["svm_md"] < errors["majority"]
    assert "majority" in capsys.readouterr().out


def test_a_data_set_from_outside_is_loaded_by_its_name_and_its_streams_are_called_as_it_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    datasets.dataset_names()
    monkeypatch.setattr(datasets, "_infos", dict(datasets._infos))
    monkeypatch.setattr(datasets, "_loaders", dict(datasets._loaders))
    assert example("own_dataset").main().shape == (12, 1)
    assert "desk" in capsys.readouterr().out
    assert "desk" in datasets.dataset_names()
    found = datasets.modality_info("posture")
    assert found is not None
    assert found.content == "how one sits"


def test_a_system_from_outside_is_registered_stored_and_read_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mfm.system_names()
    monkeypatch.setattr(registry, "_systems", dict(registry._systems))  # it stays for this test alone
    assert example("own_system").main() > 0.8
    assert "centroid" in mfm.system_names()


def test_interpretations_from_outside_are_computed_and_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mfm.interpretations()
    monkeypatch.setattr(interpretations, "_interpretations", dict(interpretations._interpretations))
    added, flow = example("own_interpretation").main()
    assert added.shape == flow.shape
    assert bool((flow > 0).any())
    assert mfm.load_clips().text[0] in capsys.readouterr().out
    lines = CliRunner().invoke(app, ["interpretations"]).stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(mfm.interpretations())
    assert {"root", "gradient_times_input"} <= set(mfm.interpretations())


def test_a_term_from_outside_is_trained_with(monkeypatch: pytest.MonkeyPatch) -> None:
    terms.all_terms()
    monkeypatch.setattr(terms, "_terms", dict(terms._terms))
    without, with_it = example("own_term").main().values()
    assert with_it < without


def test_every_method_finds_a_word_of_the_clip(capsys: pytest.CaptureFixture[str]) -> None:
    module = example("attribute_clip")
    largest = module.main(clip=3)
    words = mfm.load_clips().edits[3].words
    assert tuple(largest) == module.METHODS
    for by_modality in largest.values():
        assert tuple(by_modality) == ("language", "acoustic", "visual")
        assert set(by_modality.values()) <= set(words)
    assert mfm.load_clips().text[3] in capsys.readouterr().out


def test_three_image_modalities_train_and_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = example("own_images")
    module.main(tmp_path, epochs=1)
    assert "label" in capsys.readouterr().out
    model, codes = mfm.load_pretrained(tmp_path / "three_digits"), mfm.load_codes(tmp_path / "three_digits")
    assert model.modalities == ("plain", "negative", "lying")
    assert model.decode(codes.latents[[0]]).modalities["negative"].shape == (1, 3, 8, 8)
    data = module.digits()
    assert int(codes.labels.bincount().min()) > 20
    assert torch.equal(data.part("test").labels, codes.labels)
