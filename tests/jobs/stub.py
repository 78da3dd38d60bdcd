"""Kinds of work for tests: one that counts with checkpoints, and one that always dies."""

from __future__ import annotations

import os
import signal
import time

from pydantic import JsonValue

from mfm_core.files.writing import write_whole
from mfm_core.jobs.kinds import Control, Outcome, register_kind


@register_kind("count")
def count(settings: dict[str, JsonValue], control: Control) -> Outcome:
    """Count to ``to``, a checkpoint and a report each; dies once at ``dies_at``."""
    place = control.folder / "counted"
    at, to = int(place.read_text()) if place.is_file() else 0, int(settings["to"])
    if settings.get("fails"):
        raise ValueError("it cannot be counted")
    while at < to:
        if control.wanted != "run":
            return "paused" if control.wanted == "pause" else "stopped"
        at += 1
        control.report(at, {"square": at * at, "pid": os.getpid()})
        if at == settings.get("dies_at") and not (control.folder / "died").exists():
            (control.folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        write_whole(place, str(at))
        control.progress(at, to)
        time.sleep(float(settings.get("seconds", 0)))
    control.progress(at, to, at_once=True)
    return "finished"


@register_kind("dies")
def dies(settings: dict[str, JsonValue], control: Control) -> Outcome:
    """Die."""
    del settings, control
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError
