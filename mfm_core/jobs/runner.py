"""Process that works on the jobs of a store, one after the other, and what starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mfm_core.jobs.kinds import Control, find_kind
from mfm_core.jobs.lock import take_lock
from mfm_core.jobs.state import State
from mfm_core.jobs.store import RUNNER, Job, JobStore

MAX_DEATHS = 3
"""Processes that may be killed at one job, or at one cell of a table, before it is given up."""
ROOT = Path(__file__).parents[2]


def run_jobs(store: JobStore, *, idle: float = 2.0, lock: int | None = None) -> int:
    """Work on the jobs of a store until none waits; where another process does so already, do nothing.

    A job that a process died at is gone on with from its checkpoint, at most three times.

    Args:
        store: The store.
        idle: Seconds to wait for another job before ending.
        lock: Descriptor of the store's lock, where who started this process took it; see :func:`take_lock`.

    Returns:
        Number of jobs that were worked on.
    """
    held = take_lock(store.folder / RUNNER) if lock is None else lock
    if held is None:
        return 0
    n_done, idle_since = 0, time.monotonic()
    try:
        while True:
            queue = store.queue()
            if queue:
                run_job(queue[0])
                n_done, idle_since = n_done + 1, time.monotonic()
            elif time.monotonic() - idle_since > idle:
                return n_done
            else:
                time.sleep(0.1)
    finally:
        os.close(held)


def run_job(job: Job) -> None:
    """Work on one job, and write how it ended into its state."""
    before = job.state
    again = before is not None and before.turn == job.wish.turn
    died = before is not None and before.status == "running" and again
    deaths = (before.deaths if before and again else 0) + died
    kept = before.model_dump(include={"done", "total", "unit", "seconds"}) if before else {}
    control = Control(job, State.model_validate({"status": "running", "turn": job.wish.turn, "deaths": deaths} | kept))
    try:
        if deaths >= MAX_DEATHS:
            raise ValueError(f"Its process was killed {MAX_DEATHS} times. What it had is kept: resume to try again.")
        control.write({})
        outcome = find_kind(job.request.kind)(job.request.settings, control)
        control.write({"status": outcome, "seconds": control.seconds, "seconds_left": None, "message": ""})
    except Exception as error:
        message = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        try:
            control.write({"status": "failed", "seconds": control.seconds, "message": message[:2_000]})
        except OSError:
            if job.folder.is_dir():  # deleted while it ran, else the disk is full and its state cannot be told
                raise


def start_runner(store: JobStore, imports: Sequence[str] = ()) -> subprocess.Popen[bytes] | None:
    """Start a process that works on the jobs of a store, if some wait and none does already.

    It is a process of its own, which outlives the one that starts it: a server may be stopped and started meanwhile. It
    holds the lock of the store from birth, so that there is one however many ask for it at once.

    Args:
        store: The store.
        imports: Modules to import first, which enter kinds of work of one's own.

    Returns:
        The process, which the caller has to keep and to poll; None where none was started.
    """
    if not store.queue() or (lock := take_lock(store.folder / RUNNER)) is None:
        return None
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "mfm_core", "jobs", "run", str(store.folder), f"--lock={lock}"]
    try:
        with (store.folder / "runner.log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own command
                [*command, *(f"--imports={name}" for name in imports)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": path},
                pass_fds=(lock,),
                start_new_session=True,
            )
    finally:
        os.close(lock)  # the process has a copy
