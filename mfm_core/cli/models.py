"""The commands that train and measure models."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import torch
import typer
from pydantic import JsonValue
from rich.console import Console
from rich.table import Table

from mfm_core.cli.app import Threads, app, one_sentence
from mfm_core.cli.progress import counted, stages
from mfm_core.evaluation.comparison import ablations, compare
from mfm_core.evaluation.cross_validation import cross_validate
from mfm_core.evaluation.measure import held_out_codes, measure
from mfm_core.evaluation.ratio_table import ratio_table
from mfm_core.experiments.results import read_comparisons
from mfm_core.experiments.run import execute, read_run, read_run_of, run_names, total_steps
from mfm_core.reports.card import card, comparison_table, figures_table, side_by_side, table_of
from mfm_core.reports.readme import RATIOS, readme_figures, readme_ratios, replace_figures
from mfm_core.reports.systems import SYSTEMS, readme_systems
from mfm_core.reports.videos import ratios_table
from mfm_core.storage.folder import StoredModel, model_folder, read_text
from mfm_core.storage.models import (
    load_metrics,
    save_card,
    save_codes,
    save_metrics,
)
from mfm_core.training.loop import Report
from mfm_core.training.videos import SequenceRun

MAX_WIDTH = 400
Into = Annotated[str | None, typer.Option(help="Store the table with this model.")]


@app.command("train")
def train_command(
    run: Annotated[str, typer.Argument(help=f"Among: {', '.join(run_names())}; or a .json file.")],
    *,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Replace a value, such as training.seed=1.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Where the run is kept; default runs/<name>.")] = None,
    store: Annotated[Path | None, typer.Option(help="A second folder for the model, as pretrained/<name>.")] = None,
    device: Annotated[str, typer.Option(help="A torch device.")] = "cpu",
    threads: Threads = 2,
) -> None:
    """Train a model, or go on with a run that was stopped; the result is stored in <folder>/model."""
    torch.set_num_threads(threads)
    with one_sentence():
        configuration = read_run(run, dict(parse_change(change) for change in changes or []))
        folder = folder or Path("runs") / Path(run).stem
        # The card tells how to make the model again, not where files lay on this machine.
        options = [part for change in changes or [] for part in ("--set", change)]
        command = shlex.join(["python", "-m", "mfm_core", "train", Path(run).name, *options])
        with counted(total_steps(configuration), "step") as advance:

            def on_report(step: int, report: Report) -> None:
                advance(step, costs_of(report))

            execute(configuration, folder, command=command, store=store, device=device, on_report=on_report)
    typer.echo(store or folder / "model")


def parse_change(text: str) -> tuple[str, JsonValue]:
    """``key=value`` as a key and a JSON value; what is not JSON is taken as text.

    Raises:
        ValueError: If there is no ``=``.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"set: expected key=value, got {text!r}")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def costs_of(report: Report) -> str:
    """The terms of a cost in a line."""
    return " ".join(f"{name} {value:.3g}" for name, value in report.items())


@app.command("evaluate")
def evaluate_command(
    name: Annotated[str, typer.Argument(help="A pretrained model, or the folder of a stored one.")],
    *,
    seed: Annotated[int, typer.Option(min=0, help="Of the pairing and of all sampling.")] = 0,
    save: Annotated[
        bool, typer.Option(help="Store metrics, card and codes of held-out pairs beside the weights.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON rather than a table.")] = False,
    threads: Threads = 2,
) -> None:
    """Measure a model on held-out digits or videos."""
    torch.set_num_threads(threads)
    with one_sentence(), stages("loading") as enter:
        folder = model_folder(name)
        figures, more = measure(name, seed=seed, on_progress=enter)
        evaluated: dict[str, JsonValue] = {
            "command": f"python -m mfm_core evaluate {folder.name}",
            "seed": seed,
            "date": datetime.now(UTC).date().isoformat(),
        }
        metrics: dict[str, JsonValue] = {"evaluated": evaluated, "figures": [figure.stored() for figure in figures]}
        metrics |= more
        if save:
            if (codes := held_out_codes(name)) is not None:
                save_codes(codes, folder)
            update_metrics(folder, metrics)
    if as_json:
        typer.echo(json.dumps(metrics, indent=2))
    else:
        show(figures_table(folder.name, figures))


def show(table: Table) -> None:
    """Print a table, in its full width where no terminal limits it."""
    console = Console()
    (console if console.is_terminal else Console(width=MAX_WIDTH)).print(table)


def update_metrics(folder: Path, new: Mapping[str, JsonValue]) -> None:
    """Put new figures among those stored with a model, and write its card anew."""
    try:
        metrics = load_metrics(folder)
    except FileNotFoundError:
        metrics = {}
    metrics |= new
    save_metrics(metrics, folder)
    stored = StoredModel.of_folder(folder)
    save_card(card(folder.name, stored, metrics), folder)


