"""UM, MM and MFM of Figure 5(b) are trained alike: what differs is what the comparison is about."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from mfm_core.__main__ import app
from mfm_core.experiments.label_accuracy import SYSTEMS, accuracy_run, train_for_accuracy
from mfm_core.training.digits import DiscriminativeRun
from mfm_core.training.images import FactorizeRun

READS = {"UM(SVHN)": ["svhn"], "UM(MNIST)": ["mnist"], "MM": ["svhn", "mnist"]}


@pytest.mark.parametrize("name", SYSTEMS)
def test_all_have_the_same_encoders_pictures_and_steps(name: str) -> None:
    run, mfm = accuracy_run(name, 3), accuracy_run("MFM", 3)
    assert isinstance(run, DiscriminativeRun if name in READS else FactorizeRun)
    assert isinstance(mfm, FactorizeRun)
    assert run.training == mfm.training
    assert run.training.seed == 3
    assert list(run.model.modalities) == READS.get(name, ["svhn", "mnist"])
    assert run.augmentation == {one: mfm.augmentation[one] for one in run.model.modalities}
    for one, modality in run.model.images.items():
        ours = mfm.model.images[one]
        assert (modality.fusion, modality.fusion_channels) == (ours.fusion, ours.fusion_channels)
    assert (run.model.features, run.model.hidden, run.model.label) == (64, 64, mfm.model.label)


def test_the_reference_is_trained_by_eq_4_alone_and_seeds_draw_anew() -> None:
    run = accuracy_run("MFM", 0)
    assert isinstance(run, FactorizeRun)
    assert (run.objective.independence, list(run.factorization.active())) == ("joint", [])
    added = accuracy_run("MFM with our terms", 0)
    assert isinstance(added, FactorizeRun)
    assert list(added.factorization.active())
    assert accuracy_run("MFM", 1).training.seed == 1


def test_what_is_trained_goes_on_and_what_is_stored_is_not_trained_again(tmp_path: Path) -> None:
    (stored := tmp_path / "MM_0" / "model").mkdir(parents=True)
    (stored / "config.json").touch()
    with patch("mfm_core.experiments.losses.execute") as execute:
        groups = train_for_accuracy(tmp_path, seeds=(0, 1), names=("MM", "MFM"))
    assert [call.args[1].name for call in execute.call_args_list] == ["MFM_0", "MM_1", "MFM_1"]
    assert groups == {name: [str(tmp_path / f"{name}_{seed}" / "model") for seed in (0, 1)] for name in ("MM", "MFM")}


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^system: expected one of UM\(SVHN\), .*, MFM, got 'mm'$"):
        accuracy_run("mm", 0)
    result = CliRunner().invoke(app, ["label-accuracy", "--system", "MM,mm"])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "got 'mm'" in result.stderr
