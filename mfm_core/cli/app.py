"""The commands of ``python -m mfm_core``."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import pooch
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from mfm_core.data.importing.fetch import fetch, recipes_of_sets
from mfm_core.data.importing.imported import imported_names
from mfm_core.data.notes import DataWarning
from mfm_core.data.registry import DatasetInfo, data_folder, dataset_info, dataset_infos
from mfm_core.problems import printable

app = typer.Typer(
    help="Train, measure and feed the Multimodal Factorization Model.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Threads = Annotated[int, typer.Option(min=1, max=1024, help="Threads of the CPU.")]
data_app = typer.Typer(help="Bring and list real data.", no_args_is_help=True)
app.add_typer(data_app, name="data")


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn what a user can put right into one sentence on standard error and exit status 1, without a traceback.

    What of a data set is masked or left out is a sentence there too.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", DataWarning)
            warnings.showwarning = _tell
            yield
    except ModuleNotFoundError as error:
        known = "requirements-data.txt for making data, requirements-cluster.txt for a cluster"
        typer.echo(f"{error.name}: expected this package to be installed, see {known}", err=True)
        raise typer.Exit(1) from None
    except (OSError, ValueError) as error:
        told = str(error)  # may repeat a file's name, which may hold a line break
        typer.echo(printable(told, len(told)), err=True)
        raise typer.Exit(1) from None


def _tell(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning: of a data set by its sentence alone, any other as Python does."""
    told = (
        f"{message}\n"
        if issubclass(category, DataWarning)
        else warnings.formatwarning(message, category, filename, lineno, line)
    )
    typer.echo(told, file=file, err=True, nl=False)


@data_app.command("fetch")
def data_fetch(names: Annotated[list[str], typer.Argument(help=f"Among: {', '.join(recipes_of_sets())}.")]) -> None:
    """Download data sets from their own addresses, check them, and store them in the data folder."""
    pooch.get_logger().setLevel("WARNING")  # the bar below says the same
    for name in names:
        with one_sentence():
            if (recipe := recipes_of_sets().get(name)) is not None:
                typer.echo(f"{name}: {recipe.terms}", err=True)
            path = fetch(name, data_folder(), downloader=download_with_bar)
            typer.echo(path)


@data_app.command("list")
def data_list() -> None:
    """Show which data sets are in the data folder."""
    folder = data_folder()
    typer.echo(f"data folder: {folder} (set MFM_DATA to change it)")
    infos = dataset_infos()
    width = max(len(info.name) for info in infos)
    for info in infos:
        typer.echo(f"{info.name:<{width}} {_state(info, folder)}")
    for name in imported_names():
        typer.echo(f"{name:<{width}} imported")


def _state(info: DatasetInfo, folder: Path) -> str:
    if info.parts:
        absent = [name for name in info.parts if _missing(dataset_info(name), folder)]
        told = f", of which {' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not here" if absent else ""
        return f"made of {' and '.join(info.parts)}{told}"
    missing = _missing(info, folder)
    if not missing:
        return "here" if info.files or not info.source else f"here; {info.source}"
    if info.recipe is not None:
        return f"not here; python -m mfm_core data fetch {info.name}"
    if info.importable:
        return f"not here; python -m mfm_core data import FILES --as {info.name}"
    return f"not here: {', '.join(missing)}"


def _missing(info: DatasetInfo, folder: Path) -> list[str]:
    return [file for file in info.files if not (folder / file).is_file()]


def download_with_bar(url: str, output_file: object, session: object) -> None:
    """A downloader for pooch, with a progress bar on standard error where that is a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = _Bar(progress, url.rpartition("/")[2])
        pooch.HTTPDownloader(progressbar=bar)(url, output_file, session)


class _Bar:
    """Progress bar as pooch expects it, shown by rich."""

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
