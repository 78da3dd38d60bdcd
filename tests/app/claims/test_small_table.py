"""A small table is asked for on the pages Claims and Ablations, goes on without them, and its rows appear."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.claims.small_table import elapsed
from app.shared import job_store
from mfm_core.experiments.results import read_comparisons
from mfm_core.experiments.small_table import results_of
from mfm_core.jobs.runner import run_job
from mfm_core.jobs.state import State
from mfm_core.jobs.store import STATE, JobStore

MAIN = str(Path(__file__).parents[3] / "app" / "main.py")


@pytest.fixture
def store(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobStore]:
    """A store on which no process works; the test does."""
    monkeypatch.setenv("MFM_PRETRAINED", str(models))
    monkeypatch.setenv("MFM_DATA", str(tmp_path))
    monkeypatch.setenv("MFM_JOBS", str(tmp_path / "jobs"))
    monkeypatch.setattr(job_store, "start_runner", lambda store: None)
    yield JobStore(tmp_path / "jobs")
    job_store.runner().close()


def visit(page: str, **params: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=120).run()
    app.switch_page(f"{page}/page.py")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


@pytest.mark.parametrize("page", ["claims", "ablations"])
def test_a_table_is_asked_for_followed_and_its_rows_appear(store: JobStore, page: str) -> None:
    params = {"section": "systems"} if page == "claims" else {}
    app = visit(page, **params)
    app.multiselect(key="table_of_image").set_value(["majority"]).run()
    app.button(key="start_table").click().run()
    assert not app.exception, app.exception
    (job,) = store.jobs()
    assert (job.status, job.request.settings["systems"]) == ("queued", ["majority"])
    link = dict(app.query_params)
    assert job.of(link["mine"])
    run_job(store.job(job.id))
    assert store.job(job.id).status == "finished", store.job(job.id).state
    again = visit(page, **link)
    frames = [frame.value for frame in again.dataframe]
    rows = next(frame for frame in frames if next(iter(frame.columns)) == "system" and len(frame) == 1)
    assert rows[["system", "seeds"]].to_numpy().tolist() == [["Majority", "1 seed"]]
    n = read_comparisons(results_of(job.folder))["n"].iloc[0]
    assert [str(name).endswith(f"(n = {n:,})") for name in rows.columns[2:]] == [True] * (len(rows.columns) - 2)
    assert any("majority-0" in str(frame.get("cell", "")) for frame in frames)


def test_how_long_it_takes_is_told_while_a_cell_is_computed(store: JobStore) -> None:
    table = {"dataset": "digits8", "systems": ["majority"], "train_samples": 40}
    job = store.submit("table", "tiny", table, "0123456789abcdef")
    assert elapsed(job, 0.0) == "not begun"
    state = State(status="running", turn=job.wish.turn, seconds=30.0)
    (job.folder / STATE).write_text(state.model_dump_json())
    os.utime(job.folder / STATE, (1_000.0, 1_000.0))
    assert elapsed(replace(job, state=state, status="running"), 1_012.0) == "42 s so far"
    assert elapsed(replace(job, state=state, status="running"), 990.0) == "30 s so far", "a clock was set back"
    assert elapsed(replace(job, state=state, status="paused"), 5_000.0) == "30 s so far"


def test_the_numbers_that_are_taken_stand_at_their_fields(store: JobStore) -> None:
    labels = [field.label for field in visit("claims", section="systems").number_input]
    assert labels == ["Seeds, 1 to 5", "Training samples, 40 to 2,000", "Minutes, 1 to 30"]


def test_a_table_is_cancelled_and_gone_on_with(store: JobStore) -> None:
    app = visit("claims", section="systems")
    app.multiselect(key="table_of_image").set_value(["majority"]).run()
    app.button(key="start_table").click().run()
    (job,) = store.jobs()
    app.button(key=f"cancel_{job.id}").click().run()
    assert store.job(job.id).status == "stopped"
    app.run()
    app.button(key=f"resume_{job.id}").click().run()
    assert store.job(job.id).status == "queued"


def test_no_system_is_told_in_a_sentence(store: JobStore) -> None:
    app = visit("claims", section="systems")
    app.multiselect(key="table_of_image").set_value([]).run()
    app.button(key="start_table").click().run()
    assert any("systems" in str(warning.value) for warning in app.warning)
    assert not store.jobs()
