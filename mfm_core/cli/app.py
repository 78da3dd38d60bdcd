"""The commands of ``python -m mfm_core``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import pooch
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from mfm_core.data import data_folder, dataset_names
from mfm_core.data.importing.fetch import RECIPES, fetch
from mfm_core.data.importing.imported import IMPORTABLE, imported_names

app = typer.Typer(
    help="Train, measure and feed the Multimodal Factorization Model.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
data_app = typer.Typer(help="Bring and list real data.", no_args_is_help=True)
app.add_typer(data_app, name="data")


@app.callback()
def _commands() -> None:
    """Keep ``data`` a command of its own, even while it is the only one."""


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn what a user can put right into one sentence on standard error and exit status 1, without a traceback."""
    try:
        yield
    except (OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@data_app.command("fetch")
def data_fetch(names: Annotated[list[str], typer.Argument(help=f"Among: {', '.join(RECIPES)}.")]) -> None:
    """Download data sets from their own addresses, check them, and store them in the data folder."""
    pooch.get_logger().setLevel("WARNING")  # the bar below says the same
    for name in names:
        with one_sentence():
            if name in RECIPES:
                typer.echo(f"{name}: {RECIPES[name].terms}", err=True)
            path = fetch(name, data_folder(), downloader=download_with_bar)
            typer.echo(path)


@data_app.command("list")
def data_list() -> None:
    """Show which data sets are in the data folder."""
    folder = data_folder()
    typer.echo(f"data folder: {folder} (set MFM_DATA to change it)")
    names = dataset_names()
    width = max(map(len, names))
    for name in names:
        missing = [file for file in files_of(name) if not (folder / file).is_file()]
        if name in RECIPES and missing:
            state = f"not here; python -m mfm_core data fetch {name}"
        elif name in IMPORTABLE and missing:
            state = f"not here; python -m mfm_core data import FILES --as {name}"
        elif missing:
            state = f"not here: {', '.join(missing)}"
        else:
            state = "here" if files_of(name) else "made of the others"
        typer.echo(f"{name:<{width}} {state}")
    for name in imported_names():
        typer.echo(f"{name:<{width}} imported")


def files_of(name: str) -> tuple[str, ...]:
    """The files of the data folder that a data set is stored in; none if it is made of other sets."""
    if name == "svhn_mnist":
        return ()
    if name == "cmu_mosi":
        return ("cmu_mosi_utterances.npz", "cmu_mosi_words.json", "glove50_top30k.npz")
    if name.startswith("studio_"):
        return ("studio_clips.npz",)
    return (f"{name}.npz",)


def download_with_bar(url: str, output_file: object, session: object) -> None:
    """A downloader for pooch, with a progress bar on standard error where that is a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = _Bar(progress, url.rpartition("/")[2])
        pooch.HTTPDownloader(progressbar=bar)(url, output_file, session)


class _Bar:
    """What pooch expects of a progress bar, shown by rich."""

    def __init__(self, progress: Progress, description: str) -> None:
        self._progress, self._task = progress, progress.add_task(description, total=None)

    @property
    def total(self) -> float | None:
        return self._progress.tasks[self._task].total

    @total.setter
    def total(self, n_bytes: int) -> None:
        self._progress.update(self._task, total=n_bytes or None)

    def update(self, n_bytes: int) -> None:
        self._progress.advance(self._task, n_bytes)

    def reset(self) -> None:
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        self._progress.stop_task(self._task)
