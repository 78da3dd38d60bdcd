"""Small tables of systems as jobs: each cell is stored as it ends, so that what was cut short goes on."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, JsonValue, ValidationError, model_validator

from mfm_core.config import Config, first_problem
from mfm_core.experiments.cells import read_cells
from mfm_core.experiments.plan import Module, TablePlan
from mfm_core.experiments.results import write_results
from mfm_core.experiments.table import Progress, run_table
from mfm_core.jobs.kinds import Control, Outcome, register_kind

TABLE, RESULTS = "table", "results"
MAX_TABLE_MINUTES = 30.0
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]


class SmallTable(Config):
    """Settings of a small table.

    Attributes:
        dataset: Name of the data set.
        systems: Names of the systems.
        seeds: Seeds, from 0.
        trials: Configurations that are tried for each cell.
        train_samples: Training samples, drawn by the seed; 0 for all.
        minutes: After how long no further cell is begun.
        imports: Modules to import first, which register systems or data sets of one's own.
    """

    dataset: Name
    systems: Annotated[tuple[Name, ...], Field(min_length=1, max_length=8)]
    seeds: Annotated[int, Field(ge=1, le=5)] = 1
    trials: Annotated[int, Field(ge=1, le=5)] = 1
    train_samples: Annotated[int, Field(ge=0, le=10_000)] = 400
    minutes: Annotated[float, Field(gt=0, le=MAX_TABLE_MINUTES)] = 10.0
    imports: tuple[Module, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len(set(self.systems)) != len(self.systems):
            raise ValueError(f"systems: expected each once, got {', '.join(self.systems)}")
        return self

    @property
    def plan(self) -> TablePlan:
        """The plan of the table."""
        return TablePlan(
            dataset=self.dataset, trials=self.trials, train_samples=self.train_samples, imports=self.imports
        )


@register_kind("table")
def compute_table(settings: dict[str, JsonValue], control: Control) -> Outcome:
    """Compute a small table, one cell after the other; its rows are in ``results`` after each.

    Raises:
        ValueError: If the settings are wrong, or every cell failed, in one sentence.
    """
    try:
        table = SmallTable.model_validate(settings)
    except ValidationError as error:
        raise ValueError(f"settings: {first_problem(error)}") from None
    folder, last = control.folder / TABLE, None
    with closing(run_table(table.plan, table.systems, folder, n_seeds=table.seeds, n_workers=0)) as cells:
        for last in cells:
            _tell(last, control)
            if last.ended is not None:
                write_results(folder, control.folder / RESULTS)
            if control.wanted != "run" and not last.running:
                return "paused" if control.wanted == "pause" else "stopped"
            if control.seconds > 60 * table.minutes and not last.running:
                break
    if last is not None and last.errors and not read_cells(folder):
        name, message = next(iter(last.errors.items()))
        raise ValueError(f"{name}: {message}")
    return "finished"


def results_of(folder: Path) -> Path:
    """Where the rows of a job's table are."""
    return folder / RESULTS


def _tell(now: Progress, control: Control) -> None:
    """Tell how far the table is."""
    running = ", ".join(cell.name for cell in now.running)
    message = f"computing {running}" if running else now.line()
    control.progress(
        now.n_finished,
        now.n_cells,
        unit="cells",
        message=message,
        seconds_left=now.seconds_left,
        at_once=now.ended is not None or bool(running),
    )
    if now.ended is not None:
        error = now.errors.get(now.ended.name)
        figures: dict[str, JsonValue] = {"cell": now.ended.name, "seconds": now.seconds, "error": error}
        control.report(now.n_finished + len(now.errors), figures)
