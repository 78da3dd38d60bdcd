from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from app.shared import jobs
from app.shared.jobs import Job, JobQueue, StoppedError

Progress = Callable[[float], None]
WAIT = 10


def test_work_is_done_once_for_all_who_ask() -> None:
    queue, times = JobQueue(), []

    def make(progress: Progress) -> int:
        times.append(1)
        progress(0.5)
        return 7

    jobs = [queue.ask("seven", make, session) for session in ("one", "two", "one")]
    assert jobs[0].over.wait(WAIT)
    assert {id(job) for job in jobs} == {id(jobs[0])}
    assert jobs[0].result == 7
    assert queue.ask("seven", make, "three").result == 7
    assert times == [1]


def test_work_stops_when_the_last_who_waits_leaves_and_begins_anew_when_asked_again() -> None:
    queue, begun, go_on = JobQueue(), threading.Event(), threading.Event()

    def make(progress: Progress) -> str:
        begun.set()
        assert go_on.wait(WAIT)
        progress(0.9)
        return "done"

    job = queue.ask("long", make, "one")
    queue.ask("long", make, "two")
    assert begun.wait(WAIT)
    queue.leave("long", "one")
    assert not job.stop.is_set()
    queue.leave("long", "two")
    assert job.stop.is_set()
    go_on.set()
    assert job.over.wait(WAIT)
    assert job.result is None
    again = queue.ask("long", make, "one")
    assert again.over.wait(WAIT)
    assert again.result == "done"


def test_results_that_hold_too_much_and_sessions_that_are_served_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MOST_BYTES", 2_500)
    queue = JobQueue()
    for place in range(6):
        job = queue.ask(str(place), lambda _: bytes(1_000), f"session {place}")
        assert job.over.wait(WAIT)
    assert job.held > 1_000
    assert not job.waiting
    made: list[str] = []
    for place in (5, 4, 0):
        again = queue.ask(str(place), lambda _, place=place: made.append(str(place)), "late")
        assert again.over.wait(WAIT)
        assert not again.waiting
    assert made == ["0"]


def test_pieces_of_work_are_done_one_after_the_other() -> None:
    queue, lock, most = JobQueue(), threading.Lock(), []
    running: list[int] = []

    def make(progress: Progress) -> None:
        with lock:
            running.append(1)
            most.append(len(running))
        progress(0.5)
        with lock:
            running.pop()

    jobs = [queue.ask(str(i), make, "one") for i in range(8)]
    assert all(job.over.wait(WAIT) for job in jobs)
    assert max(most) == 1


def test_first_pieces_come_first_work_of_closed_pages_last_and_who_waits_is_told_how_many_are_before() -> None:
    queue, go_on, begun, done = JobQueue(), threading.Event(), threading.Event(), list[str]()
    open_pages = {"reader", "class", "late"}

    def ask(name: str, session: str) -> Job:
        def make(progress: Progress) -> None:
            begun.set()
            assert go_on.wait(WAIT)
            done.append(name)

        return queue.ask(name, make, session, lambda: session in open_pages)

    asked = [ask("first", "reader")]
    assert begun.wait(WAIT)
    asked += [ask("second", "reader"), ask("third", "reader"), ask("closed", "gone"), ask("lesson", "class")]
    assert [queue.before(job) for job in asked] == [0, 2, 3, 4, 1]
    asked.append(ask("another lesson", "late"))
    assert queue.before(asked[-1]) == 2
    queue.leave("third", "reader")
    go_on.set()
    assert all(job.over.wait(WAIT) for job in asked)
    assert done == ["first", "lesson", "another lesson", "second", "closed"]


def test_work_whose_page_was_closed_is_stopped_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "GRACE", 0.0)
    open_pages = ["page"]

    def make(progress: Progress) -> str:
        progress(0.5)
        open_pages.clear()
        for _ in range(10_000):
            progress(0.6)
        return "done for nobody"

    job = JobQueue().ask("long", make, "page", lambda: bool(open_pages))
    assert job.over.wait(WAIT)
    assert job.stop.is_set()
    assert job.result is None


@pytest.mark.parametrize(("error", "said"), [(ValueError("n: too few"), "n: too few"), (OSError("/secret"), "OSError")])
def test_a_failure_is_told_without_what_is_no_business_of_visitors(error: Exception, said: str) -> None:
    def make(progress: Progress) -> None:
        raise error

    job = JobQueue().ask("fails", make, "one")
    assert job.over.wait(WAIT)
    assert job.error is not None
    assert said in job.error
    assert "/secret" not in job.error


def test_progress_is_kept_between_nothing_and_all_and_ends_stopped_work() -> None:
    job = Job()
    job.progress(1.7)
    assert job.share == 1.0
    job.progress(-1)
    assert job.share == 0.0
    job.stop.set()
    with pytest.raises(StoppedError):
        job.progress(0.5)
