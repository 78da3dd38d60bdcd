"""One cell of a table: searched and fitted, test data predicted once, measured, and stored in a file of its own."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import JsonValue

from mfm_core.arguments import import_modules
from mfm_core.config import Config
from mfm_core.data.dataset import Dataset
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.predictions import evaluate_predictions, independent_units
from mfm_core.experiments.plan import Cell, TablePlan, splits
from mfm_core.experiments.search import search
from mfm_core.files.writing import write_whole

MAX_BYTES = 50_000_000


class CellResult(Config):
    """Computed cell as it is stored.

    Attributes:
        format_version: Version of this layout.
        plan: What all cells of the table share.
        system: Name of the system.
        seed: Of the search, the fits and, for folds, the dealing.
        configurations: The chosen configuration of each fold; of one where there are none.
        validation_errors: The error each was chosen by.
        trials: Configurations that were tried in each fold.
        code_version: Commit of the code, with ``+`` where files were changed; else the version of the package.
        date: When it was finished, UTC.
        seconds: How long it took.
        figures: Measured on the test samples of all folds.
        units: Number of the independent unit of each test sample.
        labels: Of the test samples, ``(N, size)``; one column for classes.
        predictions: Logits or scores of the test samples, ``(N, size)``.
    """

    format_version: Literal[1] = 1
    plan: TablePlan
    system: str
    seed: int
    configurations: tuple[dict[str, JsonValue], ...]
    validation_errors: tuple[float, ...]
    trials: int
    code_version: str
    date: str
    seconds: float
    figures: tuple[Figure, ...]
    units: tuple[int, ...]
    labels: tuple[tuple[float | None, ...], ...]
    predictions: tuple[tuple[float, ...], ...]


def _labels_of(parts: list[Dataset]) -> Dataset:
    """The labels of several parts of a data set as one, with a modality of zeros: all that figures are measured by."""
    labels = torch.cat([part.labels for part in parts])
    ids = [part.ids for part in parts]
    return Dataset(
        parts[0].name,
        {"none": torch.zeros(len(labels), 1, 1)},
        labels,
        np.concatenate([part.split for part in parts]),
        ids=None if None in ids else tuple(one for each in ids for one in each or ()),
    )


def compute_cell(plan: TablePlan, cell: Cell, storage: str) -> CellResult:
    """Compute a cell: for each split, search on validation data, fit, and predict the test samples once.

    Args:
        plan: What all cells of the table share.
        cell: Which.
        storage: Of the search: a file of Optuna's journal, or the URL of a database.

    Raises:
        ValueError: If the data set or the system cannot do it, in one sentence.
        FileNotFoundError: If the data set is not there.
    """
    started = time.monotonic()
    import_modules("imports", plan.imports)
    parts, places, predictions, configurations, errors, trials = [], [], [], [], [], 0
    for number, split in enumerate(splits(plan, cell.seed)):
        study = "/".join([plan.dataset, *plan.modalities, cell.name, str(number)])
        system, error, trials = search(
            cell.system,
            split.train,
            split.validation,
            seed=cell.seed,
            trials=plan.trials,
            storage=storage,
            study=study,
        )
        predictions.append(system.predict(split.test))
        parts.append(split.test)
        places.append(split.tested)
        configurations.append(system.config.model_dump(mode="json"))
        errors.append(error)
    order = torch.from_numpy(np.argsort(np.concatenate(places), kind="stable"))
    found = torch.cat(predictions)[order]
    test = _labels_of(parts).take(order)
    labels = test.labels.unsqueeze(1) if test.labels.ndim == 1 else test.labels
    return CellResult(
        plan=plan,
        system=cell.system,
        seed=cell.seed,
        configurations=tuple(configurations),
        validation_errors=tuple(errors),
        trials=trials,
        code_version=code_version(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - started, 2),
        figures=tuple(evaluate_predictions(test, found)),
        units=tuple(independent_units(test).tolist()),
        labels=tuple(tuple(None if x != x else x for x in row) for row in labels.tolist()),
        predictions=tuple(tuple(row) for row in found.tolist()),
    )


@cache
def code_version() -> str:
    """Commit of the code, ``+`` where tracked files were changed; the version of the package outside a checkout."""
    root = Path(__file__).parents[2]
    try:
        commit, changes = (
            subprocess.run(  # noqa: S603 - a fixed command
                ["git", "-C", str(root), *command],  # noqa: S607 - the user's git
                capture_output=True,
                text=True,
                check=True,
                timeout=10,
            ).stdout.strip()
            for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.SubprocessError):
        try:
            return version("mfm-explorer")
        except PackageNotFoundError:
            return "unknown"
    return commit + ("+" if changes else "")


def cell_path(folder: Path, cell: Cell) -> Path:
    """The file of a cell in the folder of its table."""
    return folder / "cells" / f"{cell.name}.json"


def store_cell(folder: Path, result: CellResult) -> None:
    """Store a computed cell, whole or not at all."""
    path = cell_path(folder, Cell(result.system, result.seed))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, result.model_dump_json() + "\n")


def read_cell(path: Path) -> CellResult:
    """Read a stored cell.

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it is damaged.
    """
    return CellResult.read(path, MAX_BYTES)


def read_cells(folder: Path) -> list[CellResult]:
    """All finished cells of a table, by system and seed.

    Raises:
        ValueError: If one is damaged.
    """
    return [read_cell(path) for path in sorted((folder / "cells").glob("*.json"))]
