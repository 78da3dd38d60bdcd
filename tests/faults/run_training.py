"""Train the small task of the tests of the loop in a process of its own, which a test kills.

Usage: ``python -m tests.faults.run_training FOLDER [calm | replace | write]``. It writes a line a step, and ``there``
once it is in the middle of replacing, or of writing, the state of a late step.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from mfm_core.training import loop
from tests.training.test_loop import CONFIG, Regression

LATE = 9


def main(folder: Path, fault: str) -> None:
    """Train."""
    step = 0
    replace, save_file = Path.replace, loop.save_file

    def hang() -> None:
        print("there", flush=True)
        time.sleep(600)

    def slow_replace(source: Path, target: Path) -> Path:
        if fault == "replace" and step >= LATE:
            hang()
        return replace(source, target)

    def slow_save(tensors: dict, path: Path, metadata: dict) -> None:
        save_file(tensors, path, metadata)
        if fault == "write" and step >= LATE:
            whole = path.read_bytes()
            path.write_bytes(whole[: len(whole) // 2])
            hang()

    Path.replace, loop.save_file = slow_replace, slow_save

    def on_report(number: int, report: loop.Report) -> None:
        nonlocal step
        step = number
        print(number, flush=True)
        time.sleep(0.02)

    loop.train(Regression(), CONFIG, folder, on_report=on_report, save_every=0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
