"""The command that asks which loss makes a model of digits factorize."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import torch
import typer

from mfm_core.cli.app import Threads, app, one_sentence
from mfm_core.cli.progress import counted, stages
from mfm_core.evaluation.measure import held_out_codes
from mfm_core.experiments.losses import OBJECTIVES, SEEDS, loss_rows, loss_run, train_losses
from mfm_core.reports.card import card
from mfm_core.storage.folder import StoredModel
from mfm_core.storage.models import load_pretrained, save_codes, save_model
from mfm_core.training.loop import Report

if TYPE_CHECKING:
    import pandas as pd

OnCell = Callable[[str, int, Report], None]


def keep_with_codes(model: Path, folder: Path) -> None:
    """Store a trained model in another folder, with a card and the codes of the held-out pairs."""
    network, stored = load_pretrained(model), StoredModel.of_folder(model)
    text = card(folder.name, stored, {})
    save_model(network, folder, run=stored.run, card=text, title=stored.title, about=stored.about)
    if (codes := held_out_codes(str(model))) is not None:
        save_codes(codes, folder)


def _place(text: str, objectives: tuple[str, ...]) -> tuple[str, Path]:
    """An objective and the folder that its model goes to."""
    objective, equals, folder = text.partition("=")
    if not (equals and folder) or objective not in objectives:
        raise ValueError(f"store: expected OBJECTIVE=FOLDER, of {', '.join(objectives)}, got {text!r}")
    return objective, Path(folder)


def numbers_of(seeds: str) -> tuple[int, ...]:
    """Seeds joined by commas as numbers."""
    if not all(seed.strip().isdigit() for seed in seeds.split(",")):
        raise ValueError(f"seed: expected numbers joined by commas, got {seeds!r}")
    return tuple(map(int, seeds.split(",")))


@contextmanager
def trained_cells(names: tuple[str, ...], seeds: tuple[int, ...], steps: int) -> Iterator[OnCell]:
    """Show the progress of the trainings of every name from every seed, seed by seed.

    Yields:
        What to call after every step, with the cell's name ``<name>_<seed>``, the step and the terms of the cost.
    """
    order = [f"{name}_{seed}" for seed in seeds for name in names]
    with counted(len(order) * steps, "step") as advance:
        yield lambda cell, step, terms: advance(order.index(cell) * steps + step, f"{cell}, cost {terms['cost']:.4g}")


def write_rows(table: pd.DataFrame, path: Path | None) -> None:
    """Write a table as CSV, or print it where there is no path."""
    if path is None:
        typer.echo(table.to_csv(index=False))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)
    typer.echo(path)


@app.command("losses")
def losses(
    *,
    objectives: Annotated[str, typer.Option("--objective", help="Names joined by commas.")] = ",".join(OBJECTIVES),
    seeds: Annotated[str, typer.Option("--seed", help="Numbers joined by commas.")] = ",".join(map(str, SEEDS)),
    folder: Annotated[Path, typer.Option(help="Holds a run of each.")] = Path("runs/losses"),
    results: Annotated[Path | None, typer.Option(help="Where the figures go, as CSV; else they are printed.")] = None,
    store: Annotated[
        list[str] | None,
        typer.Option(help="OBJECTIVE=FOLDER: where its model of the first seed goes, with its codes."),
    ] = None,
    measured: Annotated[bool, typer.Option(help="Measure the models.")] = True,
    threads: Threads = 2,
) -> None:
    """Train a small MFM of digits by each objective from each seed, alike, and measure them; goes on where stopped."""
    torch.set_num_threads(threads)
    with one_sentence():
        chosen = tuple(name.strip() for name in objectives.split(","))
        places = dict(_place(text, chosen) for text in store or ())
        numbers = numbers_of(seeds)
        with trained_cells(chosen, numbers, loss_run(chosen[0], 0).training.steps) as report:
            models = train_losses(folder, seeds=numbers, objectives=chosen, on_report=report)
        for objective, place in places.items():
            keep_with_codes(models[objective, min(seed for _, seed in models)], place)
        if not measured:
            return
        with stages("measuring") as enter:
            table = loss_rows(models, on_progress=enter)
        write_rows(table, results)
