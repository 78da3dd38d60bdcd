"""Small tables as jobs: cells one by one, cancelled between them, gone on with after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from mfm_core.experiments.cells import read_cells
from mfm_core.experiments.results import read_comparisons
from mfm_core.experiments.small_table import TABLE, results_of
from mfm_core.jobs.kinds import Control
from mfm_core.jobs.runner import run_job, start_runner
from mfm_core.jobs.store import Job, JobStore
from tests.experiments import stub  # noqa: F401 - enters its system and its data set
from tests.jobs.test_runner import until

SETTINGS = {"dataset": "stub_data", "systems": ["stub", "majority"], "seeds": 2, "imports": ["tests.experiments.stub"]}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobStore:
    monkeypatch.setenv("STUB_LOG", str(tmp_path / "log.txt"))
    return JobStore(tmp_path / "jobs")


def submitted(store: JobStore, **changes: object) -> Job:
    return store.submit("table", "a table", {**SETTINGS, **changes}, "anna")


def test_every_cell_is_told_and_its_rows_appear(store: JobStore) -> None:
    job = submitted(store)
    run_job(store.job(job.id))
    job = store.job(job.id)
    assert job.status == "finished", job.state
    assert job.state is not None
    assert (job.state.done, job.state.total, job.state.unit) == (4, 4, "cells")
    assert [report["cell"] for report in job.reports()] == ["stub-0", "majority-0", "stub-1", "majority-1"]
    rows = read_comparisons(results_of(job.folder))
    assert set(rows["system"]) == {"stub", "majority"}
    assert set(rows["seeds"]) == {2}


def test_it_is_cancelled_after_the_cell_that_runs_and_gone_on_with(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, told = submitted(store), Control.report

    def cancel(control: Control, step: int, figures: dict) -> None:
        told(control, step, figures)
        control._asked = -10.0  # so that the wish is seen at once
        if step == 1:
            store.want(job.id, "stop")

    with monkeypatch.context() as patched:
        patched.setattr(Control, "report", cancel)
        run_job(store.job(job.id))
    assert store.job(job.id).status == "stopped"
    assert len(read_cells(job.folder / TABLE)) == 1
    store.want(job.id, "run")
    run_job(store.job(job.id))
    assert store.job(job.id).status == "finished"
    assert len(read_cells(job.folder / TABLE)) == 4


def test_a_killed_process_loses_no_finished_cell(
    store: JobStore, processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_SECONDS", "0.4")
    job = submitted(store)
    process = start_runner(store)
    assert process is not None
    processes.append(process)
    until(lambda: len(list((job.folder / TABLE / "cells").glob("*.json"))) >= 1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    cells = {path.name: path.stat().st_mtime_ns for path in (job.folder / TABLE / "cells").glob("*.json")}
    assert store.job(job.id).status == "interrupted"
    monkeypatch.delenv("STUB_SECONDS")
    run_job(store.job(job.id))
    assert store.job(job.id).status == "finished"
    for name, written in cells.items():
        assert (job.folder / TABLE / "cells" / name).stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"systems": []}, "settings: systems: "),
        ({"systems": ["stub", "stub"]}, "settings: systems: expected each once"),
        ({"systems": ["gpt"]}, "got 'gpt'"),
        ({"systems": ["stub_fails"], "seeds": 1}, "stub_fails-0: it cannot be fitted"),
        ({"minutes": 1000}, "settings: minutes: "),
    ],
)
def test_what_cannot_be_computed_is_told_in_a_sentence(store: JobStore, changes: dict, message: str) -> None:
    job = submitted(store, **changes)
    run_job(store.job(job.id))
    state = store.job(job.id).state
    assert state is not None
    assert state.status == "failed"
    assert message in state.message


def test_no_cell_is_begun_after_its_minutes(store: JobStore) -> None:
    job = submitted(store, minutes=1e-6)
    run_job(store.job(job.id))
    assert store.job(job.id).status == "finished"
    assert len(read_cells(job.folder / TABLE)) <= 1
