"""Long work: done once for all who ask for the same, one piece at a time, with a bar and a way to stop it."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.shared import prose
from app.shared.byte_cache import n_bytes

KEPT, MOST_BYTES = 64, 16_000_000
"""Finished pieces of work that are kept, and what their results may hold together."""

AT_ONCE = 0.3
"""Seconds that a page waits before it shows a bar."""

EVERY = 0.5
"""Seconds between two looks at the bar."""

GRACE = 5.0
"""Seconds for which work goes on although no page that waits for it is open: one that is reloaded is gone for a few."""

Progress = Callable[[float], None]
Present = Callable[[], bool]
Make = Callable[[Progress], Any]


class StoppedError(Exception):
    """The work was stopped."""


@dataclass
class Job:
    """A piece of work.

    Attributes:
        share: How much of it is done, 0 to 1.
        result: What came of it.
        error: Why nothing did, in a sentence for the visitor.
        over: Set when it is done, failed or was stopped.
        waiting: Sessions that wait for it, and whether their page is still open; without any it is stopped.
        begun: Whether it has had its turn.
        held: Bytes of the result.
    """

    share: float = 0.0
    result: Any = None
    error: str | None = None
    over: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    waiting: dict[str, Present] = field(default_factory=dict)
    begun: bool = False
    held: int = 0
    _gone: float | None = None

    def progress(self, share: float) -> None:
        """Note how much is done; raises where the work was stopped, or all who waited for it have closed their page."""
        if self.wanted():
            self._gone = None
        elif self._gone is None:
            self._gone = time.monotonic()
        elif time.monotonic() - self._gone > GRACE:
            self.stop.set()
        if self.stop.is_set():
            raise StoppedError
        self.share = min(max(share, 0.0), 1.0)

    def wanted(self) -> bool:
        """Whether a page is open that waits for it."""
        return any(present() for present in list(self.waiting.values()))


class JobQueue:
    """All pieces of work of the server. They are done one after the other, so that pages stay quick beside them.

    Who had least of it comes first, so that the first piece of one session comes before the second of another, and what
    no open page waits for comes last.
    """

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._line: list[Job] = []
        self._served: Counter[str] = Counter()  # pieces begun of each session, since there was nothing to do
        self._changed = threading.Condition()

    def ask(self, key: str, make: Make, session: str, present: Present = lambda: True) -> Job:
        """The work known by ``key``; it is begun if it is not known, or was stopped.

        Args:
            key: What tells this work from every other.
            make: Does it.
            session: Who waits for it.
            present: Whether the page of that session is still open.
        """
        with self._changed:
            job = self._jobs.get(key)
            if job is None or job.stop.is_set():
                job = self._jobs[key] = Job()
                self._line.append(job)
                threading.Thread(target=self._do, args=(job, make), daemon=True, name=f"work {key[:40]}").start()
            self._jobs.move_to_end(key)
            self._drop_old()
            if not job.over.is_set():
                job.waiting[session] = present
        return job

    def before(self, job: Job) -> int:
        """How many pieces of work are done before a piece begins; 0 once it has begun."""
        with self._changed:
            return 0 if job.begun or job not in self._line else self._order().index(job)

    def line(self) -> list[Job]:
        """The pieces of work that are under way or wait, in the order in which they are done."""
        with self._changed:
            return [job for job in self._order() if not job.stop.is_set()]

    def _order(self) -> list[Job]:
        """The pieces of work in the order in which they are done, that under way in front."""
        had, ranked = self._served.copy(), []
        for place, job in enumerate(self._line):
            rank = min((had[session] for session in job.waiting), default=0)
            if not job.begun:
                had.update(job.waiting.keys())
            ranked.append(((not job.begun, not job.wanted(), rank, place), job))
        return [job for _, job in sorted(ranked, key=lambda one: one[0])]

    def _drop_old(self) -> None:
        """Let go of finished work that was asked for longest ago, so that the rest is no more than may be kept."""
        held = 0
        finished = [(name, one) for name, one in reversed(self._jobs.items()) if one.over.is_set()]
        for place, (name, one) in enumerate(finished):
            held += one.held
            if place and (place >= KEPT or held > MOST_BYTES):
                del self._jobs[name]

    def leave(self, key: str, session: str) -> None:
        """A session no longer waits; the work is stopped where nobody does."""
        with self._changed:
            job = self._jobs.get(key)
            if job is None:
                return
            job.waiting.pop(session, None)
            if not job.waiting and not job.over.is_set():
                job.stop.set()
                self._changed.notify_all()

    def _wait_for_turn(self, job: Job) -> None:
        """Wait until all that comes before is done; raises where the work is stopped before."""
        with self._changed:
            while not job.stop.is_set() and self._order()[0] is not job:
                self._changed.wait(EVERY)  # a page may be closed meanwhile, of which nobody tells
            job.begun = not job.stop.is_set()
            self._served.update(job.waiting.keys())
        job.progress(0.0)

    def _do(self, job: Job, make: Make) -> None:
        try:
            self._wait_for_turn(job)
            job.result = make(job.progress)
            job.held = n_bytes(job.result)
        except StoppedError:
            job.stop.set()
        except ValueError as error:
            job.error = str(error)
        except Exception as error:  # a thread has nobody to tell but the page and the log
            logging.getLogger(__name__).exception("The work failed.")
            job.error = f"The work failed: {type(error).__name__}."
        finally:
            with self._changed:
                self._line.remove(job)
                if not self._line:
                    self._served.clear()
                job.over.set()
                job.waiting.clear()
                self._changed.notify_all()


@st.cache_resource
def job_queue() -> JobQueue:
    """The queue of this server."""
    return JobQueue()


def result(key: str, label: str, make: Make, *, quiet: bool = False) -> Any:  # noqa: ANN401 - whatever the work makes
    """Result of a piece of work; None while it is done, was stopped or failed, and the page says so.

    Args:
        key: What tells this work from every other.
        label: What is done, for the bar.
        make: Does it; it is given a function to tell the share that is done, which raises to stop it.
        quiet: Whether no bar is shown, because that of other work is.
    """
    if key in _stopped():
        _offer_again(key)
        return None
    _asked().add(key)
    job = job_queue().ask(key, make, _session(), _present())
    job.over.wait(0 if quiet else AT_ONCE)
    if not job.over.is_set():
        if not quiet:
            _bar(key, label, job)
        return None
    if job.error is not None:
        st.warning(prose.harmless(job.error))
    return job.result


def leave_unasked() -> None:
    """Leave the work that the page, now drawn to its end, no longer asks for: of another page, or of other settings."""
    asked = _asked()
    for key in st.session_state.get("asked_before", set()) - asked:
        job_queue().leave(key, _session())
    st.session_state["asked_before"], st.session_state["asked"] = asked, set()


class ProgressSlot:
    """One place on a page for the bars of its work: the first piece under way has its bar there.

    What belongs to settings that were changed since stays on the page, greyed, until the new result is there.
    """

    def __init__(self, name: str) -> None:
        self._place = st.container(key=f"progress_{name}")
        self._name = name
        self._waiting = False

    def latest(self, what: str, key: str, label: str, make: Make) -> tuple[Any, bool]:
        """The result of a piece of work, or until it is there the last one that this session saw in its place.

        Args:
            what: The place on the page that shows it.
            key: What tells this work from every other.
            label: What is done, for the bar.
            make: Does it, see ``result``.

        Returns:
            The result, None where there is none yet, and whether it belongs to other settings than these.
        """
        memory = f"latest_{self._name}_{what}"
        with self._place:
            made = result(key, label, make, quiet=self._waiting)
        if made is None:
            self._waiting = self._waiting or key not in _stopped()
            return st.session_state.get(memory), True
        st.session_state[memory] = made
        return made, False


def grey(key: str) -> None:
    """Grey the container of a key: what it holds belongs to settings that have changed since."""
    st.html(f"<style>.st-key-{key} {{ opacity: 0.4; }}</style>")


@st.fragment(run_every=EVERY)
def _bar(key: str, label: str, job: Job) -> None:
    if job.over.is_set():
        st.rerun()
    left, right = st.columns([6, 1], vertical_alignment="bottom")
    with left:
        before = job_queue().before(job)
        st.progress(job.share, text=f"{label.rstrip(' .…')}. Waiting: {before} before this." if before else label)
    with right:
        if st.button("Cancel", key=f"cancel_{key}"):
            _stopped().add(key)
            job_queue().leave(key, _session())
            st.rerun()


def _offer_again(key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write("Cancelled.")
        st.button("Compute it after all", key=f"again_{key}", on_click=lambda: _stopped().discard(key))


def _stopped() -> set[str]:
    stopped: set[str] = st.session_state.setdefault("stopped", set())
    return stopped


def _asked() -> set[str]:
    """Keys of the work that this run of the page has asked for."""
    asked: set[str] = st.session_state.setdefault("asked", set())
    return asked


def _present() -> Present:
    """Whether the page of this session is still open in a browser; yes where no server knows."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None or not runtime.exists():
        return lambda: True
    server, session = runtime.get_instance(), context.session_id
    return lambda: server.is_active_session(session)


def _session() -> str:
    name: str = st.session_state.setdefault("session", uuid.uuid4().hex)
    return name
