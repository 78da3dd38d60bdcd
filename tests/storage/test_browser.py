from __future__ import annotations

import copy
import gzip
from pathlib import Path

import pytest
import torch
from safetensors.torch import load
from torch import nn
from typer.testing import CliRunner

from mfm_core import MFM
from mfm_core.cli.browser import app
from mfm_core.config import ImageModality, ModelConfig
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage import browser_bundle as bundles
from mfm_core.storage import models as checkpoints
from mfm_core.storage.browser import BrowserModel, BrowserNetwork, export_judge, export_model
from mfm_core.storage.browser_bundle import BrowserBundle, browser_bundle
from mfm_core.storage.codes import Codes
from mfm_core.storage.folder import PRETRAINED
from mfm_core.storage.models import DIRECTIONS, load_codes, load_pretrained, pretrained_names
from mfm_core.storage.slider_directions import (
    SliderDirections,
    identity,
    load_directions,
    save_directions,
    slider_directions,
)
from tests.conftest import make_codes


def judge_of(modality: ImageModality, name: str = "mnist") -> Discriminative:
    plain = modality.model_copy(update={"fusion": "convolutional"})
    return Discriminative(ModelConfig(modalities={name: plain}, features=12, hidden=10)).eval()


def test_every_weight_that_the_description_names_is_in_the_file(tiny_model: MFM) -> None:
    exported = export_model(tiny_model)
    tensors = load(exported.weights)
    named = {
        value
        for key, value in _pairs(exported.description.model_dump())
        if key in ("weight", "bias", "scale", "shift") and isinstance(value, str)
    }
    assert named == set(tensors)
    parts = [tiny_model.g_y, tiny_model.label_head, tiny_model.g_a, tiny_model.decoders]
    assert len(tensors) == sum(len(list(part.parameters())) for part in parts)
    for name, tensor in tensors.items():
        exact = name.startswith(("g_y", "label_head"))
        assert tensor.dtype == (torch.float32 if exact else torch.float16)
        original = tiny_model.state_dict()[name]
        torch.testing.assert_close(tensor.float(), original, rtol=0 if exact else 1e-3, atol=0 if exact else 1e-7)


def _pairs(value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in ((key, inner), *_pairs(inner))]
    return [pair for inner in value for pair in _pairs(inner)] if isinstance(value, list | tuple) else []


def test_the_file_is_named_by_its_content(tiny_model: MFM, tiny_config: ModelConfig) -> None:
    first, again = export_model(tiny_model), export_model(tiny_model)
    assert first == again
    other = MFM(tiny_config).eval()
    assert export_model(other).description.weights != first.description.weights


def test_the_description_is_read_back_from_json(tiny_model: MFM, tmp_path: Path) -> None:
    exported = export_model(tiny_model)
    path = exported.write(tmp_path / "new")
    assert gzip.decompress(path.read_bytes()) == exported.weights
    assert BrowserModel.read(path.with_name(path.name.replace(".safetensors.gz", ".json"))) == exported.description
    assert exported.write(tmp_path / "new") == path
    assert len(list(path.parent.iterdir())) == 2, "nothing unfinished is left behind"


def test_a_description_with_an_unknown_layer_is_refused() -> None:
    with pytest.raises(ValueError, match=r"link: networks\.judge\.0"):
        BrowserNetwork.parse('{"weights": "x", "networks": {"judge": [{"op": "attention"}]}}', "link")


def test_sequences_are_refused(sequence_model: MFM) -> None:
    with pytest.raises(ValueError, match="model: expected an MFM of images, got one of language, acoustic, visual"):
        export_model(sequence_model)


def test_a_layer_that_browsers_are_not_taught_is_refused(tiny_config: ModelConfig) -> None:
    model = MFM(tiny_config).eval()
    model.g_y.append(nn.Tanh())
    with pytest.raises(ValueError, match=r"g_y\.5: expected one of .*SiLU.*, got Tanh"):
        export_model(model)


def test_a_weight_beyond_float16_is_refused(tiny_config: ModelConfig) -> None:
    model = MFM(tiny_config).eval()
    with torch.no_grad():
        model.g_a["svhn"][0].weight[0, 0] = 1e5
    with pytest.raises(ValueError, match=r"g_a\.svhn\.0\.weight: expected numbers within ±65504, got 100000"):
        export_model(model)


