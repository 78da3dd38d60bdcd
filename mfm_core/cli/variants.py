"""The command that asks which part of MFM makes a model of digits factorize."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer

from mfm_core.cli.app import Threads, app, one_sentence
from mfm_core.cli.losses import numbers_of, trained_cells, write_rows
from mfm_core.cli.progress import stages
from mfm_core.experiments.losses import SEEDS, loss_run
from mfm_core.experiments.variants import VARIANTS, train_variants, variant_config, variant_rows


@app.command("variants")
def variants(
    *,
    names: Annotated[str, typer.Option("--variant", help="Names joined by commas.")] = ",".join(VARIANTS),
    seeds: Annotated[str, typer.Option("--seed", help="Numbers joined by commas.")] = ",".join(map(str, SEEDS)),
    folder: Annotated[Path, typer.Option(help="Holds a run of each.")] = Path("runs/variants"),
    results: Annotated[Path | None, typer.Option(help="Where the figures go, as CSV; else they are printed.")] = None,
    threads: Threads = 2,
) -> None:
    """Train MFM and M_A to M_E on digits from each seed, alike, and measure them; goes on where stopped."""
    torch.set_num_threads(threads)
    with one_sentence():
        chosen = tuple(name.strip() for name in names.split(","))
        for name in chosen:
            variant_config(name)
        numbers = numbers_of(seeds)
        with trained_cells(chosen, numbers, loss_run("joint", 0).training.steps) as report:
            systems = train_variants(folder, seeds=numbers, names=chosen, on_report=report)
        with stages("measuring") as enter:
            table = variant_rows(systems, on_progress=enter)
        write_rows(table, results)