@app.command("compare")
def compare_command(
    names: Annotated[list[str], typer.Argument(help="Stored models, as group=folder; a group holds several seeds.")],
    *,
    seed: Annotated[int, typer.Option(min=0, help="Of the pairing.")] = 0,
    into: Into = None,
    threads: Threads = 2,
) -> None:
    """Compare label accuracies on the same held-out pairs, as Figure 5(b) does."""
    torch.set_num_threads(threads)
    with one_sentence(), stages("comparing"):
        groups: dict[str, list[str]] = {}
        for name in names:
            group, _, stored = name.rpartition("=")
            groups.setdefault(group or stored, []).append(stored)
        table = compare(groups, seed=seed)
        if into is not None:
            update_metrics(model_folder(into), {"comparison": table})
        show(table_of(comparison_table(table)))


@app.command("ablations")
def ablations_command(
    names: Annotated[list[str], typer.Argument(help="Stored models, as label=folder.")],
    *,
    seed: Annotated[int, typer.Option(min=0, help="Of the pairing and of all sampling.")] = 0,
    into: Into = None,
    threads: Threads = 2,
) -> None:
    """Measure models that each leave a term out, side by side."""
    torch.set_num_threads(threads)
    with one_sentence(), stages("measuring"):
        models = [(label or folder, folder) for label, _, folder in (name.rpartition("=") for name in names)]
        labels = [label for label, _ in models]
        if repeated := [label for label in dict.fromkeys(labels) if labels.count(label) > 1]:
            raise ValueError(
                f"names: expected a label for each model alone, got {repeated[0]!r} {labels.count(repeated[0])} times"
            )
        table = ablations(dict(models), seed=seed)
        if into is not None:
            update_metrics(model_folder(into), {"ablations": table})
        show(table_of(side_by_side(table)))


@app.command("cross-validate")
def cross_validate_command(
    run: Annotated[str, typer.Argument(help="A run of sequences, as for train.")],
    *,
    repetitions: Annotated[int, typer.Option(min=1, help="How often the samples are dealt anew.")] = 4,
    folds: Annotated[int, typer.Option(min=3, help="Into how many parts.")] = 5,
    folder: Annotated[Path | None, typer.Option(help="Where the folds are kept; default runs/<name>_folds.")] = None,
    into: Into = None,
    threads: Threads = 2,
) -> None:
    """Train and measure a run on every fold of a repeated cross-validation; goes on where it was stopped."""
    torch.set_num_threads(threads)
    with one_sentence():
        configuration = read_run_of(SequenceRun, run)
        folder = folder or Path("runs") / f"{Path(run).stem}_folds"
        steps = configuration.training.steps
        with counted(repetitions * folds * steps, "step") as advance:

            def on_report(fold: int, step: int, report: Report) -> None:
                said = f"fold {fold + 1} of {repetitions * folds}"
                advance(fold * steps + step, f"{said}; {costs_of(report)}" if report else said)

            table = cross_validate(configuration, folder, repetitions=repetitions, folds=folds, on_report=on_report)
        if into is not None:
            update_metrics(model_folder(into), {"cross_validation": table})
    typer.echo(json.dumps(table, indent=2))


@app.command("ratios")
def ratios_command(
    names: Annotated[list[str], typer.Argument(help="Stored models of videos: names or folders.")],
    *,
    into: Into = None,
    threads: Threads = 2,
) -> None:
    """Set dependency ratios of several models beside the paper's, as Figure 9(a) does."""
    torch.set_num_threads(threads)
    with one_sentence(), stages("measuring"):
        table = ratio_table(names)
        if into is not None:
            update_metrics(model_folder(into), {"ratios": table})
        show(table_of(ratios_table(table)))


@app.command("readme-figures")
def readme_figures_command(
    name: Annotated[str, typer.Argument(help="A pretrained model, or the folder of a stored one.")] = "svhn_mnist",
    *,
    readme: Annotated[Path, typer.Option(help="The file with the markers.")] = Path("README.md"),
) -> None:
    """Write what is stored with a model between the markers of the README: its figures, or a table of ratios.

    The stored tables of systems are written anew with either, where the README has markers for them.
    """
    with one_sentence():
        text, metrics = read_text(readme), load_metrics(name)
        if "ratios" in metrics:
            text = replace_figures(text, readme_ratios(metrics), RATIOS)
        else:
            text = replace_figures(text, readme_figures(metrics))
        if SYSTEMS[0] in text:
            text = replace_figures(text, readme_systems(read_comparisons()), SYSTEMS)
        readme.write_text(text, encoding="utf-8")
    typer.echo(readme)
