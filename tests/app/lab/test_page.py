"""The page Lab: a run is asked for, shown while it goes on, compared, downloaded, and opened on the other pages."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import mfm_core as mfm
from app.lab.sections.run import packed
from app.lab.view import LabLinks, LabView
from app.shared import job_store
from mfm_core.jobs.runner import run_job
from mfm_core.jobs.store import REQUEST, Job, JobStore
from mfm_core.lab.settings import MODEL

MAIN = str(Path(__file__).parents[3] / "app" / "main.py")
TOKEN = "0123456789abcdef"
TINY = {"steps": 4, "d_y": 3, "d_a": 2, "measured": 100}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a finished run of digits and one of clips."""
    store = JobStore(tmp_path_factory.mktemp("jobs"))
    for data in ("digits8", "shipped_clips"):
        job = store.submit("train", f"tiny {data}", {**TINY, "data": data}, TOKEN)
        run_job(job)
        assert store.job(job.id).status == "finished", store.job(job.id).state
    return store.folder


@pytest.fixture
def jobs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Job, ...]]:
    monkeypatch.setenv("MFM_JOBS", str(folder))
    yield tuple(JobStore(folder).jobs()[:2])
    job_store.runner().close()


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobStore]:
    """A store without jobs, on which no process works."""
    monkeypatch.setenv("MFM_JOBS", str(tmp_path / "jobs"))
    monkeypatch.setattr(job_store, "start_runner", lambda store: None)
    yield JobStore(tmp_path / "jobs")
    job_store.runner().close()


def visit(page: str = "lab", **params: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=120).run()
    app.switch_page(f"{page}/page.py")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def said(app: AppTest) -> str:
    parts = [*app.markdown, *app.info, *app.warning, *app.caption]
    return " ".join(str(part.value) for part in parts)


def test_a_run_is_asked_for_and_waits_and_its_link_leads_back(empty: JobStore) -> None:
    app = visit()
    app.number_input(key="view_weight").set_value(7).run()
    app.button(key="start_run").click().run()
    (job,) = empty.jobs()
    assert (job.status, job.request.settings["mmd"]) == ("queued", 7)
    link = dict(app.query_params)
    assert link["job"] == job.id
    assert job.of(link["mine"])
    again = visit(**link)
    assert "It is next." in said(again)
    again.button(key="start_run").click().run()
    assert "one at a time" in said(again)
    again.button(key=f"stop_{job.id}").click().run()
    assert empty.job(job.id).status == "stopped"


def test_another_visitor_sees_a_run_but_cannot_change_it(jobs: tuple[Job, ...]) -> None:
    app = visit(job=jobs[0].id)
    assert not [button for button in app.button if button.key and button.key.startswith(("keep", "stop", "pause"))]
    own = visit(job=jobs[0].id, mine=TOKEN)
    own.button(key=f"keep_{jobs[0].id}").click().run()
    store = job_store.job_store()
    assert store.job(jobs[0].id).wish.kept
    store.keep(jobs[0].id, kept=False)


def test_a_finished_run_shows_its_charts_pictures_and_figures(jobs: tuple[Job, ...]) -> None:
    app = visit(job=jobs[0].id, beside=jobs[1].id)
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    titles = " ".join(spec["layout"].get("title", {}).get("text", "") for spec in specs)
    for part in ("Does it factorize?", "Map of held-out codes", "Cost", "what the judge reads"):
        assert part in titles
    lines = next(spec for spec in specs if "factorize" in spec["layout"]["title"]["text"])["data"]
    assert {line["name"] for line in lines} == {
        f"{name}: {what}"
        for name in ("Plain", "Colour")
        for what in ("swap follows Z<sub>y</sub>", "read from Z<sub>a</sub>")
    }
    table = app.dataframe[-1].value
    assert len(table.columns) == 3
    assert any("swap accuracy plain" in str(name) for name in table["figure"])


