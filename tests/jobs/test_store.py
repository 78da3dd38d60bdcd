"""The store of jobs: files whole or not at all, an order that no clock changes, bounded and fair."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mfm_core.jobs.store as store_module
from mfm_core.jobs.runner import run_job
from mfm_core.jobs.state import State, Wish, runnable, status_of
from mfm_core.jobs.store import REPORTS, STATE, Bounds, JobStore, RefusedError, read_reports
from tests.jobs import stub  # noqa: F401 - enters its kinds of work


def ended(store: JobStore, token: str, **settings: object) -> str:
    job = store.submit("count", "a count", {"to": 1, **settings}, token)
    run_job(store.job(job.id))
    return job.id


def test_a_job_is_done_with_its_reports(store: JobStore) -> None:
    name = ended(store, "anna", to=3)
    job = store.job(name)
    assert job.status == "finished"
    assert job.state is not None
    assert (job.state.done, job.state.total) == (3, 3)
    assert [report["square"] for report in job.reports()] == [1, 4, 9]


def test_jobs_are_in_the_order_asked_for_whatever_the_clock_says(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    for token, now in (("anna", 2e9), ("ben", 1.0), ("cleo", 5e9)):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        names.append(store.submit("count", token, {"to": 1}, token).id)
        os.utime(store.folder / names[-1], (now, now))
    assert [job.id for job in store.queue()] == names
    assert [store.place(name) for name in names] == [0, 1, 2]


def test_one_job_a_visitor_waits_and_the_queue_is_bounded(tmp_path: Path) -> None:
    store = JobStore(tmp_path / "jobs", Bounds(waiting=2))
    store.submit("count", "first", {"to": 1}, "anna")
    with pytest.raises(RefusedError, match="one at a time"):
        store.submit("count", "second", {"to": 1}, "anna")
    store.submit("count", "first", {"to": 1}, "ben")
    with pytest.raises(RefusedError, match="2 jobs wait already"):
        store.submit("count", "first", {"to": 1}, "cleo")


def test_old_jobs_are_deleted_but_not_kept_nor_waiting_ones(tmp_path: Path) -> None:
    store = JobStore(tmp_path / "jobs", Bounds(jobs=3, kept=2, kept_by_owner=1))
    kept = ended(store, "anna")
    store.keep(kept)
    waiting = store.submit("count", "waits", {"to": 1}, "ben").id
    old = ended(store, "cleo")
    new = ended(store, "cleo")
    assert {job.id for job in store.jobs()} == {kept, waiting, new}
    assert not (store.folder / old).exists()
    with pytest.raises(RefusedError, match="At most 1 of yours"):
        store.keep(ended(store, "anna"))


def test_a_token_is_known_but_not_stored(store: JobStore) -> None:
    name = ended(store, "a-secret-token")
    assert store.job(name).of("a-secret-token")
    assert not store.job(name).of("another")
    assert not store.job(name).of("")
    assert not any(b"a-secret-token" in path.read_bytes() for path in store.folder.rglob("*") if path.is_file())


def test_pause_stop_and_resume_before_it_begins(store: JobStore) -> None:
    name = store.submit("count", "a", {"to": 1}, "anna").id
    store.want(name, "pause")
    assert (store.job(name).status, store.queue()) == ("paused", [])
    other = store.submit("count", "b", {"to": 1}, "ben").id
    store.want(name, "run")
    assert [job.id for job in store.queue()] == [other, name], "who comes back waits behind the others"
    store.want(name, "stop")
    assert store.job(name).status == "stopped"


def test_what_cannot_be_done_fails_with_its_sentence_and_can_be_tried_again(store: JobStore) -> None:
    name = ended(store, "anna", fails=True)
    job = store.job(name)
    assert job.state is not None
    assert (job.status, job.state.message) == ("failed", "it cannot be counted")
    store.want(name, "run")
    assert store.job(name).status == "queued"
    unknown = store.submit("nothing", "a", {}, "ben").id
    run_job(store.job(unknown))
    assert "kind: expected one of" in (store.job(unknown).state or State(status="failed", turn=0)).message


def test_a_line_cut_short_and_steps_done_again_do_not_hurt(tmp_path: Path) -> None:
    path = tmp_path / REPORTS
    path.write_bytes(b'{"step": 1, "a": 1}\n{"step": 2, "a": 2}\n{"step": 3, "a"\n{"step": 2, "a": 9}\n[1]\n')
    assert read_reports(path) == [{"step": 1, "a": 1}, {"step": 2, "a": 9}]
    assert read_reports(tmp_path / "none") == []


def test_a_report_after_a_cut_line_begins_a_line_of_its_own(store: JobStore) -> None:
    job = store.submit("count", "a", {"to": 2}, "anna")
    (job.folder / REPORTS).write_bytes(b'{"step": 1, "squ')
    run_job(store.job(job.id))
    assert [report["step"] for report in store.job(job.id).reports()] == [1, 2]


def test_a_full_disk_takes_no_job_and_leaves_nothing(store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    ended(store, "anna")
    before = {job.id for job in store.jobs()}

    def full(self: Path, *_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="No space left"):
            store.submit("count", "a", {"to": 1}, "ben")
    assert {job.id for job in store.jobs()} == before
    assert not list(store.folder.glob(".*"))
    assert ended(store, "ben")


@pytest.mark.parametrize("damage", [b"", b"{", b'{"status": "running"}', b"\xff\xfe"])
def test_damaged_files_are_no_crash(store: JobStore, damage: bytes) -> None:
    name = ended(store, "anna")
    (store.folder / name / STATE).write_bytes(damage)
    assert store.job(name).status == "queued", "without a state it is as if it had not begun"
    (store.folder / name / store_module.REQUEST).write_bytes(damage)
    assert store.jobs() == []
    with pytest.raises(KeyError):
        store.job(name)
    for strange in ("../../etc", "", "0" * 13, "runner.lock"):
        with pytest.raises(KeyError):
            store.job(strange)


@given(
    wanted=st.sampled_from(["run", "pause", "stop"]),
    turn=st.integers(1, 3),
    state=st.none()
    | st.builds(
        State,
        status=st.sampled_from(["running", "paused", "stopped", "finished", "failed"]),
        turn=st.integers(1, 3),
    ),
    at_work=st.booleans(),
)
def test_what_is_queued_is_what_will_be_run(wanted: str, turn: int, state: State | None, at_work: bool) -> None:
    wish = Wish(wanted=wanted, turn=turn)
    status = status_of(wish, state, at_work=at_work)
    assert runnable(wish, state) == (status in ("queued", "running", "interrupted"))
