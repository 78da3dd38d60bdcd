"""``mfm check``: what is shipped passes; a changed byte, another model and a wrong figure do not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import mfm_core.cli.check
from mfm_core.cli.app import app
from mfm_core.storage.folder import PRETRAINED
from mfm_core.storage.manifest import write_manifest

assert mfm_core.cli.check  # its import enters the command
MODEL = "ict_mmmo"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """One shipped model with its manifest."""
    shutil.copytree(PRETRAINED / MODEL, tmp_path / MODEL)
    write_manifest(tmp_path)
    return tmp_path


def check(folder: Path) -> Result:
    return CliRunner().invoke(app, ["check", "--folder", str(folder)])


def refused(result: Result) -> str:
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    return str(result.stderr)


def test_what_is_shipped_agrees_with_its_cards() -> None:
    result = check(PRETRAINED)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    measured = [line for line in lines[:-1] if "agrees with" in line]
    assert len(measured) >= 6
    assert all(line.count("agrees with") == 3 for line in measured)
    assert "every figure measured again agrees" in lines[-1]


def test_a_changed_byte_is_named(shelf: Path) -> None:
    path = shelf / MODEL / "card.md"
    path.write_bytes(path.read_bytes() + b" ")
    assert f"{path}: expected SHA-256" in refused(check(shelf))


def test_damaged_weights_are_named_once_by_hash_and_once_by_the_loader(shelf: Path) -> None:
    path = shelf / MODEL / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    said = refused(check(shelf))
    assert f"{path}: expected SHA-256" in said
    assert f"{MODEL}: {path}: " in said
    assert "2 things are not as shipped" in said


def test_a_card_that_promises_more_than_the_model_does_is_found_out(shelf: Path) -> None:
    path = shelf / MODEL / "metrics.json"
    metrics = json.loads(path.read_bytes())
    metrics["figures"][0] |= {"value": 0.2, "low": 0.1, "high": 0.3}
    path.write_text(json.dumps(metrics))
    write_manifest(shelf)  # the hashes are right, the figure is not
    said = refused(check(shelf))
    assert "mean absolute error 1.157, does NOT agree with 0.100 to 0.300" in said
    assert "1 thing is not as shipped" in said


def test_without_a_folder_or_a_manifest_one_sentence_says_so(tmp_path: Path) -> None:
    assert "expected a folder of stored models, got no such folder" in refused(check(tmp_path / "none"))
    assert refused(check(tmp_path)).strip() == f"{tmp_path}/manifest.json: no such file"
