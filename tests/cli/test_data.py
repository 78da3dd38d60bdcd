"""The commands, as a user types them."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import mfm_core as mfm
import mfm_core.__main__  # enters all commands
from mfm_core.cli.app import app
from mfm_core.cli.data import description
from mfm_core.data import Dataset, dataset_names
from mfm_core.studio.making import chunks, make
from mfm_core.studio.making.acoustics import word_features
from mfm_core.studio.making.voice import SAMPLE_RATE


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MFM_DATA", str(tmp_path))
    return tmp_path


def test_fetching_offline_gives_one_sentence_and_status_1(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Proxies that refuse every connection are a machine without a network, wherever the test runs.
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    run = CliRunner().invoke(app, ["data", "fetch", "mnist", "svhn"])
    assert (run.exit_code, type(run.exception)) == (1, SystemExit)
    assert run.stdout == ""
    assert run.stderr.splitlines()[-1] == (
        "https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz: "
        "could not be downloaded (ProxyError); is there a network?"
    )


def test_what_is_there_is_named_and_not_fetched(data_folder: Path) -> None:
    (data_folder / "mnist.npz").touch()
    run = CliRunner().invoke(app, ["data", "fetch", "mnist"])
    assert run.exit_code == 0
    assert run.stdout == f"{data_folder}/mnist.npz\n"


def test_an_unknown_data_set_gives_one_sentence_and_status_1(data_folder: Path) -> None:
    run = CliRunner().invoke(app, ["data", "fetch", "cifar"])
    assert run.exit_code == 1
    assert run.stderr == "name: expected one of mnist, svhn, got 'cifar'\n"


def test_the_list_tells_what_is_there_and_how_to_get_the_rest(data_folder: Path) -> None:
    (data_folder / "mnist.npz").touch()
    run = CliRunner().invoke(app, ["data", "list"])
    assert run.exit_code == 0
    lines = [" ".join(line.split()) for line in run.stdout.splitlines()]
    assert lines[0] == f"data folder: {data_folder} (set MFM_DATA to change it)"
    for expected in (
        "mnist here",
        "svhn not here; python -m mfm_core data fetch svhn",
        "svhn_mnist made of svhn and mnist, of which svhn is not here",
        "digits8 here; it comes with scikit-learn",
        "ict_mmmo not here; python -m mfm_core data import FILES --as ict_mmmo",
        "cmu_mosi not here: cmu_mosi_utterances.npz, cmu_mosi_words.json, glove50_top30k.npz",
    ):
        assert expected in lines


def test_the_help_of_describe_names_the_sets_and_a_command_names_the_systems() -> None:
    described = CliRunner().invoke(app, ["data", "describe", "--help"], env={"COLUMNS": "200"})
    assert all(name in described.stdout for name in dataset_names())
    helped = CliRunner().invoke(app, ["table", "--help"], env={"COLUMNS": "200"})
    assert "python -m mfm_core systems" in " ".join(helped.stdout.split())
    run = CliRunner().invoke(app, ["systems"])
    assert run.exit_code == 0
    told = {line.split()[0]: line for line in run.stdout.splitlines()}
    assert list(told) == list(mfm.system_names())
    assert "Tsai et al. (2019)" in told["mfm"]
    assert "sequence, image" in told["mfm"]


@pytest.mark.parametrize(
    ("scores", "told"), [([math.nan, 1.0, -2.0], "-2 to 1"), ([math.nan] * 3, "none of them known")]
)
def test_scores_that_are_not_known_do_not_hide_the_others(scores: list[float], told: str) -> None:
    pictures = torch.rand(3, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    dataset = Dataset("own", {"picture": pictures}, torch.tensor(scores)[:, None], np.array(["train"] * 3))
    assert description(dataset)[-1] == f"  labels: 1 scores, {told}"


def test_importing_the_package_does_not_import_what_only_some_functions_need() -> None:
    heavy = ("sklearn", "scipy", "h5py", "pandas", "matplotlib", "streamlit", "requests")
    code = f"import sys, mfm_core; mfm_core.system_names(); print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True)
    assert run.stdout == "[]\n"


def test_a_package_that_is_missing_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def perform(script: object) -> object:
        return word_features(np.zeros(SAMPLE_RATE, np.float32), np.array([[0.0, 1.0]], np.float32), ("a",))

    monkeypatch.setitem(sys.modules, "librosa", None)
    monkeypatch.setenv("MFM_DATA", str(tmp_path))
    monkeypatch.setattr(chunks, "perform", perform)
    monkeypatch.setattr(make, "read_vectors", lambda folder: {})
    run = CliRunner().invoke(app, ["data", "make", "studio-clips", "--clips", "12"])
    assert run.exit_code == 1
    assert run.stderr.splitlines() == [
        "librosa: expected this package to be installed, see requirements-data.txt for making data, "
        "requirements-cluster.txt for a cluster"
    ]
