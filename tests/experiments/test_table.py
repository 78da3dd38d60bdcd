"""Tables of systems: each cell once, whatever is killed; searched without test data; told in tidy rows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

import mfm_core as mfm
from mfm_core.cli.app import app
from mfm_core.cli.tables import table  # noqa: F401 - enters its command
from mfm_core.experiments.cells import compute_cell, read_cells
from mfm_core.experiments.plan import Cell, TablePlan, cells_of, splits
from mfm_core.experiments.results import (
    CELLS,
    read_comparisons,
    read_figures,
    read_pairs,
    results_folder,
    write_results,
)
from mfm_core.experiments.search import search
from mfm_core.experiments.table import Progress, run_table
from mfm_core.networks.ablation import COMPARED, TABLE_2
from tests.experiments import stub

ROOT = Path(__file__).parents[2]
PLAN = TablePlan(dataset="stub_data", trials=3, imports=("tests.experiments.stub",))


@pytest.fixture(autouse=True)
def stub_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "log.txt"
    monkeypatch.setenv("STUB_LOG", str(path))
    return path


def run(folder: Path, *systems: str, **more: object) -> Progress:
    return list(run_table(PLAN, systems, folder, **{"n_seeds": 2, "n_workers": 0, **more}))[-1]


def test_a_cell_is_searched_on_validation_data_and_reads_test_data_once(tmp_path: Path) -> None:
    result = compute_cell(PLAN, Cell("stub", 0), str(tmp_path / "search.log"))
    parts = [words[4] for words in stub.logged() if words[1] == "predict"]
    assert parts == ["validation"] * 3 + ["test"]
    tried = [float(words[4]) for words in stub.logged() if words[1] == "fit"]
    assert tried[0] == 1.0, "the default configuration is tried first"
    assert result.configurations[0]["noise"] in tried
    part = next(iter(splits(PLAN, 0))).validation
    errors = []
    for noise in tried:
        system = mfm.fit(stub.StubConfig(noise=noise), part, seed=0)
        errors.append(float((system.predict(part) - part.labels).abs().mean()))
    assert result.validation_errors[0] == pytest.approx(min(errors), rel=1e-5)
    assert result.configurations[0]["noise"] == tried[int(np.argmin(errors))]


def test_a_search_ends_where_no_validation_label_is_known(tmp_path: Path) -> None:
    part = next(iter(splits(PLAN, 0))).validation
    unknown = replace(part, labels=torch.full_like(part.labels, torch.nan))
    with pytest.raises(ValueError, match=r"^majority: .* got none: validation: .* got an error of nan$"):
        search("majority", part, unknown, seed=0, trials=1, storage=tmp_path / "search.log", study="own")


def test_a_cell_that_was_cut_short_keeps_its_trials_and_finds_the_same(tmp_path: Path) -> None:
    whole = compute_cell(PLAN, Cell("stub", 0), str(tmp_path / "whole.log"))
    storage = str(tmp_path / "cut.log")
    one_trial = PLAN.model_copy(update={"trials": 1})
    compute_cell(one_trial, Cell("stub", 0), storage)
    before = len(stub.logged())
    again = compute_cell(PLAN, Cell("stub", 0), storage)
    fits = [words for words in stub.logged()[before:] if words[1] == "fit"]
    assert len(fits) <= 3, "two new trials, and the best again if it was an old one"
    assert (again.configurations, again.predictions) == (whole.configurations, whole.predictions)


def test_finished_cells_do_not_run_again_and_new_ones_join(tmp_path: Path) -> None:
    first = run(tmp_path / "table", "stub")
    assert (first.n_cells, first.n_finished, first.n_new) == (2, 2, 2)
    fits = len(stub.logged())
    again = run(tmp_path / "table", "stub")
    assert (again.n_finished, again.n_new) == (2, 0)
    assert len(stub.logged()) == fits
    assert run(tmp_path / "table", "stub", "majority").n_new == 2


def test_a_killed_worker_costs_only_its_cell(tmp_path: Path) -> None:
    last = run(tmp_path / "table", "stub_dies", "stub", n_workers=2)
    assert (last.n_finished, last.errors) == (4, {})
    predicted = Counter(
        (words[2], words[3]) for words in stub.logged() if words[1:2] == ["predict"] and words[4] == "test"
    )
    assert set(predicted.values()) == {1}, "no finished cell ran twice"


def test_a_failing_cell_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    last = run(tmp_path / "table", "stub_fails", "stub")
    assert last.errors == {"stub_fails-0": "it cannot be fitted", "stub_fails-1": "it cannot be fitted"}
    assert last.n_finished == 2


def test_a_killed_driver_is_taken_up_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_SECONDS", "0.25")
    folder = tmp_path / "table"
    command = [
        *("table", "stub_data", "--systems", "stub,majority", "--seeds", "3", "--trials", "2"),
        *("--imports", "tests.experiments.stub", "--folder", str(folder)),
    ]
    start = [sys.executable, "-m", "mfm_core", *command, "--workers", "1"]
    driver = subprocess.Popen(start, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=os.environ)
    deadline = time.monotonic() + 400
    while len(list((folder / "cells").glob("*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    finished = {path.name: path.stat().st_mtime_ns for path in (folder / "cells").glob("*.json")}
    assert 2 <= len(finished) < 6
    workers = {int(words[0]) for words in stub.logged()}
    while any(Path(f"/proc/{worker}/exe").exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{worker}/exe").exists() for worker in workers), "workers end with their driver"
    monkeypatch.delenv("STUB_SECONDS")
    done = CliRunner().invoke(app, [*command, "--workers", "0"])
    assert done.exit_code == 0, done.output
    assert f"{len(finished)} of 6 cells" in done.stderr.splitlines()[0]
    cells = read_cells(folder)
    assert sorted((cell.system, cell.seed) for cell in cells) == sorted(
        (system, seed) for system in ("stub", "majority") for seed in range(3)
    )
    for name, written in finished.items():
        assert (folder / "cells" / name).stat().st_mtime_ns == written, "a finished cell ran again"
    assert not list((folder / "cells").glob("*.partial"))


def test_two_runs_at_once_and_another_plan_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "table"
    running = run_table(PLAN, ["majority"], folder, n_seeds=1, n_workers=0)
    next(running)
    with pytest.raises(ValueError, match="expected no other run"):
        next(run_table(PLAN, ["majority"], folder, n_seeds=1))
    running.close()
    with pytest.raises(ValueError, match="expected the plan it was begun with"):
        next(run_table(PLAN.model_copy(update={"trials": 9}), ["majority"], folder))


@pytest.mark.parametrize(
    ("change", "more", "message"),
    [
        ({"modalities": ("gaze",)}, {}, "modalities: expected some of words, tone, got 'gaze'"),
        ({"imports": ("tests.nowhere",)}, {}, "imports: expected modules that can be imported, got 'tests.nowhere'"),
        ({}, {"n_seeds": 0}, "seeds: expected at least 1, got 0"),
        ({}, {"n_workers": -1}, "workers: expected at least 0, got -1"),
        ({}, {"systems": ["gpt"]}, "got 'gpt'"),
        ({}, {"systems": ["stub", "stub"]}, "systems: expected each once"),
    ],
)
def test_a_wrong_plan_is_told_in_a_sentence(tmp_path: Path, change: dict, more: dict, message: str) -> None:
    plan, given = PLAN.model_copy(update=change), {"systems": ["stub"], "n_seeds": 1, "n_workers": 0, **more}
    try:
        told = list(run_table(plan, folder=tmp_path / "table", **given))[-1].errors.get("stub-0", "")
    except ValueError as error:
        told = str(error)
    assert message in told


def test_an_unknown_data_set_is_refused_before_a_cell_is_begun(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^dataset: expected one of .*stub_data.*, got 'nowhere'$"):
        next(run_table(PLAN.model_copy(update={"dataset": "nowhere"}), ["majority"], tmp_path / "table"))
    assert not (tmp_path / "table").exists()


def test_results_are_tidy_and_come_back(tmp_path: Path) -> None:
    run(tmp_path / "table", "stub", "majority")
    cells, figures, compared = write_results(tmp_path / "table", tmp_path / "results")
    assert (cells.name, figures.name) == ("table.cells.csv", "table.figures.csv")
    rows = read_figures(tmp_path / "results")
    assert set(rows.groupby(["system", "seed"]).size()) == {5}  # mae, r, a2, f1, a3 or a7
    row = rows[(rows.system == "stub") & (rows.seed == 0) & (rows.key == "mae")].iloc[0]
    assert row.low < row["value"] < row.high
    made = pd.read_csv(cells)
    assert not made.duplicated(["system", "seed"]).any()
    assert len(made) == len(rows.drop_duplicates(["system", "seed"]))
    cell = made[(made.system == "stub") & (made.seed == 0)].iloc[0]
    assert json.loads(cell.configuration)[0]["system"] == "stub"
    assert len(cell.code_version) >= 7
    means = read_comparisons(tmp_path / "results")
    one = means[(means.system == "stub") & (means.key == "mae")].iloc[0]
    of_seeds = rows[(rows.system == "stub") & (rows.key == "mae")]["value"]
    assert (one["mean"], one.sd) == (pytest.approx(of_seeds.mean(), rel=1e-5), pytest.approx(of_seeds.std(), rel=1e-4))
    assert compared.exists()
    (tmp_path / "results" / "bad.figures.csv").write_bytes(b'"\x00\xff')
    with pytest.raises(ValueError, match=r"bad\.figures\.csv: expected a table"):
        read_figures(tmp_path / "results")


def test_ict_mmmo_is_cross_validated_over_its_complete_videos() -> None:
    try:
        parts = list(splits(TablePlan(dataset="ict_mmmo"), 1))
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    tested = np.concatenate([part.tested for part in parts])
    assert (len(parts), len(tested), len(set(tested.tolist()))) == (5, 120, 120)


def test_cells_go_seed_by_seed() -> None:
    assert [cell.name for cell in cells_of(("stub", "majority"), 2)] == [
        "stub-0", "majority-0", "stub-1", "majority-1",
    ]  # fmt: skip


def test_fewer_training_samples_are_drawn_by_the_seed() -> None:
    few = PLAN.model_copy(update={"train_samples": 20})
    first, again, other = (next(iter(splits(few, seed))).train.ids for seed in (0, 0, 1))
    assert (len(first or ()), first) == (20, again)
    assert first != other
    assert len(next(iter(splits(few, 0))).test) == len(next(iter(splits(PLAN, 0))).test)


def test_the_shipped_results_are_tidy() -> None:
    rows, compared = read_figures(), read_comparisons()
    if rows.empty:
        pytest.skip("no results are stored")
    assert not rows.duplicated(["table", "system", "seed", "key", "subject"]).any()
    assert not compared.duplicated(["table", "system", "key", "subject"]).any()
    assert set(rows["system"]) <= set(mfm.system_names())
    for name, of_table in rows.groupby("table"):
        made = pd.read_csv(results_folder() / f"{name}{CELLS}")
        of_cells = [tuple(row) for row in made[["system", "seed"]].to_numpy()]
        assert sorted(of_cells) == sorted({tuple(row) for row in of_table[["system", "seed"]].to_numpy()})
    means = rows.groupby(["table", "system", "key", "subject"])["value"].mean().dropna()
    told = compared.set_index(["table", "system", "key", "subject"])["mean"].sort_index()
    assert np.allclose(means, told[means.index], atol=1e-4)
    pairs = read_pairs()
    assert not pairs.duplicated(["table", "system", "other", "key", "subject"]).any()
    first, second = (
        told.loc[list(zip(pairs["table"], pairs[name], pairs["key"], pairs["subject"], strict=True))].to_numpy()
        for name in ("system", "other")
    )
    assert np.allclose(pairs["difference"], first - second, atol=1e-4)
    others = pairs[[pair not in COMPARED for pair in zip(pairs["system"], pairs["other"], strict=True)]]
    assert not set(others["system"]) & set(TABLE_2)
    assert (others.groupby("table")["system"].nunique() == 1).all(), "the best of each table alone"
