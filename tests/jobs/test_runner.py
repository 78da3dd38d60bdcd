"""The process that works on jobs: one at a time, whatever is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mfm_core.cli.app import app
from mfm_core.cli.jobs import jobs_app  # noqa: F401 - enters its commands
from mfm_core.jobs.runner import MAX_DEATHS, run_job, run_jobs
from mfm_core.jobs.state import State
from mfm_core.jobs.store import STATE, JobStore
from tests.jobs import stub  # noqa: F401 - enters its kinds of work
from tests.jobs.conftest import Start


def until(true: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def test_one_process_of_its_own_does_all_jobs_in_turn_and_ends(store: JobStore, start: Start) -> None:
    names = [store.submit("count", token, {"to": 3}, token).id for token in ("anna", "ben")]
    begun = []
    for _ in range(50):  # it holds the lock from birth, long before it has imported anything
        begun += [process for process in [start()] if process is not None]
        time.sleep(0.01)
    (process,) = begun
    assert store.at_work()
    until(lambda: all(store.job(name).status == "finished" for name in names))
    pids = {report["pid"] for name in names for report in store.job(name).reports()}
    assert len(pids) == 1
    assert pids != {os.getpid()}
    assert process.wait(60) == 0
    assert not store.at_work()
    assert start() is None, "there is nothing to do"


def test_a_killed_process_is_seen_and_another_goes_on_from_the_checkpoint(store: JobStore, start: Start) -> None:
    name = store.submit("count", "a", {"to": 12, "seconds": 0.1}, "anna").id
    process = start()
    assert process is not None
    until(lambda: len(store.job(name).reports()) >= 3)
    assert store.job(name).status == "running"
    assert start() is None, "one process a store"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert store.job(name).status == "interrupted"
    counted = int((store.folder / name / "counted").read_text())
    start()
    until(lambda: store.job(name).status == "finished")
    reports = store.job(name).reports()
    assert [report["step"] for report in reports] == list(range(1, 13))
    assert [report["pid"] for report in reports[: counted - 1]] == [reports[0]["pid"]] * (counted - 1)
    assert reports[-1]["pid"] != reports[0]["pid"]
    assert (store.job(name).state).deaths == 1  # type: ignore[union-attr]


def test_a_job_that_kills_its_process_is_given_up_and_the_next_one_runs(store: JobStore, start: Start) -> None:
    bad = store.submit("dies", "a", {}, "anna").id
    died_once = State(status="running", turn=store.job(bad).wish.turn, deaths=MAX_DEATHS - 2)
    (store.folder / bad / STATE).write_text(died_once.model_dump_json())  # a process that died before
    good = store.submit("count", "b", {"to": 1}, "ben").id

    def over() -> bool:
        time.sleep(0.5)
        start()  # as pages do while somebody looks
        return store.job(good).status == "finished"

    until(over, 300)
    job = store.job(bad)
    assert job.state is not None
    assert (job.status, job.state.deaths) == ("failed", MAX_DEATHS)
    assert f"killed {MAX_DEATHS} times" in job.state.message


def test_pause_frees_the_process_for_others_and_resume_goes_on(store: JobStore, start: Start) -> None:
    name = store.submit("count", "a", {"to": 60, "seconds": 0.05}, "anna").id
    start()
    until(lambda: len(store.job(name).reports()) >= 2)
    store.want(name, "pause")
    until(lambda: store.job(name).status == "paused")
    other = store.submit("count", "b", {"to": 1}, "ben").id
    start()
    until(lambda: store.job(other).status == "finished")
    counted = len(store.job(name).reports())
    store.want(name, "run")
    start()
    until(lambda: len(store.job(name).reports()) > counted)
    store.want(name, "stop")
    until(lambda: store.job(name).status == "stopped")
    steps = [report["step"] for report in store.job(name).reports()]
    assert steps == list(range(1, len(steps) + 1))
    assert len(steps) < 60


def test_how_long_a_job_took_does_not_follow_the_clock(store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    job = store.submit("count", "a", {"to": 2, "seconds": 0.05}, "anna")
    days = iter(range(0, 10**9, 10**6))
    monkeypatch.setattr(time, "time", lambda: float(next(days)))
    run_job(store.job(job.id))
    state = store.job(job.id).state
    assert state is not None
    assert 0.09 < state.seconds < 60


def test_a_job_deleted_while_it_runs_ends_quietly(store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    job = store.submit("count", "a", {"to": 3}, "anna")
    found = store.job(job.id)
    for path in job.folder.iterdir():
        path.unlink()
    job.folder.rmdir()
    run_job(found)
    assert run_jobs(store, idle=0) == 0


def test_the_command_line_works_on_a_store_and_lists_it(store: JobStore, tmp_path: Path) -> None:
    runner = CliRunner()
    missing = runner.invoke(app, ["jobs", "run", str(tmp_path / "none")])
    assert (missing.exit_code, "expected a folder of jobs" in missing.output) == (1, True)
    store.submit("count", "a title", {"to": 1}, "anna")
    assert "queued" in runner.invoke(app, ["jobs", "list", str(store.folder)]).output
