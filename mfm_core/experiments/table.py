"""A table of systems: its cells are computed, each once, and what is finished stays finished."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from filelock import FileLock, Timeout

from mfm_core.arguments import import_modules
from mfm_core.data.importing.imported import imported_names
from mfm_core.data.registry import dataset_names
from mfm_core.experiments.cells import cell_path, store_cell
from mfm_core.experiments.executors import Event, Job, in_processes, in_this_process, on_ray
from mfm_core.experiments.plan import Cell, TablePlan, cells_of
from mfm_core.files.writing import write_whole

PLAN = "plan.json"


@dataclass(frozen=True)
class Progress:
    """How far a table is.

    Attributes:
        n_cells: Cells in all.
        n_finished: Cells that are stored.
        n_new: Cells of them that this run computed.
        running: Cells being computed.
        seconds_left: Expected until the last cell ends; None before the first has.
        ended: The cell that ended, if one did.
        seconds: How long it took, if it was computed.
        errors: Why cells failed, by name.
    """

    n_cells: int
    n_finished: int
    n_new: int
    running: tuple[Cell, ...]
    seconds_left: float | None
    ended: Cell | None = None
    seconds: float | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def line(self) -> str:
        """The progress in a line."""
        parts = [f"{self.n_finished} of {self.n_cells} cells"]
        if self.ended is not None:
            failed = self.errors.get(self.ended.name)
            took = "" if self.seconds is None else f" in {self.seconds:.0f} s"
            parts.append(f"{self.ended.name}: {failed}" if failed else f"{self.ended.name} finished{took}")
        if self.running:
            parts.append(f"running {', '.join(cell.name for cell in self.running)}")
        if self.seconds_left is not None and self.n_finished < self.n_cells:
            parts.append(f"about {duration(self.seconds_left)} left")
        return "; ".join(parts)


def duration(seconds: float) -> str:
    """A time span as it is read: ``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def run_table(
    plan: TablePlan,
    systems: Sequence[str],
    folder: Path,
    *,
    n_seeds: int = 5,
    n_workers: int = 1,
    ray_address: str | None = None,
    storage: str | None = None,
) -> Generator[Progress, None, None]:
    """Compute the cells of a table that are not finished.

    A finished cell is a file, written whole; it is never computed again. Of a cell that was cut short the finished
    trials of its search are kept.

    Args:
        plan: What all cells share.
        systems: Names of the systems.
        folder: Of the table; made if need be.
        n_seeds: Seeds, from 0.
        n_workers: Processes of this machine; 0 for this one alone.
        ray_address: Of a Ray cluster that computes the cells instead.
        storage: URL of a database for the searches; a journal file a cell without it.

    Yields:
        The progress: at the start, whenever a cell ends, and once a second.

    Raises:
        ValueError: If a name is unknown, the folder holds a table of another plan or is being written by another run,
            or Ray is not installed.
    """
    if n_workers < 0:
        raise ValueError(f"workers: expected at least 0, got {n_workers}")
    import_modules("imports", plan.imports)
    known = *dataset_names(), *imported_names()
    if ray_address is None and plan.dataset not in known:  # a cluster may have data of its own
        raise ValueError(f"dataset: expected one of {', '.join(known)}, got {plan.dataset[:80]!r}")
    cells = cells_of(tuple(systems), n_seeds)
    folder = folder.absolute()
    _claim(plan, folder)
    lock = FileLock(folder / "running.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"{folder}: expected no other run, got one that is computing this table") from None
    try:
        yield from _run(plan, cells, folder, n_workers, ray_address, storage)
    finally:
        lock.release()


def _run(
    plan: TablePlan, cells: tuple[Cell, ...], folder: Path, n_workers: int, ray_address: str | None, storage: str | None
) -> Iterator[Progress]:
    todo = [cell for cell in cells if not cell_path(folder, cell).is_file()]
    n_before, n_new, errors, started = len(cells) - len(todo), 0, dict[str, str](), monotonic()
    yield Progress(len(cells), n_before, 0, (), None)
    jobs = [Job(plan, cell, storage or str(folder / "searches" / f"{cell.name}.log")) for cell in todo]
    for event in _events(jobs, n_workers, ray_address):
        seconds = None
        if event.result is not None:
            store_cell(folder, event.result)
            n_new, seconds = n_new + 1, event.result.seconds
        elif event.cell is not None:
            errors[event.cell.name] = event.error
        n_ended = n_new + len(errors)
        left = (monotonic() - started) / n_ended * (len(todo) - n_ended) if n_ended else None
        yield Progress(len(cells), n_before + n_new, n_new, event.running, left, event.cell, seconds, dict(errors))


def _events(jobs: Sequence[Job], n_workers: int, ray_address: str | None) -> Iterator[Event]:
    if ray_address:
        return on_ray(jobs, ray_address)
    return in_processes(jobs, n_workers) if n_workers else in_this_process(jobs)


def _claim(plan: TablePlan, folder: Path) -> None:
    """Make the folder the table's; raise ValueError if it is another's."""
    path = folder / PLAN
    if path.is_file():
        if (held := TablePlan.read(path)) != plan:
            raise ValueError(
                f"{folder}: expected the plan it was begun with, {held.model_dump_json()}, got "
                f"{plan.model_dump_json()}; choose another folder"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, plan.model_dump_json(indent=2) + "\n")
