"""A store of jobs, and processes that work on it and are ended with the test."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mfm_core.jobs.runner import start_runner
from mfm_core.jobs.store import JobStore

Start = Callable[[], "subprocess.Popen[bytes] | None"]


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path / "jobs")


@pytest.fixture
def start(store: JobStore) -> Iterator[Start]:
    """Start the process of the store as the app does, with the kinds of work of these tests."""
    begun: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes] | None:
        assert len(begun) < 6, "far too many processes"
        process = start_runner(store, ("tests.jobs.stub",))
        if process is not None:
            begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.wait()
