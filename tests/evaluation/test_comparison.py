"""Systems side by side: what independent pairs and seeds tell of their difference, and the tables."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from mfm_core.config import ModelConfig
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.evaluation.comparison import MAIN, _training, ablations, check_apart, compare, label_hits
from mfm_core.evaluation.digits import evaluation_pairs
from mfm_core.evaluation.figures import read_figures
from mfm_core.evaluation.quantities import title
from mfm_core.evaluation.statistics import mcnemar_p
from mfm_core.networks.classifier import Discriminative
from mfm_core.reports.card import comparison_table, side_by_side
from mfm_core.storage import folder as storage_folder
from mfm_core.storage import models
from mfm_core.systems.storage import load


def brute_force_p(gains: int, losses: int) -> float:
    """Of all equally likely signs of the discordant pairs, the share that is no more likely than what was seen."""
    n = gains + losses
    ways = [math.comb(n, k) for k in range(n + 1)]
    return sum(way for way in ways if way <= ways[gains]) / 2**n


@pytest.mark.parametrize(("gains", "losses"), [(0, 0), (1, 0), (5, 0), (7, 2), (3, 3), (12, 30)])
def test_mcnemar_is_the_brute_force_binomial(gains, losses):
    assert mcnemar_p(gains, losses) == pytest.approx(brute_force_p(gains, losses))


def test_the_table_shows_what_is_stored_and_has_no_column_for_what_is_not():
    system = {"system": "UM", "accuracies": [0.25, 0.5], "n": 800}
    table = comparison_table({"note": "n.", "reference": "MFM", "systems": [system]})
    assert table["header"] == ["system", "mean accuracy", "each seed", "errors of each seed"]
    assert table["rows"] == [["UM", "37.50 %", "25.00 %, 50.00 %", "600, 400 of 800"]]
    system |= {"low": 0.2, "high": 0.6, "differ": [17]}
    system |= {"difference": {"value": 0.001, "low": -0.0005, "high": 0.0025, "n": 30, "p": 0.25}}
    table = comparison_table({"note": "n.", "reference": "MFM", "systems": [system]})
    assert table["header"][-2:] == ["pairs that each two seeds read differently", "MFM minus it"]
    assert table["rows"][0][1] == "37.50 % (20.00 % to 60.00 %)"
    assert table["rows"][0][-2:] == ["17", "+0.10 points (-0.05 to +0.25), p = 0.25"]
    system["difference"] |= {"low": None, "high": None, "p": None}
    table = comparison_table({"note": "n.", "reference": "MFM", "systems": [system]})
    assert table["rows"][0][-1] == "+0.10 points, too few photographs for a test"


def test_one_model_under_two_names_is_not_two_seeds():
    a, b = torch.randn(2, 6, 3)
    check_apart([a, b, a + 1e-3], ["a", "b", "c"])
    with pytest.raises(ValueError, match=r"^names: expected models of different seeds in a group, got a and c, which "):
        check_apart([a, b, a.clone()], ["a", "b", "c"])


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch, made_up_data, tiny_model, tiny_config, few_probes) -> Path:
    """An MFM, a judge of each modality, and a baseline of both."""
    monkeypatch.setattr(storage_folder, "PRETRAINED", tmp_path)
    models.save_model(tiny_model, tmp_path / "both", run={}, card="")
    for name, modality in tiny_config.modalities.items():
        config = tiny_config.model_copy(update={"modalities": {name: modality}})
        models.save_model(Discriminative(config), tmp_path / f"judge_{name}", run={}, card="")
    models.save_model(Discriminative(tiny_config), tmp_path / "mm", run={}, card="")
    return tmp_path


def test_the_table_of_figure_5b_counts_what_each_system_gets_right(shelf):
    table = compare({"UM": ["judge_mnist", "judge_svhn"], "MFM": ["both"]}, seed=0)
    pairs = evaluation_pairs(DigitPools.load("test"), 0)
    model = models.load_pretrained("both")
    right = int((model.decode(model.encode(pairs.modalities)).label.argmax(1) == pairs.labels).sum())
    n = len(pairs)
    assert n == 300
    um, mfm = table["systems"]
    accuracies = [pytest.approx(right / 300)]
    read = {"name": "mfm", "modalities": ["svhn", "mnist"]}
    low, high = mfm.pop("low"), mfm.pop("high")
    assert low < right / 300 < high
    assert mfm == {"system": "MFM", **read, "accuracies": accuracies, "differ": [], "n": 300}
    assert (um["name"], um["modalities"]) == ("um", ["mnist", "svhn"]), "one of each"
    assert (um["system"], um["n"], len(um["accuracies"]), table["reference"]) == ("UM", 300, 2, "MFM")
    first, second = (load(name).predict(pairs).argmax(1) for name in ("judge_mnist", "judge_svhn"))
    assert um["differ"] == [int((first != second).sum())]
    gap = um["difference"]
    assert gap["value"] == pytest.approx(right / 300 - sum(um["accuracies"]) / 2)
    assert gap["low"] <= gap["value"] <= gap["high"]
    assert 0 < gap["p"] <= 1
    assert gap["n"] == len({one.partition("[")[0] for one in pairs.ids})


def test_ablations_show_the_main_figures_of_each_model(shelf):
    table = ablations({"nothing": "both", "noise": "both"}, seed=0)
    nothing, noise = table["systems"]
    assert (nothing["system"], noise["system"], nothing["figures"]) == ("nothing", "noise", noise["figures"])
    figures = read_figures(nothing["figures"])
    assert tuple((figure.key, figure.subject) for figure in figures) == MAIN
    shown = side_by_side(table)
    assert shown["header"] == ["figure", "nothing", "noise"]
    assert [row[0] for row in shown["rows"]] == [title(figure) for figure in figures]
    assert all(row[1] == row[2] for row in shown["rows"])
    assert table["note"] == "Each after training unknown, on the same held-out pairs; seed 0."


def test_ablations_tell_how_long_each_model_was_trained_and_from_where(shelf, tiny_model):
    for name, steps, start in (("a", 5, "both"), ("b", 7, None)):
        run = {"configuration": {"training": {"steps": steps}, "start": start}}
        models.save_model(tiny_model, shelf / name, run=run, card="")
    assert _training(["a", "b", "b"]) == "Each after 5 steps from both or 7 steps from random weights"


def test_a_model_of_another_modality_is_refused(shelf):
    config = ModelConfig.model_validate({"modalities": {"sound": {"shape": (1, 28, 28), "d_z": 1, "d_f": 1}}})
    pairs = evaluation_pairs(DigitPools.load("test"), 0)
    models.save_model(Discriminative(config), shelf / "sound", run={}, card="")
    with pytest.raises(ValueError, match=r"^dataset\.modalities: expected sound as image of shape \(1, 28, 28\), got "):
        label_hits(load(shelf / "sound"), pairs)
