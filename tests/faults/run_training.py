"""Train the small task of the tests of the loop in processes of their own, which a test kills.

Usage: ``python -m tests.faults.run_training``. For each line ``calm | replace | write FOLDER`` that it reads it begins
a process, and writes ``ended`` once that is over. The process writes its number, then a line a step, and ``there`` once
it is in the middle of replacing, or of writing, the state of a late step.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import torch

from mfm_core.training import loop
from tests.training.test_loop import CONFIG, Regression

LATE = 9


def main() -> None:
    """Begin processes, which share what takes seconds to import."""
    torch.set_num_threads(1)  # as the tests: sums of several threads are rounded differently, and none is forked
    torch.optim.AdamW([torch.zeros(1, requires_grad=True)])
    for line in sys.stdin:
        fault, folder = line.strip().split(" ", 1)
        child = os.fork()
        if child == 0:
            print(os.getpid(), flush=True)
            train(Path(folder), fault)
            os._exit(0)
        os.waitpid(child, 0)
        print("ended", flush=True)


def train(folder: Path, fault: str) -> None:
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
    main()