def test_a_run_that_was_too_short_says_so(jobs: tuple[Job, ...]) -> None:
    job = jobs[0]
    timed = job.request.model_copy(update={"settings": {**job.request.settings, "steps": None, "minutes": 1.0}})
    path = job.folder / REQUEST
    before = path.read_text()
    path.write_text(timed.model_dump_json())
    try:
        told = said(visit(job=job.id))
    finally:
        path.write_text(before)
    assert "After 4 steps swapped samples follow their" in told
    assert "some 8 steps" in told
    assert "too short" not in said(visit(job=job.id)), "its steps were asked for, not its minutes"


def test_the_download_is_what_load_pretrained_reads(jobs: tuple[Job, ...], tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(packed(jobs[0].folder / MODEL))) as archive:
        assert {Path(name).suffix for name in archive.namelist()} == {".json", ".safetensors", ".md"}
        archive.extractall(tmp_path)
    assert mfm.load_pretrained(tmp_path / jobs[0].id).modalities == ("plain", "colour")


@pytest.mark.parametrize("section", ["sample", "swap", "slide", "read", "translate"])
def test_generate_opens_a_run_by_link(jobs: tuple[Job, ...], section: str) -> None:
    app = visit("generate", lab=jobs[0].id, section=section)
    assert f"lab_{jobs[0].id}" in "".join(one.value for one in app.sidebar.markdown)
    assert app.query_params["lab"] == jobs[0].id
    assert "not here any more" not in said(app)


def test_the_other_pages_open_a_run_by_link(jobs: tuple[Job, ...]) -> None:
    images, clips = (f"lab_{job.id}" for job in jobs)
    assert images in "".join(one.value for one in visit("about", model=images).sidebar.markdown)
    assert clips in "".join(one.value for one in visit("flow", model=clips).sidebar.markdown)
    assert "lab " in "".join(one.value for one in visit("dependency", models=clips).sidebar.markdown)


def test_a_link_to_what_is_gone_says_so(empty: JobStore) -> None:
    assert "not here any more" in said(visit(job="0" * 12))
    assert "not here any more" in said(visit("generate", lab="0" * 12))
    assert visit(job="../../etc/passwd").warning


def test_an_upload_is_checked_before_a_run_is_asked_for(empty: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(data="upload")
    assert "at most 4 MB" in "".join(str(one.proto.body) for one in app.get("html"))
    app.button(key="start_run").click().run()
    assert "Choose a file first" in said(app)
    assert not empty.jobs()
    rng, buffer = np.random.default_rng(0), io.BytesIO()
    np.savez(buffer, left=rng.random((80, 1, 8, 8)), right=rng.random((80, 3, 8, 8)), labels=np.arange(80) % 4)
    for content, taken in ((buffer.getvalue()[:500], False), (buffer.getvalue(), True)):
        app.get("file_uploader")[0].upload("own.npz", content, "application/zip").run()
        app.button(key="start_run").click().run()
        assert not app.exception
        assert bool(empty.jobs()) == taken


def test_a_disk_that_cannot_be_written_is_told(empty: JobStore, tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("a file where the folder should be")
    app = visit()
    app.button(key="start_run").click().run()
    assert "The server cannot keep jobs now" in said(app)
    (tmp_path / "jobs").unlink()
    app.button(key="start_run").click().run()
    assert len(empty.jobs()) == 1


LINKS = LabLinks(("digits8", "upload"))


@pytest.mark.parametrize(
    "view", [LabView(), LabView(job="a" * 12, weight=0, terms="none", d_y=2, seed=9, data="upload")]
)
def test_a_link_brings_the_view_back(view: LabView) -> None:
    assert LINKS.parse(LINKS.link(view)) == (view, [])


def test_a_wrong_link_is_put_right() -> None:
    view, notices = LINKS.parse({"job": "<b>", "minutes": "99", "terms": "flow.magic", "data": "pom", "x": "1"})
    assert (view.job, view.minutes, view.terms, view.data) == ("", 10, "flow", "digits8")
    assert len(notices) == 5
