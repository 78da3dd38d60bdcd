"""MFM and its ablations on digits: runs that differ in structure alone, and what can be measured of which."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from mfm_core import ModelConfig
from mfm_core.cli import variants as command
from mfm_core.data import load_dataset
from mfm_core.evaluation.losses import Samples, figures
from mfm_core.evaluation.variants import made_by, measure_ablation
from mfm_core.experiments.losses import figure_rows, loss_run
from mfm_core.experiments.variants import VARIANTS, read_variants, variant_config
from mfm_core.networks.ablation import DESIGNS, Ablation
from mfm_core.networks.classifier import Discriminative
from tests.conftest import with_large_weights

OF_EACH = {("reconstruction_error", name) for name in ("svhn", "mnist")} | {("joint_coherence", "")}
OF_STYLE = {("swap_accuracy", "svhn"), ("swap_accuracy", "mnist")}
PROBES = {("probe_accuracy", "svhn+mnist"), ("probe_chance", "svhn+mnist")}


@pytest.fixture(scope="module")
def judges(tiny_config: ModelConfig) -> dict[str, Discriminative]:
    return {
        name: Discriminative(tiny_config.model_copy(update={"modalities": {name: m}})).eval()
        for name, m in tiny_config.modalities.items()
    }


def test_the_variants_differ_in_their_structure_alone() -> None:
    configs = {name: variant_config(name).model_dump() for name in VARIANTS}
    run = loss_run("joint", 0)
    assert not any(configs["mfm"].pop("factorization").values())
    assert configs["mfm"].pop("flow") == 0
    for only_mfm in ("mmd_y", "terms"):  # of sequences
        configs["mfm"].pop(only_mfm)
    assert [config.pop("system") for config in configs.values()] == list(VARIANTS)
    assert all(config == configs["mfm"] for config in configs.values())
    assert configs["m_a"]["model"] == run.model.model_dump()
    assert configs["m_a"]["objective"] == run.objective.model_dump()


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^variant: expected one of mfm, m_a, .*, got 'm_f'$"):
        variant_config("m_f")
    done = CliRunner().invoke(command.app, ["variants", "--variant", "mfm,m_f"])
    assert done.exit_code != 0
    assert "variant: expected one of mfm, m_a" in done.output


@pytest.mark.usefixtures("made_up_data", "few_probes")
@pytest.mark.parametrize("name", DESIGNS)
def test_an_ablation_is_measured_as_far_as_its_structure_goes(
    name: str, tiny_config: ModelConfig, judges: dict[str, Discriminative]
) -> None:
    network = Ablation(tiny_config, DESIGNS[name]).eval()
    found = {(one.key, one.subject) for one in figures([measure_ablation(network, judges)])}
    wanted = {("label_accuracy", "")} | (OF_EACH if DESIGNS[name].generates else set())
    assert found == wanted | (OF_STYLE | PROBES if name == "m_a" else set())


@pytest.mark.usefixtures("made_up_data")
def test_a_swap_of_m_a_keeps_z_y_and_takes_the_donors_style(tiny_config: ModelConfig) -> None:
    network = with_large_weights(Ablation(tiny_config, DESIGNS["m_a"]))
    pairs = load_dataset("svhn_mnist").part("test")
    made = made_by(network, pairs, torch.arange(len(pairs)).flip(0), torch.Generator().manual_seed(0), workers=1)
    with torch.no_grad():
        codes = network.encode(pairs.modalities)
        by_hand = network.decode({"y": codes["y"], "a": codes["a"].flip(0)}).generated
    for name, pictures in by_hand.items():
        assert torch.allclose(made.swapped[name], pictures, atol=1e-5)
        assert not torch.allclose(made.rebuilt[name], pictures, atol=1e-5)


def test_stored_figures_are_read_back(tmp_path: Path) -> None:
    samples = {"0": Samples({("label_accuracy", ""): torch.ones(6)}, {("label_accuracy", ""): [torch.arange(6)]}, {})}
    path = tmp_path / "variants.csv"
    rows = figure_rows("system", {"m_e": samples, "mfm": samples | {"1": samples["0"]}}, lambda name: {"system": name})
    rows.to_csv(path, index=False)
    read = read_variants(path)
    assert read[["system", "seed"]].values.tolist() == [["m_e", "0"], ["mfm", "0"], ["mfm", "1"], ["mfm", "all"]]
    assert set(read["value"]) == {1.0}
    pd.DataFrame(rows.assign(system="m_f")).to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"system: expected one of mfm, m_a, .*, got 'm_f'"):
        read_variants(path)
