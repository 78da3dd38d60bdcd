"""Jobs of this server: its store, the process that works on it, and the token by which a visitor owns jobs."""

from __future__ import annotations

import re
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Mapping

import streamlit as st
from pydantic import JsonValue

from app.shared import app_view, prose
from mfm_core.jobs.runner import start_runner
from mfm_core.jobs.state import Wanted
from mfm_core.jobs.store import Job, JobStore, RefusedError, default_folder

REFUSAL = "job_refusal"
COOKIE, VISITOR = "mfm_visitor", re.compile("[0-9a-f]{32}")
"""A random number by which the proxy of ``deploy`` keeps a visitor at one replica, and how it is written."""
START_EVERY = 5.0
"""Seconds between two starts of the process, which may end at once where something is wrong with the server."""


class Runner:
    """Keeps the store's process going while somebody looks at a job that waits."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._tried = -START_EVERY
        self._lock = threading.Lock()

    def ensure(self, store: JobStore) -> None:
        """Start the process if jobs wait and none works on them."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            if time.monotonic() - self._tried < START_EVERY:
                return
            self._tried = time.monotonic()
            self._process = start_runner(store)

    def close(self) -> None:
        """End the process, as a test does; jobs go on from their checkpoints when it is started again."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            self._process, self._tried = None, -START_EVERY


def job_store() -> JobStore:
    """The store of this server."""
    return JobStore(default_folder())


@st.cache_resource
def runner() -> Runner:
    """The keeper of this server's process."""
    return Runner()


def token() -> str:
    """The visitor's token; it stands in their link, and nowhere else. Empty until they have asked for a job."""
    return app_view.seen().mine


def visitor() -> str:
    """A name that tells this visitor's browser from others: the proxy's cookie, else their token, or nothing."""
    given = VISITOR.fullmatch(str(st.context.cookies.get(COOKIE, "")))
    return given[0] if given else token()


def named_visitor() -> str:
    """As ``visitor``, from a callback; a visitor without either is given a token, which a reload keeps."""
    if not visitor():
        app_view.change(mine=secrets.token_hex(8))
    return visitor()


def submit(kind: str, title: str, settings: Mapping[str, JsonValue], files: Mapping[str, bytes] | None = None) -> Job:
    """Ask for a job in the visitor's name, from a callback; their first one gives them a token.

    Raises:
        RefusedError: In a sentence for the visitor.
    """
    try:
        mine = token() or secrets.token_hex(8)
        job = job_store().submit(kind, title, settings, mine, files)
    except OSError as error:
        why = error.strerror or "the disk cannot be written"
        raise RefusedError(f"The server cannot keep jobs now ({why}).") from error
    app_view.change(mine=mine)
    return job


def want(name: str, wanted: Wanted) -> None:
    """Ask that a job runs, pauses or stops, from a callback; see :func:`tell_refusal`."""
    _try(lambda: job_store().want(name, wanted))


def keep(name: str, kept: bool) -> None:
    """Keep a job or let it go, from a callback; see :func:`tell_refusal`."""
    _try(lambda: job_store().keep(name, kept=kept))


def tell_refusal() -> None:
    """Tell why the last thing asked of a job was refused, once, in the part of the page that has its buttons."""
    if reason := st.session_state.pop(REFUSAL, ""):
        st.warning(reason)


def _try(ask: Callable[[], None]) -> None:
    try:
        ask()
    except KeyError:
        st.session_state[REFUSAL] = "This is not here any more."
    except (RefusedError, OSError) as error:
        st.session_state[REFUSAL] = prose.harmless(str(error))
