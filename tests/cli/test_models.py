"""The commands that train and measure, as a user types them, on made-up digits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from mfm_core.cli.app import app
from mfm_core.cli.models import parse_change, update_metrics
from mfm_core.data import load_dataset
from mfm_core.evaluation.figures import read_figures
from mfm_core.evaluation.quantities import title
from mfm_core.experiments.run import read_run, run_names
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage import folder as storage_folder
from mfm_core.storage import models
from mfm_core.storage.codes import find_originals
from mfm_core.training.common import seeded
from tests import tiny_runs

pytestmark = pytest.mark.usefixtures("few_probes")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, drawn_digits: Path):
    """Stored judges and readers, an MFM that the command trained, and the folder its run was kept in."""
    folder = tmp_path_factory.mktemp("shelf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MFM_DATA", str(drawn_digits))
        patch.setattr(storage_folder, "PRETRAINED", folder / "pretrained")
        for name in ("svhn", "mnist"):
            (folder / f"um_{name}.json").write_text(json.dumps(tiny_runs.discriminative(name)))
            config = read_run(str(folder / f"um_{name}.json")).model
            for seed, kind in enumerate(("judge", "reader")):
                network = seeded(lambda config=config: Discriminative(config), seed)
                models.save_model(network, folder / "pretrained" / f"{kind}_{name}", run={}, card="")
        (folder / "both.json").write_text(json.dumps(tiny_runs.factorizing()))
        yield folder


@pytest.fixture(scope="module")
def trained(shelf: Path) -> Result:
    store = str(shelf / "pretrained" / "both")
    return command(
        "train", str(shelf / "both.json"), "--folder", str(shelf / "run"), "--store", store, "--set", "training.seed=3"
    )


def command(*arguments: str) -> Result:
    threads = ("--threads", "1") if arguments[0] in ("train", "evaluate", "compare", "ablations") else ()
    return CliRunner().invoke(app, [*arguments, *threads])


def refused(result: Result, message: str) -> None:
    """Exit status 1, one sentence on standard error, no traceback."""
    assert (result.exit_code, result.stderr, result.stdout) == (1, message + "\n", "")
    assert isinstance(result.exception, SystemExit)


def test_train_stores_a_model_that_says_how_it_was_made(shelf, trained):
    assert trained.exit_code == 0, trained.stderr
    assert trained.stdout == f"{shelf}/pretrained/both\n"
    assert trained.stderr.splitlines()[-1].startswith("step 4 of 4; cost ")
    stored = storage_folder.StoredModel.of_folder(shelf / "pretrained" / "both")
    assert stored.run["command"] == "python -m mfm_core train both.json --set training.seed=3"
    assert stored.run["configuration"]["training"]["seed"] == 3
    first, second = (models.load_pretrained(shelf / place) for place in ("pretrained/both", "run/model"))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_train_again_goes_on_where_it_was_and_changes_nothing(shelf, trained):
    weights = (shelf / "run" / "model" / "weights.safetensors").read_bytes()
    again = command("train", str(shelf / "both.json"), "--folder", str(shelf / "run"), "--set", "training.seed=3")
    assert again.exit_code == 0
    assert again.stdout == f"{shelf}/run/model\n"
    assert (shelf / "run" / "model" / "weights.safetensors").read_bytes() == weights


def test_a_run_is_kept_under_its_name(shelf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = command("train", str(shelf / "um_mnist.json"), "--set", "training.steps=2")
    assert (result.exit_code, result.stdout) == (0, "runs/um_mnist/model\n")
    assert (tmp_path / "runs" / "um_mnist" / "state.safetensors").is_file()


def test_evaluate_stores_figures_card_and_codes(shelf, trained):
    result = command("evaluate", "both", "--save", "--json")
    assert result.exit_code == 0, result.stderr
    metrics = json.loads(result.stdout)
    assert models.load_metrics("both") == metrics
    assert metrics["evaluated"]["command"] == "python -m mfm_core evaluate both"
    assert metrics["evaluated"]["seed"] == 0
    figures = read_figures(metrics["figures"])
    assert {"label_accuracy", "swap_accuracy", "joint_coherence"} < {figure.key for figure in figures}
    text = models.load_card("both")
    assert all(title(figure) in text for figure in figures)
    codes, held_out = models.load_codes("both"), load_dataset("svhn_mnist").part("test")
    assert torch.equal(codes.labels, held_out.labels)
    for name, prints in codes.fingerprints.items():
        places = find_originals(prints, held_out.modalities[name])
        pictures = held_out.modalities[name][torch.tensor(places)]
        assert torch.equal(pictures, held_out.modalities[name])
    wanted = models.load_pretrained("both").encode(held_out.modalities)
    torch.testing.assert_close(codes.latents.joint(), wanted.joint())


def test_evaluate_without_save_prints_a_table_and_writes_nothing(shelf):
    folder = shelf / "pretrained" / "judge_mnist"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = command("evaluate", "judge_mnist")
    assert result.exit_code == 0, result.stderr
    assert "label accuracy, mnist" in result.stdout
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert "metrics.json" not in before


def test_a_table_that_goes_into_a_file_is_not_cut(shelf, trained):
    result = command("compare", "UM(SVHN)=judge_svhn", "MFM=both")
    lines = [line for line in result.stdout.splitlines() if line.startswith("│")]
    assert [line.split("│")[1].strip() for line in lines] == ["UM(SVHN)", "MFM"]
    assert "MFM minus it" in result.stdout


def test_compare_and_ablations_store_their_tables_and_keep_the_figures(shelf, trained):
    update_metrics(shelf / "pretrained" / "both", {"figures": []})
    for arguments in (["compare", "a=judge_svhn", "a=reader_svhn", "MFM=both"], ["ablations", "nothing=both"]):
        result = command(*arguments, "--into", "both")
        assert result.exit_code == 0, result.stderr
    metrics = models.load_metrics("both")
    assert [row["system"] for row in metrics["comparison"]["systems"]] == ["a", "MFM"]
    assert [system["system"] for system in metrics["ablations"]["systems"]] == ["nothing"]
    assert "figures" in metrics
    text = models.load_card("both")
    assert "## Figure 5(b): label accuracy" in text
    assert "## What each added term buys" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "{shelf}/both.json", "--set", "seed"], "set: expected key=value, got 'seed'"),
        (
            ["train", "{shelf}/both.json", "--set", "training.steps=0"],
            "{shelf}/both.json: training.steps: expected a number above 0, got 0",
        ),
        (
            ["train", "{shelf}/both.json", "--device", "abacus"],
            "device: expected a device that torch can use here, such as cpu, got 'abacus'",
        ),
        (
            ["train", "{shelf}/um_mnist.json", "--set", "training.batch_size=60000"],
            "batch_size: expected at most the number of samples, got 60000",
        ),
        (
            ["evaluate", "nothing"],
            "name_or_folder: expected one of {names}, or the folder of a stored model, got 'nothing'",
        ),
        (
            ["compare", "a=nothing"],
            "name_or_folder: expected one of {names}, or the folder of a stored model, got 'nothing'",
        ),
        (
            ["ablations", "judge_svhn"],
            "{shelf}/pretrained/judge_svhn/config.json: kind: expected 'mfm', got 'discriminative'",
        ),
        (
            ["train", "svhn_mnist"],
            "start: expected the model of another run in runs/svhn_mnist_codes/model, which is not there; first run: "
            "python -m mfm_core train svhn_mnist_codes",
        ),
        (
            ["train", "{shelf}/um_mnist.json", "--device", "meta"],
            "device: expected a device that torch can use here, such as cpu, got 'meta'",
        ),
        (["ablations", "a=both", "b=both", "a=both"], "names: expected a label for each model alone, got 'a' 2 times"),
        (["readme-figures", "judge_svhn"], "{shelf}/pretrained/judge_svhn/metrics.json: no such file"),
    ],
)
def test_each_error_is_one_sentence(shelf, trained, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").touch()
    filled = {"shelf": shelf, "names": ", ".join(storage_folder.pretrained_names())}
    refused(command(*(part.format(**filled) for part in arguments)), message.format(**filled))


def test_an_unknown_run_is_one_sentence(shelf):
    result = command("train", "nothing")
    refused(result, f"run: expected one of {', '.join(run_names())} or a .json file, got 'nothing'")


def test_missing_data_is_one_sentence(shelf, tmp_path, monkeypatch):
    monkeypatch.setenv("MFM_DATA", str(tmp_path))
    message = (
        f"{tmp_path}/svhn.npz: no such file; set MFM_DATA to the folder that holds it, "
        "or run: python -m mfm_core data fetch svhn"
    )
    for arguments in (["train", str(shelf / "um_svhn.json")], ["evaluate", "judge_svhn"], ["compare", "judge_svhn"]):
        refused(command(*arguments), message)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("training.seed=1", ("training.seed", 1)),
        ("objective.independence=none", ("objective.independence", "none")),
        ("objective.mmd=1e2", ("objective.mmd", 100.0)),
        ("factorization.same_label=false", ("factorization.same_label", False)),
        ("training.patience=null", ("training.patience", None)),
        ("readers.svhn=a=b", ("readers.svhn", "a=b")),
    ],
)
def test_a_change_is_json_or_text(text, change):
    assert parse_change(text) == change


def test_python_m_offers_every_command_and_imports_statistics_only_where_they_are_needed(shelf):
    assert {"train", "evaluate", "compare", "ablations"} <= {entry.name for entry in app.registered_commands}
    arguments = [sys.executable, "-X", "importtime", "-m", "mfm_core", "evaluate", "nothing"]
    run = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False)
    imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if line.startswith("import time")}
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("name_or_folder: expected one of ")
    assert "Traceback" not in run.stderr
    assert "mfm_core.evaluation.digits" in imported
    assert imported.isdisjoint({"sklearn", "scipy.stats", "scipy.linalg", "matplotlib", "streamlit"})
