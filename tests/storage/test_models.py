"""Stored models: what comes back is what was stored."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mfm_core import MFM, ModelConfig
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage import folder as storage_folder
from mfm_core.storage import models
from tests.conftest import make_codes


def test_weights_come_back_bit_for_bit_and_frozen(tiny_model: MFM, stored: Path) -> None:
    loaded = models.load_pretrained(stored)
    assert loaded.config == tiny_model.config
    for (name, ours), theirs in zip(loaded.state_dict().items(), tiny_model.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs), name
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_a_loaded_model_does_what_the_stored_one_did(
    tiny_model: MFM, stored: Path, pictures: dict[str, torch.Tensor]
) -> None:
    ours, theirs = models.load_pretrained(str(stored)).encode(pictures), tiny_model.encode(pictures)
    assert torch.equal(ours.joint(), theirs.joint())


def test_loading_leaves_the_global_generator_alone(stored: Path) -> None:
    before = torch.random.get_rng_state()
    models.load_pretrained(stored)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_loading_does_not_import_the_compiler_of_pytorch() -> None:
    """It takes longer than all else that a server needs before its first page."""
    names = [name for name in ("svhn_mnist", "studio_balanced") if name in models.pretrained_names()]
    code = f"import sys, mfm_core as m; [m.load_pretrained(n) for n in {names}]; print('torch._dynamo' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert run.stdout.strip() == "False"


def test_weights_are_stored_as_float32(tiny_config: ModelConfig, tmp_path: Path) -> None:
    models.save_model(MFM(tiny_config).double(), tmp_path, run={}, card="")
    assert next(models.load_pretrained(tmp_path).parameters()).dtype == torch.float32


def test_codes_card_metrics_and_provenance_come_back(tiny_model: MFM, stored: Path) -> None:
    ours, theirs = models.load_codes(stored), make_codes(tiny_model, torch.Generator().manual_seed(0))
    assert torch.equal(ours.latents.joint(), theirs.latents.joint())
    assert torch.equal(ours.labels, theirs.labels)
    assert all(torch.equal(ours.fingerprints[name], numbers) for name, numbers in theirs.fingerprints.items())
    assert models.load_card(stored) == "# Tiny\n\nMit Umlaut: ä.\n"
    assert models.load_metrics(stored) == {"accuracy": 0.5, "swap": {"svhn": [1, 2]}}
    assert models.StoredModel.of_folder(stored).run == {"seed": 0, "command": "train"}


def test_no_codes_come_back_as_none(tiny_model: MFM, folder: Path, generator: torch.Generator) -> None:
    models.save_codes(make_codes(tiny_model, generator, 0), folder)
    assert len(models.load_codes(folder)) == 0


def test_storing_other_weights_removes_what_was_measured_on_the_old_ones(tiny_model: MFM, folder: Path) -> None:
    models.save_model(tiny_model, folder, run={}, card="")
    assert sorted(path.name for path in folder.iterdir()) == ["card.md", "config.json", "weights.safetensors"]


def test_a_name_means_a_folder_of_the_repository(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_folder, "PRETRAINED", stored.parent)
    assert models.pretrained_names() == ("tiny",)
    assert models.load_pretrained("tiny").modalities == ("svhn", "mnist")


@pytest.mark.parametrize("name", ["nothing", "../tiny", "tiny\n", "Tiny", "", "a\0b"])
def test_what_is_no_name_is_a_path_and_has_to_exist(
    name: str, stored: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(storage_folder, "PRETRAINED", stored.parent)
    monkeypatch.chdir(tmp_path)
    message = f"name_or_folder: expected one of tiny, or the folder of a stored model, got {name!r}"
    with pytest.raises(FileNotFoundError, match="^" + re.escape(message) + "$"):
        models.load_pretrained(name)


def test_a_judge_is_the_classifier_stored_under_its_modality(
    tiny_config: ModelConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pictures: dict[str, torch.Tensor]
) -> None:
    monkeypatch.setattr(storage_folder, "PRETRAINED", tmp_path)
    config = tiny_config.model_copy(update={"modalities": {"svhn": tiny_config.modalities["svhn"]}})
    for name in ("judge_svhn", "judge_mnist"):
        models.save_model(Discriminative(config), tmp_path / name, run={}, card="")
    assert models.load_judge("svhn")({"svhn": pictures["svhn"]}).shape == (6, 10)
    with pytest.raises(ValueError, match=r"^judge_mnist: expected a judge of mnist, got one of svhn$"):
        models.load_judge("mnist")
