"""A small table is asked for on the pages Claims and Ablations, goes on without them, and its rows appear."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.shared import job_store
from mfm_core.jobs.runner import run_job
from mfm_core.jobs.store import JobStore

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
    assert rows["system"].tolist() == ["Majority"]
    assert any("majority-0" in str(frame.get("cell", "")) for frame in frames)


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
