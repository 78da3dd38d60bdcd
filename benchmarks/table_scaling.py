"""Cells an hour against workers, and what the harness costs beside a plain loop.

    python benchmarks/table_scaling.py --cells 12 --seconds 10 --workers 1 2

A cell sleeps for some seconds instead of computing, so that the figures are those of the harness and not of the cores.
Printed as JSON: for each number of workers the cells an hour, and the overhead against a loop that sleeps as often. The
time until the workers have started is told apart, for a table of hours pays it once.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mfm_core.experiments.cells import CellResult, store_cell
from mfm_core.experiments.executors import Job, in_processes
from mfm_core.experiments.plan import Cell, TablePlan


def sleep(job: Job) -> CellResult:
    """A cell that takes as many seconds as its job has in place of a storage."""
    started = time.time()
    time.sleep(float(job.storage))
    plan, cell = job.plan, job.cell
    return CellResult(
        plan=plan,
        system=cell.system,
        seed=cell.seed,
        configurations=(),
        validation_errors=(),
        trials=0,
        code_version="",
        date=str(started),
        seconds=float(job.storage),
        figures=(),
        units=(),
        labels=(),
        predictions=((0.0,),) * 500,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    started = time.perf_counter()
    for _ in range(2):
        time.sleep(args.seconds)
    loop = (time.perf_counter() - started) / 2
    rows = []
    for n_workers in args.workers:
        jobs = [Job(TablePlan(dataset="none"), Cell("sleep", seed), str(args.seconds)) for seed in range(args.cells)]
        with tempfile.TemporaryDirectory() as folder:
            began, starts = time.time(), []
            for event in in_processes(jobs, n_workers, sleep):
                if event.result is not None:
                    store_cell(Path(folder), event.result)
                    starts.append(float(event.result.date))
            took = time.time() - began
        startup = min(starts) - began
        ideal = loop * -(-args.cells // n_workers)
        rows.append(
            {
                "workers": n_workers,
                "cells_an_hour": round(3600 * args.cells / took),
                "startup_seconds": round(startup, 2),
                "overhead": round((took - startup) / ideal - 1, 4),
                "overhead_with_startup": round(took / ideal - 1, 4),
            }
        )
    print(json.dumps({"seconds_a_cell": args.seconds, "cells": args.cells, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
