"""How soon a model that the page Lab trains factorizes: its default digits, by the process that the page starts.

From the press of Start: seconds and processor seconds to each look at the model, with how often an independent judge
reads in swapped pictures the digit that Z_y was given (a digit in ten by chance), and the last figures with their
intervals. The aim is that the judges of both modalities read it in most pictures after three minutes.

Run: ``python benchmarks/lab.py [--minutes 2] [--seeds 1] [--json lab.json]``
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from serving import Server

import mfm_core as mfm
from app.lab.sections.start import title_of
from app.lab.view import LabView
from mfm_core.evaluation.figures import Figure, read_figures
from mfm_core.jobs.runner import start_runner
from mfm_core.jobs.state import WAITING
from mfm_core.jobs.store import JobStore
from mfm_core.lab.reports import figures_of
from mfm_core.lab.settings import MODEL

FACTORIZES, AIM = 0.5, 180.0
"""Share of the swapped pictures of every modality that are read as they should, and seconds until it is to be so."""
EVERY = 0.1
SWAP = "swap_accuracy"


def train(view: LabView) -> Iterator[dict[str, object]]:
    """Train as the page does.

    Args:
        view: Settings, as a visitor chooses them.

    Yields:
        Each look at the model with its figures, then those of the end, with intervals.

    Raises:
        RuntimeError: If the training does not end well.
    """
    with tempfile.TemporaryDirectory() as folder:
        store, start, looks = JobStore(Path(folder)), time.perf_counter(), 0
        name = store.submit("train", title_of(view), view.settings.model_dump(mode="json"), "benchmark").id
        process = start_runner(store)
        if process is None:
            raise RuntimeError("lab: expected a process that trains, got none")
        worker = Server("", process.pid)

        def told(figures: Iterable[Figure], **more: object) -> dict[str, object]:
            now = {"s": round(time.perf_counter() - start, 1), "processor s": round(worker.processor_seconds(), 1)}
            return now | more | {"figures": [one.stored() for one in figures]}

        try:
            while (job := store.job(name)).status in WAITING and process.poll() is None:
                found = [(one["step"], figures) for one in job.reports() if (figures := figures_of(one))]
                for step, figures in found[looks:]:
                    yield told(figures, step=step, steps=job.state.total if job.state else 0)
                looks = len(found)
                time.sleep(EVERY)
            if job.status != "finished":
                raise RuntimeError(f"lab: expected a training that finishes, got {job.status}: {job.state}")
            yield told(read_figures(mfm.load_metrics(str(job.folder / MODEL)).get("figures"), str(job.folder)))
        finally:
            process.kill()
            process.wait()


def swaps(look: dict[str, object]) -> dict[str, float]:
    """How often the judge of each modality reads in swapped pictures the digit that Z_y was given."""
    return {one.subject: one.value for one in read_figures(look["figures"], "look") if one.key == SWAP}


def summary(looks: list[dict[str, object]]) -> dict[str, object]:
    """When the model was first looked at, and when it factorized; None where it never did."""
    *during, end = looks
    there = [one for one in during if min(swaps(one).values()) >= FACTORIZES]
    return {
        "first look, s": during[0]["s"],
        "seconds between looks": round((during[-1]["s"] - during[0]["s"]) / max(len(during) - 1, 1), 1),
        "factorizes after s": there[0]["s"] if there else None,
        "all of it, s": end["s"],
        "processor s": end["processor s"],
    }


def show(look: dict[str, object]) -> None:
    """Print a look in a line."""
    where = f"step {look['step']:>5} of {look['steps']}" if "step" in look else "measured at the end"
    read = "  ".join(f"swap {name} {value:.1%}" for name, value in swaps(look).items())
    print(f"{look['s']:6.1f} s  {look['processor s']:6.1f} processor s  {where:20}  {read}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=LabView().minutes, help="that a visitor asks for")
    parser.add_argument("--seeds", type=int, default=1, help="trainings, one after the other")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report: dict[str, object] = {"load before": os.getloadavg()}
    for seed in range(options.seeds):
        looks = []
        for look in train(LabView(minutes=options.minutes, seed=seed)):
            looks.append(look)
            show(look)
        found = summary(looks)
        report[f"seed {seed}"] = found | {"looks": looks}
        print(found)
        met = "met" if (found["factorizes after s"] or math.inf) <= AIM else "NOT met"
        print(f"aim: {FACTORIZES:.0%} of the swapped pictures of both modalities within {AIM:.0f} s: {met}")
    if options.json:
        options.json.write_text(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
