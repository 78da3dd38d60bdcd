"""Progress where standard error is no terminal: a line every few seconds, with the time left."""

from __future__ import annotations

import pytest

from mfm_core.cli import progress
from mfm_core.cli.progress import counted, lines, stages


def test_lines_come_every_few_seconds_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now, written = 100.0, list[str]()
    monkeypatch.setattr(progress, "monotonic", lambda: now)
    advance = lines(1000, "step", written.append)
    for step in range(401, 1001):  # goes on from step 400
        now = 100.0 + (step - 401) * 0.5
        advance(step, "cost 1")
    assert written[0] == "step 401 of 1000; cost 1"
    assert written[1] == "step 411 of 1000; cost 1; about 5 min left"
    assert written[-2] == "step 991 of 1000; cost 1; about 4 s left"
    assert written[-1] == "step 1000 of 1000; cost 1"
    assert len(written) == 61


def test_without_a_terminal_there_are_lines_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with counted(3, "clip") as advance:
        for clip in range(1, 4):
            advance(clip, "")
    assert capsys.readouterr().err == "clip 1 of 3\nclip 3 of 3\n"


def test_a_long_stage_says_that_it_goes_on(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.01)
    with stages("loading") as enter:
        enter("probes")
        progress.Event().wait(0.2)
    told = capsys.readouterr().err.splitlines()
    after = told[told.index("probes") + 1 :]
    assert after
    assert set(after) == {"probes; for 0 s"}
