"""Names of models of the lab."""

from __future__ import annotations

from mfm_core.lab.settings import model_name, run_of


def test_only_the_name_of_a_run_names_a_model_of_the_lab() -> None:
    assert run_of(model_name("0123456789ab")) == "0123456789ab"
    assert [run_of(name) for name in ("lab_exercise", "lab_", "svhn_mnist", "lab_0123456789ab/..")] == [None] * 4
