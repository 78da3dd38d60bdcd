"""The command that asks which system classifies digits best, as Figure 5(b) does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer

from mfm_core.cli.app import Threads, app, one_sentence
from mfm_core.cli.losses import numbers_of, trained_cells
from mfm_core.cli.models import Into, show, update_metrics
from mfm_core.cli.progress import stages
from mfm_core.evaluation.comparison import compare
from mfm_core.experiments.label_accuracy import (
    COMPARED,
    SEEDS,
    STEPS,
    accuracy_run,
    note_of_training,
    train_for_accuracy,
)
from mfm_core.reports.card import comparison_table, table_of
from mfm_core.storage.folder import model_folder


@app.command("label-accuracy")
def label_accuracy(
    *,
    names: Annotated[str, typer.Option("--system", help="Names joined by commas.")] = ",".join(COMPARED),
    seeds: Annotated[str, typer.Option("--seed", help="Numbers joined by commas.")] = ",".join(map(str, SEEDS)),
    folder: Annotated[Path, typer.Option(help="Holds a run of each.")] = Path("runs/label_accuracy"),
    pairing: Annotated[int, typer.Option(min=0, help="Seed of the pairs that are read.")] = 0,
    into: Into = None,
    threads: Threads = 2,
) -> None:
    """Train UM, MM and MFM on digits from each seed, alike, and compare their accuracies; goes on where stopped.

    The last system is what the others are compared with. "MFM with our terms" may be named too.
    """
    torch.set_num_threads(threads)
    with one_sentence():
        chosen = tuple(name.strip() for name in names.split(","))
        for name in chosen:
            accuracy_run(name, 0)
        numbers = numbers_of(seeds)
        with trained_cells(chosen, numbers, STEPS) as report:
            groups = train_for_accuracy(folder, seeds=numbers, names=chosen, on_report=report)
        with stages("comparing"):
            table = compare(groups, seed=pairing)
        table["note"] = f"{table['note']} {note_of_training()}"
        if into is not None:
            update_metrics(model_folder(into), {"comparison": table})
        show(table_of(comparison_table(table)))
