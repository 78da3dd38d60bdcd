"""Objectives side by side: runs that differ in the objective alone, and figures over pairs and seeds."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from mfm_core import MFM, ModelConfig
from mfm_core.cli import losses as command
from mfm_core.data import load_dataset
from mfm_core.evaluation import losses as evaluated
from mfm_core.evaluation.losses import Samples, figures, measure
from mfm_core.evaluation.probes import Probed, probe_classes
from mfm_core.evaluation.statistics import Estimate
from mfm_core.experiments.losses import OBJECTIVES, loss_run, read_losses
from mfm_core.networks.classifier import Discriminative


def test_the_runs_differ_in_their_objective_alone():
    runs = {name: loss_run(name, 1).model_dump() for name in OBJECTIVES}
    plain = list(OBJECTIVES)[:4]
    assert [run["objective"].pop("independence") for run in runs.values()] == [*plain, "joint"]
    assert [(run.pop("title"), run.pop("about")) for run in runs.values()] == [one[1:] for one in OBJECTIVES.values()]
    added = runs["shipped"]
    assert added["factorization"].pop("label_readback") == 40
    assert all(added.pop("readers").values())
    assert [modality.pop("flow") for modality in added["model"]["modalities"].values()] == [4, 4]
    for name in plain:
        assert not any(runs[name].pop("factorization").values())
        assert runs[name].pop("readers") == {}
        assert [modality.pop("flow") for modality in runs[name]["model"]["modalities"].values()] == [0, 0]
    del added["factorization"]
    assert all(run == added for run in runs.values())


def test_an_unknown_objective_is_refused():
    with pytest.raises(ValueError, match=r"^objective: expected one of none, published_code, .*, got 'elbo'$"):
        loss_run("elbo", 0)


@pytest.mark.usefixtures("made_up_data", "few_probes")
def test_a_model_is_measured_on_each_held_out_svhn_digit_once(tiny_model: MFM, tiny_config: ModelConfig):
    judges = {
        name: Discriminative(tiny_config.model_copy(update={"modalities": {name: m}})).eval()
        for name, m in tiny_config.modalities.items()
    }
    samples = measure(tiny_model, judges)
    found = {(figure.key, figure.subject): figure for figure in figures([samples])}
    of_each = ("reconstruction_error", "swap_accuracy", "probe_accuracy", "probe_chance")
    assert set(found) == {
        ("label_accuracy", ""),
        ("joint_coherence", ""),
        *((key, name) for key in of_each for name in ("svhn", "mnist")),
    }
    for (key, subject), values in samples.values.items():
        figure = found[key, subject]
        assert figure.value == pytest.approx(values.double().mean().item())
        assert figure.low <= figure.value <= figure.high
        assert (figure.n < len(values)) == (key != "joint_coherence")


@pytest.mark.usefixtures("made_up_data", "few_probes")
def test_no_picture_that_two_pairs_share_is_in_two_folds_of_a_probe(
    tiny_model: MFM, tiny_config: ModelConfig, monkeypatch: pytest.MonkeyPatch
):
    given: list[torch.Tensor] = []

    def recorded(z: torch.Tensor, labels: torch.Tensor, *, clusters: torch.Tensor, **options: object) -> Probed:
        given.append(clusters)
        return probe_classes(z, labels, clusters=clusters, **options)

    monkeypatch.setattr(evaluated, "probe_classes", recorded)
    judges = {
        name: Discriminative(tiny_config.model_copy(update={"modalities": {name: m}})).eval()
        for name, m in tiny_config.modalities.items()
    }
    measure(tiny_model, judges)
    pairs = load_dataset("svhn_mnist").part("test")
    same = (pairs.modalities["mnist"][:, None] == pairs.modalities["mnist"]).flatten(2).all(2)
    assert int(same.sum()) > len(pairs), "some pairs share their MNIST digit"
    for clusters in given:
        assert bool((clusters[:, None] == clusters)[same].all())
        assert len(clusters.unique()) > 2


def hits_of(*rows: list[int]) -> list[Samples]:
    probed = {"svhn": Probed("linear", Estimate(0.3, 0.2, 0.4, 6), 0.1, {"linear": 0.3})}
    key = ("label_accuracy", "")
    return [Samples({key: torch.tensor(row)}, {key: [torch.arange(len(row))]}, probed) for row in rows]


def test_seeds_that_share_their_pairs_do_not_make_the_interval_narrower():
    row = [1, 1, 0, 1, 0, 1] * 10
    (one, *_), (three, *_) = (figures(hits_of(*[row] * n)) for n in (1, 3))
    assert three.value == one.value
    assert (three.low, three.high) == pytest.approx((one.low, one.high), abs=0.02)
    assert three.n == one.n == 60


def test_seeds_that_differ_make_it_wider():
    (same, *_), (apart, *_) = (
        figures(hits_of(*rows)) for rows in ([[1, 0] * 30] * 3, [[0] * 60, [1, 0] * 30, [1] * 60])
    )
    assert apart.value == same.value == 0.5
    assert apart.high - apart.low > 1.5 * (same.high - same.low)


def test_stored_figures_are_read_back(tmp_path: Path) -> None:
    row = {"objective": "joint", "seed": "all", "key": "swap_accuracy", "subject": "", "unit": "share", "value": 0.5}
    row |= {"low": 0.4, "high": 0.6, "n": 9, "date": "2026-11-26", "code_version": "1"}
    path = tmp_path / "losses.csv"
    pd.DataFrame([row]).to_csv(path, index=False)
    read = read_losses(path).iloc[0]
    assert (read["subject"], read["value"], str(read["seed"])) == ("", 0.5, "all")
    pd.DataFrame([row | {"objective": "elbo"}]).to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"objective: expected one of none, .*, got 'elbo'"):
        read_losses(path)
    pd.DataFrame([row]).drop(columns="low").to_csv(path, index=False)
    with pytest.raises(ValueError, match="got none named low"):
        read_losses(path)


@pytest.mark.parametrize("text", ["joint", "joint=", "elbo=folder"])
def test_a_place_to_store_names_an_objective_and_a_folder(text: str) -> None:
    done = CliRunner().invoke(command.app, ["losses", "--objective", "joint", "--store", text, "--no-measured"])
    assert done.exit_code != 0
    assert "store: expected OBJECTIVE=FOLDER, of joint" in done.output
