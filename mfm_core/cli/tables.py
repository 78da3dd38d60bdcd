"""The command that computes a table of systems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from mfm_core.cli.app import app, one_sentence
from mfm_core.cli.progress import EVERY
from mfm_core.experiments.plan import TablePlan
from mfm_core.experiments.results import write_results
from mfm_core.experiments.table import Progress, run_table
from mfm_core.systems.registry import system_info, system_names

Many = Annotated[
    str,
    typer.Option(
        help="Names that python -m mfm_core systems lists, joined by commas; every system of sequences without it."
    ),
]


@app.command("table")
def table(
    dataset: Annotated[str, typer.Argument(help="A data set that python -m mfm_core data list names.")],
    *,
    systems: Many = "",
    seeds: Annotated[int, typer.Option(help="Seeds, from 0.")] = 5,
    trials: Annotated[int, typer.Option(help="Configurations tried on validation data, the default first.")] = 3,
    modalities: Annotated[str, typer.Option(help="Names joined by commas; all of the data set without it.")] = "",
    train_samples: Annotated[int, typer.Option(help="Training samples, drawn by the seed; 0 for all.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes of this machine; 0 for this one alone.")] = 1,
    ray_address: Annotated[str | None, typer.Option(help="Of a Ray cluster that computes the cells.")] = None,
    storage: Annotated[str | None, typer.Option(help="URL of a database for the searches, such as PostgreSQL.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Of the table; runs/tables/DATASET without it.")] = None,
    results: Annotated[Path | None, typer.Option(help="Folder for the tidy results, as CSV.")] = None,
    imports: Annotated[str, typer.Option(help="Modules to import first, which register your own systems.")] = "",
    resume: Annotated[bool, typer.Option(help="Go on where a run was cut short; else the folder must be new.")] = True,
) -> None:
    """Compute a table: systems by seeds, searched on validation data, test data read once.

    Each cell is stored as it is finished; kill the command at any time and give it again to go on.
    """
    with one_sentence():
        plan = TablePlan(
            dataset=dataset,
            modalities=_names(modalities),
            trials=trials,
            train_samples=train_samples,
            imports=_names(imports),
        )
        place = folder or Path("runs", "tables", "-".join([dataset, *plan.modalities]))
        if not resume and place.exists():
            raise ValueError(f"{place}: expected a new folder with --no-resume, got one that is there")
        chosen = _names(systems) or tuple(name for name in system_names() if "sequence" in system_info(name).reads)
        last = None
        with _shown() as show:
            for progress in run_table(
                plan,
                chosen,
                place,
                n_seeds=seeds,
                n_workers=workers,
                ray_address=ray_address,
                storage=storage,
            ):
                show(progress)
                last = progress
        for path in write_results(place, results or place):
            typer.echo(path)
        if last is not None and last.errors:
            first = next(iter(last.errors.items()))
            raise ValueError(f"{len(last.errors)} of {last.n_cells} cells failed, the first {first[0]}: {first[1]}")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


@contextmanager
def _shown() -> Iterator[Callable[[Progress], None]]:
    """Show progress: a bar on a terminal, else a line whenever a cell ends and every few seconds."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    with Bar(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console) as bar:
        task = bar.add_task("begins", total=None)

        def show(progress: Progress) -> None:
            bar.update(task, total=progress.n_cells, completed=progress.n_finished, description=progress.line())

        yield show


def _lines() -> Callable[[Progress], None]:
    last = -EVERY

    def show(progress: Progress) -> None:
        nonlocal last
        if progress.ended is not None or monotonic() - last >= EVERY:
            typer.echo(progress.line(), err=True)
            last = monotonic()

    return show
