"""Systems side by side: McNemar's test against a sum of all cases, and the tables."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from mfm_core.config import ModelConfig
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.evaluation.comparison import MAIN, _training, ablations, against, compare, label_hits
from mfm_core.evaluation.digits import evaluation_pairs
from mfm_core.evaluation.figures import read_figures
from mfm_core.evaluation.quantities import title
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
    ours = torch.tensor([[True] * gains + [False] * losses + [True] * 4 + [False] * 3])
    theirs = torch.tensor([[False] * gains + [True] * losses + [True] * 4 + [False] * 3])
    p = brute_force_p(gains, losses)
    found = against(ours, theirs)
    assert (found["gained"], found["lost"], found["p"]) == (gains, losses, pytest.approx(p))


def test_mcnemar_compares_the_seeds_that_both_have():
    ours, theirs = torch.ones(3, 10, dtype=torch.bool), torch.zeros(2, 10, dtype=torch.bool)
    assert against(ours, theirs) == {"gained": 20, "lost": 0, "p": pytest.approx(2 / 2**20)}


def test_a_p_that_no_float_can_tell_from_0_is_not_called_0():
    ours = torch.ones(1, 1500, dtype=torch.bool)
    system = {"system": "UM", "accuracies": [0.0, 0.5], "errors": 1500, "n": 3000, **against(ours, ~ours)}
    table = comparison_table({"note": "n.", "reference": "MFM", "systems": [system]})
    assert table["rows"] == [["UM", "25.00 %", "0.00 %, 50.00 %", "1500 of 3000", "1500 gained, 0 lost, p < 1e-300"]]
    assert table["header"][-1] == "against MFM (McNemar, p)"
    system |= {"difference": {"value": 0.001, "low": -0.0005, "high": 0.0025, "n": 30}}
    table = comparison_table({"note": "n.", "reference": "MFM", "systems": [system]})
    assert table["rows"][0][-1].startswith("+0.10 points (-0.05 to +0.25); 1500 gained")


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
    assert mfm == {"system": "MFM", **read, "accuracies": accuracies, "errors": n - right, "n": 300}
    assert (um["name"], um["modalities"]) == ("um", ["mnist", "svhn"]), "one of each"
    assert (um["system"], um["n"], len(um["accuracies"]), table["reference"]) == ("UM", 600, 2, "MFM")
    assert um["errors"] == 600 - round(300 * sum(um["accuracies"]))
    assert {"gained", "lost", "p"} < set(um)
    gap = um["difference"]
    assert gap["value"] == pytest.approx(right / 300 - sum(um["accuracies"]) / 2)
    assert gap["low"] <= gap["value"] <= gap["high"]
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
