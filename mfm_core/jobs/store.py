"""Store of jobs: a folder with a folder for each, whose small files are written whole or not at all.

``request.json`` and ``wish.json`` are written by who asks, ``state.json`` by the one process that works (see
:mod:`mfm_core.jobs.runner`), so that no file has two writers. Nothing depends on the time of day: jobs are in the order
in which they were asked for, which is counted, and how long a job took is measured by a clock that nobody can set.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pooch
from filelock import FileLock
from pydantic import JsonValue

from mfm_core.config import Config
from mfm_core.files.writing import write_whole
from mfm_core.jobs.lock import is_locked
from mfm_core.jobs.state import ENDED, WAITING, Request, State, Status, Wanted, Wish, owner_of, runnable, status_of

REQUEST, WISH, STATE, REPORTS = "request.json", "wish.json", "state.json", "reports.jsonl"
RUNNER = "runner.lock"
MAX_REPORT_BYTES = 8_000_000
C = TypeVar("C", bound=Config)


class RefusedError(ValueError):
    """A job was not taken; the message is a sentence for who asked."""


@dataclass(frozen=True)
class Bounds:
    """How much a store holds.

    Attributes:
        waiting: Jobs that run or wait, at most.
        jobs: Jobs in all: when a new one comes, the oldest that nobody keeps are deleted.
        kept: Jobs of them that may be kept.
        kept_by_owner: Of one owner.
    """

    waiting: int = 12
    jobs: int = 40
    kept: int = 16
    kept_by_owner: int = 3


@dataclass(frozen=True)
class Job:
    """A job as it is now.

    Attributes:
        id: Its name in the store.
        folder: Where its files are.
        request: What was asked for.
        wish: What is wanted of it now.
        state: What the process that works on it says; None where none has begun.
        status: As people see it.
    """

    id: str
    folder: Path
    request: Request
    wish: Wish
    state: State | None
    status: Status

    def of(self, token: str) -> bool:
        """Whether a token is that of who asked for it."""
        return bool(token) and secrets.compare_digest(owner_of(token), self.request.owner)

    def reports(self) -> list[dict[str, JsonValue]]:
        """Reports of the work, in order of ``step``; see :func:`read_reports`."""
        return read_reports(self.folder / REPORTS)


class JobStore:
    """A folder of jobs, safe to use from many threads and processes.

    Args:
        folder: Where; made when the first job comes.
        bounds: How much it holds.
    """

    def __init__(self, folder: Path, bounds: Bounds | None = None) -> None:
        self.folder, self.bounds = folder.absolute(), bounds or Bounds()

    def submit(
        self,
        kind: str,
        title: str,
        settings: Mapping[str, JsonValue],
        token: str,
        files: Mapping[str, bytes] | None = None,
    ) -> Job:
        """Ask for a job.

        Args:
            kind: Which kind of work.
            title: A short name for people.
            settings: Settings of the kind of work, checked by the caller.
            token: The secret of who asks, by which they may change it later.
            files: Files that the work reads, by name, written into the job's folder.

        Raises:
            RefusedError: If the owner has a job that waits or runs already, or too many wait.
            OSError: If the disk is full or cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "submit.lock", timeout=30):
            jobs = self.jobs()
            waiting = [job for job in jobs if job.status in WAITING]
            if any(job.of(token) for job in waiting):
                raise RefusedError("You have a job that waits or runs already: one at a time, so others get a turn.")
            if len(waiting) >= self.bounds.waiting:
                raise RefusedError(f"{len(waiting)} jobs wait already, which is the most; try again later.")
            self._make_room(jobs)
            request = Request(kind=kind, title=title[:80], owner=owner_of(token), settings=dict(settings))
            name = secrets.token_hex(6)
            unfinished = self.folder / f".{name}"
            try:
                unfinished.mkdir()
                for file, content in (files or {}).items():
                    (unfinished / file).write_bytes(content)
                (unfinished / REQUEST).write_text(request.model_dump_json(), encoding="utf-8")
                (unfinished / WISH).write_text(Wish(turn=_next_turn(jobs)).model_dump_json(), encoding="utf-8")
                unfinished.replace(self.folder / name)
            except OSError:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
        return self.job(name)

    def want(self, name: str, wanted: Wanted) -> None:
        """Ask that a job runs (again), pauses, or stops with what it has; one that is asked to run waits its turn.

        Raises:
            KeyError: If there is no such job.
            RefusedError: If its owner has another job that waits or runs.
        """
        with FileLock(self.folder / "submit.lock", timeout=30):
            job = self.job(name)
            wish: dict[str, object] = {"wanted": wanted}
            if wanted == "run" and job.status not in WAITING:
                jobs = self.jobs()
                if any(one.status in WAITING and one.request.owner == job.request.owner for one in jobs):
                    raise RefusedError("You have a job that waits or runs already: one at a time.")
                wish |= {"turn": _next_turn(jobs)}
            write_whole(job.folder / WISH, job.wish.model_copy(update=wish).model_dump_json())

    def keep(self, name: str, *, kept: bool = True) -> None:
        """Keep a job when old ones are deleted, or no longer.

        Raises:
            KeyError: If there is no such job.
            RefusedError: If too many are kept.
        """
        with FileLock(self.folder / "submit.lock", timeout=30):
            job = self.job(name)
            others = [one for one in self.jobs() if one.wish.kept and one.id != name]
            own = [one for one in others if one.request.owner == job.request.owner]
            if kept and (len(others) >= self.bounds.kept or len(own) >= self.bounds.kept_by_owner):
                raise RefusedError(
                    f"At most {self.bounds.kept_by_owner} of yours and {self.bounds.kept} in all are kept; let one go, "
                    "or download the model."
                )
            write_whole(job.folder / WISH, job.wish.model_copy(update={"kept": kept}).model_dump_json())

    def job(self, name: str, *, at_work: bool | None = None) -> Job:
        """One job.

        Raises:
            KeyError: If there is none of this name, or its files are damaged.
        """
        folder = self.folder / name
        if not re.fullmatch("[0-9a-f]{12}", name):
            raise KeyError(name)
        request, wish = _read(Request, folder / REQUEST), _read(Wish, folder / WISH)
        state = _read(State, folder / STATE)
        if request is None or wish is None:
            raise KeyError(name)
        working = self.at_work() if at_work is None else at_work
        return Job(name, folder, request, wish, state, status_of(wish, state, at_work=working))

    def jobs(self) -> list[Job]:
        """All jobs, in the order in which they were asked for; folders that hold none are left out."""
        at_work = self.at_work()
        return sorted(self._each(at_work), key=lambda job: (job.wish.turn, job.id))

    def queue(self) -> list[Job]:
        """The jobs to be worked on, the one whose turn is first in front."""
        return [job for job in self.jobs() if runnable(job.wish, job.state)]

    def place(self, name: str) -> int:
        """How many jobs are before this one; 0 where it is its turn."""
        names = [job.id for job in self.queue()]
        return names.index(name) if name in names else 0

    def at_work(self) -> bool:
        """Whether a process is working on the jobs of this store."""
        return is_locked(self.folder / RUNNER)

    def _each(self, at_work: bool) -> Iterator[Job]:
        for folder in self.folder.glob("[0-9a-f]*"):
            try:
                yield self.job(folder.name, at_work=at_work)
            except KeyError:
                continue

    def _make_room(self, jobs: list[Job]) -> None:
        """Delete the oldest jobs that nobody keeps or waits for, and what was left half made."""
        for unfinished in self.folder.glob(".*"):
            if unfinished.is_dir():
                shutil.rmtree(unfinished, ignore_errors=True)
        loose = [job for job in jobs if job.status not in WAITING and not job.wish.kept]
        loose.sort(key=lambda job: (job.status not in ENDED, job.wish.turn))  # what is paused goes last
        for job in loose[: max(0, len(jobs) + 1 - self.bounds.jobs)]:
            shutil.rmtree(job.folder, ignore_errors=True)