def test_a_judge_of_several_modalities_is_refused(tiny_config: ModelConfig) -> None:
    with pytest.raises(ValueError, match="judge: expected a classifier of one image modality, got svhn, mnist"):
        export_judge(Discriminative(tiny_config))


def test_a_residual_judge_is_refused(tiny_config: ModelConfig) -> None:
    svhn = tiny_config.images["svhn"]
    with pytest.raises(ValueError, match="got ResidualEncoder"):
        export_judge(Discriminative(ModelConfig(modalities={"svhn": svhn}, features=12, hidden=10)))


def test_a_bundle_is_made_once(tiny_model: MFM, tiny_config: ModelConfig, tmp_path: Path, monkeypatch) -> None:
    codes = make_codes(tiny_model, torch.Generator().manual_seed(0), n=10)
    judges = {"mnist": judge_of(tiny_config.images["mnist"])}
    first = browser_bundle(tiny_model, codes, judges, tmp_path)
    assert set(first.directions) == {"y", "svhn", "mnist"}
    assert len(first.directions["svhn"].vectors) == 5  # all dimensions of a small block
    assert len(first.means) == 10
    assert (tmp_path / first.model.weights).exists()
    assert (tmp_path / first.judges["mnist"].weights).exists()

    def never(*_args: object, **_kwargs: object) -> None:
        pytest.fail("the directions were ranked again")

    monkeypatch.setattr(bundles, "slider_directions", never)
    assert browser_bundle(tiny_model, codes, judges, tmp_path) == first
    with pytest.raises(pytest.fail.Exception):
        browser_bundle(tiny_model, codes[:9], judges, tmp_path)


def test_stored_directions_are_used_while_they_are_of_these_weights_and_codes(
    tiny_model: MFM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = make_codes(tiny_model, torch.Generator().manual_seed(0), n=10)
    computed = browser_bundle(tiny_model, codes, {}, tmp_path / "computed")
    stored = save_directions(tiny_model, codes, tmp_path)
    assert load_directions(tmp_path) == stored
    asked: list[MFM] = []

    def counted(model: MFM, codes: Codes) -> dict[str, SliderDirections]:
        asked.append(model)
        return slider_directions(model, codes)

    monkeypatch.setattr(bundles, "slider_directions", counted)
    assert browser_bundle(tiny_model, codes, {}, tmp_path / "read", stored) == computed
    assert asked == []
    other = copy.deepcopy(tiny_model)
    with torch.no_grad():
        next(other.decoders["svhn"].parameters()).add_(0.1)
    browser_bundle(other, codes, {}, tmp_path / "other weights", stored)
    browser_bundle(tiny_model, codes[:9], {}, tmp_path / "other codes", stored)
    assert asked == [other, tiny_model]


@pytest.mark.parametrize("name", [name for name in pretrained_names() if (PRETRAINED / name / DIRECTIONS).is_file()])
def test_shipped_directions_are_of_the_shipped_weights(name: str) -> None:
    stored = load_directions(PRETRAINED / name)
    assert stored is not None
    model, codes = load_pretrained(name), load_codes(name)
    assert stored.of == identity(export_model(model).weights, codes), f"mfm export-browser {name} --directions"
    assert stored.blocks.keys() == model.sizes.keys()


def test_a_class_without_codes_has_no_mean(tiny_model: MFM, tmp_path: Path) -> None:
    codes = make_codes(tiny_model, torch.Generator().manual_seed(0), n=5)
    assert browser_bundle(tiny_model, codes, {}, tmp_path).means == ()


def test_the_command_writes_what_the_page_serves(stored: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export-browser", str(stored), "--folder", str(tmp_path)])
    assert result.exit_code == 0, result.output
    (bundle,) = tmp_path.glob("*.bundle.json")
    read = BrowserBundle.read(bundle)
    assert read.model == export_model(checkpoints.load_pretrained(stored)).description
    assert read.model.weights in result.output


def test_the_command_says_what_is_wrong_with_a_judge(stored: Path, tmp_path: Path) -> None:
    arguments = ["export-browser", str(stored), "--folder", str(tmp_path), "--judge", "judge_svhn"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "judge: expected modality=name, got 'judge_svhn'" in result.output
