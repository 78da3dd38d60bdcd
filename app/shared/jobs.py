"""Long work: done once for all who ask for the same, one piece at a time, with a bar and a way to stop it."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from app.shared import prose
from app.shared.byte_cache import n_bytes

KEPT, MOST_BYTES = 64, 16_000_000
"""Finished pieces of work that are kept, and what their results may hold together."""

AT_ONCE = 0.3
"""Seconds that a page waits before it shows a bar."""

EVERY = 0.5
"""Seconds between two looks at the bar."""

Progress = Callable[[float], None]
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
        waiting: Sessions that wait for it; without any it is stopped.
        held: Bytes of the result.
    """

    share: float = 0.0
    result: Any = None
    error: str | None = None
    over: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    waiting: set[str] = field(default_factory=set)
    held: int = 0

    def progress(self, share: float) -> None:
        """Note how much is done; raises where the work was stopped."""
        if self.stop.is_set():
            raise StoppedError
        self.share = min(max(share, 0.0), 1.0)


class JobQueue:
    """All pieces of work of the server. They are done one after the other, so that pages stay quick beside them."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Semaphore(1)

    def ask(self, key: str, make: Make, session: str) -> Job:
        """The work known by ``key``; it is begun if it is not known, or was stopped."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.stop.is_set():
                job = self._jobs[key] = Job()
                threading.Thread(target=self._do, args=(job, make), daemon=True, name=f"work {key[:40]}").start()
            self._jobs.move_to_end(key)
            self._drop_old()
            if not job.over.is_set():
                job.waiting.add(session)
        return job

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
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                return
            job.waiting.discard(session)
            if not job.waiting and not job.over.is_set():
                job.stop.set()

    def _do(self, job: Job, make: Make) -> None:
        try:
            with self._turn:
                job.progress(0.0)
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
            with self._lock:
                job.over.set()
                job.waiting.clear()


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
    job = job_queue().ask(key, make, _session())
    job.over.wait(0 if quiet else AT_ONCE)
    if not job.over.is_set():
        if not quiet:
            _bar(key, label, job)
        return None
    if job.error is not None:
        st.warning(prose.harmless(job.error))
    return job.result


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
        st.progress(job.share, text=label)
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


def _session() -> str:
    name: str = st.session_state.setdefault("session", uuid.uuid4().hex)
    return name