def default_folder() -> Path:
    """Where the app keeps its jobs: the folder that ``MFM_JOBS`` names, else one in the user's cache folder."""
    named = os.environ.get("MFM_JOBS")
    return Path(named) if named else Path(pooch.os_cache("mfm")) / "jobs"


def read_reports(path: Path) -> list[dict[str, JsonValue]]:
    """Read reports, one JSON object a line.

    Where work went on from a checkpoint it repeats steps: of the same step the later report counts, and reports of
    steps that were not reached again are gone. A line that was cut short by a kill is left out.
    """
    try:
        with path.open("rb") as file:
            lines = file.read(MAX_REPORT_BYTES).splitlines()
    except FileNotFoundError:
        return []
    found: list[dict[str, JsonValue]] = []
    for line in lines:
        try:
            report = json.loads(line)
        except ValueError:
            continue
        if not isinstance(report, dict) or not isinstance(step := report.get("step"), int):
            continue
        while found and int(str(found[-1]["step"])) >= step:
            found.pop()
        found.append(report)
    return found


def _read(kind: type[C], path: Path) -> C | None:
    """A small file; None where it is missing or damaged."""
    try:
        return kind.read(path)
    except (OSError, ValueError):
        return None


def _next_turn(jobs: list[Job]) -> int:
    return 1 + max((max(job.wish.turn, job.state.turn if job.state else 0) for job in jobs), default=0)
