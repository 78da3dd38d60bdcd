"""Kinds of work that a job can ask for, and what passes between the work and the process that runs it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from mfm_core.files.writing import write_whole
from mfm_core.jobs.state import State, Wanted, Wish
from mfm_core.jobs.store import REPORTS, STATE, WISH, Job

Outcome = Literal["finished", "paused", "stopped"]
EVERY = 0.3
"""Seconds between two looks at what is wanted, and between two writings of the state."""
OWN_KINDS = ("mfm_core.lab.training", "mfm_core.experiments.small_table")
"""Modules that enter the project's kinds of work."""


class Control:
    """Hand of a piece of work on its job: it tells how far it is, and asks whether to go on.

    Args:
        job: The job.
        state: Its state as the work begins.
    """

    def __init__(self, job: Job, state: State) -> None:
        self.folder, self.state = job.folder, state
        self._before, self._started = state.seconds, time.monotonic()
        self._written = self._asked = -EVERY
        self._wanted: Wanted = job.wish.wanted

    @property
    def seconds(self) -> float:
        """How long the job was worked on, in this process and in those before it."""
        return self._before + time.monotonic() - self._started

    @property
    def wanted(self) -> Wanted:
        """Wish of its owner now; a job whose folder is gone is to stop."""
        if time.monotonic() - self._asked >= EVERY:
            self._asked = time.monotonic()
            try:
                self._wanted = Wish.read(self.folder / WISH).wanted
            except FileNotFoundError:
                self._wanted = "stop"
        return self._wanted

    def progress(
        self,
        done: int,
        total: int,
        *,
        message: str = "",
        unit: str = "steps",
        seconds_left: float | None = None,
        at_once: bool = False,
    ) -> None:
        """Tell how far the work is; what comes too soon after the last is not written, unless ``at_once``."""
        if not at_once and time.monotonic() - self._written < EVERY:
            return
        self._written = time.monotonic()
        told = {"done": done, "total": total, "unit": unit, "message": message[:2_000], "seconds_left": seconds_left}
        self.write(told | {"seconds": self.seconds})

    def write(self, changes: dict[str, object]) -> None:
        """Write the state with some fields changed."""
        self.state = State.model_validate(self.state.model_dump() | changes)
        write_whole(self.folder / STATE, self.state.model_dump_json())

    def report(self, step: int, figures: dict[str, JsonValue]) -> None:
        """Add a line to the job's reports."""
        with (self.folder / REPORTS).open("ab") as file:
            file.write(b"\n" * (not _ends_whole(self.folder / REPORTS)))  # after a line that a kill cut short
            file.write(json.dumps({"step": step, **figures}).encode() + b"\n")


Work = Callable[[dict[str, JsonValue], Control], Outcome]
_kinds: dict[str, Work] = {}


def register_kind(name: str) -> Callable[[Work], Work]:
    """Enter a kind of work into the registry: a function of a job's settings and a :class:`Control`.

    It goes on where an earlier process left the job's folder, returns how it ended, and raises ValueError with a
    sentence where it cannot be done.
    """

    def enter(work: Work) -> Work:
        _kinds[name] = work
        return work

    return enter


def find_kind(name: str) -> Work:
    """The work of a kind.

    Raises:
        ValueError: If there is none of this name.
    """
    for module in OWN_KINDS:
        import_module(module)
    if name not in _kinds:
        raise ValueError(f"kind: expected one of {', '.join(_kinds)}, got {name!r}")
    return _kinds[name]


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, 2) == 0:
            return True
        file.seek(-1, 2)
        return file.read(1) == b"\n"
