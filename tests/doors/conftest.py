"""Report of a nightly run: how many cases each door was tried with, and the processor seconds that they took."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.doors.doors import CASES, FEW

TRIED = re.compile(r"(\d+) passing, (\d+) failing, and (\d+) invalid")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Note the cases and the seconds of a door with its result, which the processes of a run hand to the first."""
    before = time.process_time()
    try:
        return (yield)
    finally:
        tried = TRIED.findall(getattr(item, "hypothesis_statistics", ""))
        cases = sum(int(passing) + int(failing) for passing, failing, _ in tried)
        item.user_properties.append(("door", f"{cases:7,} cases {time.process_time() - before:8.1f} s of a processor"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print it for each door where more cases were asked for than every run tries."""
    if CASES <= FEW:
        return
    terminalreporter.section("doors")
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, told in report.user_properties:
                if name == "door":
                    terminalreporter.write_line(f"{told}  {outcome}  {report.nodeid.rpartition('/')[2]}")
