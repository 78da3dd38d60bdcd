"""State of a job: what was asked for, what is wanted of it now, and how far it is. Each is a small file of its own."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from mfm_core.config import Config

Status = Literal["queued", "running", "paused", "stopped", "finished", "failed", "interrupted"]
Wanted = Literal["run", "pause", "stop"]
ENDED: tuple[Status, ...] = ("stopped", "finished", "failed")
WAITING: tuple[Status, ...] = ("queued", "running", "interrupted")
"""Statuses of what will be worked on without anybody asking again."""

Turn = Annotated[int, Field(ge=0)]


class Request(Config):
    """Request for a job, written once.

    Attributes:
        kind: Which kind of work, see :mod:`mfm_core.jobs.kinds`.
        title: A short name for people.
        owner: Hash of the token of who asked, see :func:`owner_of`.
        settings: Settings of the kind of work.
    """

    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,20}$")]
    title: Annotated[str, Field(max_length=80)]
    owner: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    settings: dict[str, JsonValue]


class Wish(Config):
    """Wish for a job, written by who asked for it.

    Attributes:
        wanted: To run, to pause, or to stop and keep what there is.
        turn: Its place among all requests of the store: of two that wait, the lower is first.
        kept: Whether it stays when old jobs are deleted.
    """

    wanted: Wanted = "run"
    turn: Turn
    kept: bool = False


class State(Config):
    """State of a job, written by the process that works on it.

    Attributes:
        status: As that process left it.
        turn: The turn that it was worked on for; a wish of a later one asks for more work.
        deaths: How often a process died at it, since it was last asked for.
        done: Units of work done, such as steps.
        total: Units of work in all; 0 where that is not known yet.
        unit: What they are.
        seconds: How long it was worked on, by a clock that nobody can set.
        seconds_left: Expected; None where that is not known.
        message: What it is doing, or why it failed, in one sentence.
    """

    status: Literal["running", "paused", "stopped", "finished", "failed"]
    turn: Turn
    deaths: Annotated[int, Field(ge=0)] = 0
    done: Annotated[int, Field(ge=0)] = 0
    total: Annotated[int, Field(ge=0)] = 0
    unit: str = "steps"
    seconds: Annotated[float, Field(ge=0)] = 0.0
    seconds_left: float | None = None
    message: Annotated[str, Field(max_length=2_000)] = ""


def status_of(wish: Wish, state: State | None, *, at_work: bool) -> Status:
    """The status of a job as people see it.

    Args:
        wish: What is wanted of it.
        state: What the process that worked on it left; None where none has yet.
        at_work: Whether some process is working on the jobs of the store now.
    """
    if state is not None and state.turn >= wish.turn and state.status != "running":
        return state.status
    if state is not None and state.status == "running":
        return "running" if at_work else "interrupted"
    by_wish: dict[Wanted, Status] = {"run": "queued", "pause": "paused", "stop": "stopped"}
    return by_wish[wish.wanted]


def runnable(wish: Wish, state: State | None) -> bool:
    """Whether a job is to be worked on: it was asked to run, and has not ended since."""
    if state is not None and state.status == "running":  # its process died at it
        return True
    return wish.wanted == "run" and (state is None or state.turn < wish.turn)


def owner_of(token: str) -> str:
    """The hash by which a store knows the owner of a token; the token itself is not stored."""
    return hashlib.sha256(f"owner {token}".encode()).hexdigest()[:32]
