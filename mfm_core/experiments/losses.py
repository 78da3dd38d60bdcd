"""Which loss makes it factorize? One small model of digits for each objective and seed, trained alike."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import JsonValue

from mfm_core.evaluation.losses import Samples, figures, measure
from mfm_core.experiments.cells import code_version
from mfm_core.experiments.results import check_units
from mfm_core.experiments.run import execute, read_run, read_run_of
from mfm_core.files.tables import Kind, read_table
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.folder import CONFIG
from mfm_core.storage.models import load_judge, load_pretrained
from mfm_core.training.images import FactorizeRun
from mfm_core.training.loop import Report
from mfm_core.training.runs import TrainingRun

if TYPE_CHECKING:
    import pandas as pd

BASE = "svhn_mnist_losses"
SHIPPED = "svhn_mnist_codes"
LOSSES = "losses.csv"
"""File of the figures in the folder of results."""
SEEDS = (0, 1, 2)
ALL_SEEDS = "all"
COLUMNS: Mapping[str, Kind] = {
    **dict.fromkeys(("seed", "key", "subject", "unit", "date", "code_version"), "text"),
    **dict.fromkeys(("value", "low", "high"), "number"),
    "n": "whole",
}


class Objective(NamedTuple):
    """An objective as it is called.

    Attributes:
        title: In charts of all objectives.
        model: A model that was trained by it, in a list of models.
        about: What that model shows, a sentence.
    """

    title: str
    model: str
    about: str


OBJECTIVES: Mapping[str, Objective] = {
    "none": Objective("no MMD", "no MMD, small", "Trained by Eq. 4 of the paper without its MMD."),
    "published_code": Objective(
        "as the published code", "published code's loss, small", "Trained by the loss of the paper's published code."
    ),
    "per_block": Objective(
        "an MMD for each block", "an MMD for each block, small", "Trained by Eq. 4 with one MMD for each block of Z."
    ),
    "joint": Objective(
        "Eq. 4: MMD of the joint Z",
        "Eq. 4 alone, small",
        "Trained by Eq. 4 of the paper and nothing else.",
    ),
    "shipped": Objective(
        "Eq. 4 and our added terms", "Eq. 4 and our added terms, small", "Trained by Eq. 4 and the project's own terms."
    ),
}
"""``joint`` is Eq. 4 alone; ``none`` to ``joint`` are choices of ``objective.independence``; ``shipped`` adds to Eq. 4
the terms and flows that the shipped model's encoders were trained with."""


def loss_run(objective: str, seed: int) -> FactorizeRun:
    """The run that trains one of ``OBJECTIVES``: all differ in the objective alone.

    Args:
        objective: One of ``OBJECTIVES``.
        seed: Of weights, batches and everything drawn.

    Raises:
        ValueError: If there is no such objective.
    """
    if objective not in OBJECTIVES:
        raise ValueError(f"objective: expected one of {', '.join(OBJECTIVES)}, got {objective!r}")
    called = OBJECTIVES[objective]
    changes: dict[str, JsonValue] = {"training.seed": seed, "title": called.model, "about": called.about}
    if objective == "shipped":
        shipped = read_run(SHIPPED)
        changes |= {"factorization": shipped.model_dump(mode="json")["factorization"]}
        changes |= {"readers": shipped.model_dump(mode="json")["readers"]}
        changes |= {f"model.modalities.{name}.flow": 4 for name in shipped.model.modalities}
    else:
        changes["objective.independence"] = objective
    return read_run_of(FactorizeRun, BASE, changes)


def loss_rows(models: Mapping[tuple[str, int], Path], *, on_progress: Callable[[str], None]) -> pd.DataFrame:
    """Measure trained models: one row a figure, objective and seed, and one of all seeds together.

    Args:
        models: Folders of stored models by objective and seed, see :func:`train_losses`.
        on_progress: Called with the name of each model.

    Returns:
        Columns objective, seed (``all`` for those of several), the fields of :class:`Figure`, configuration,
        code_version and date.
    """
    measured = measure_each(models, lambda folder, judges: measure(load_pretrained(folder), judges), on_progress)
    return figure_rows("objective", measured, lambda name: loss_run(name, 0).model_dump(mode="json"))


def measure_each(
    models: Mapping[tuple[str, int], Path],
    measure_one: Callable[[Path, Mapping[str, Discriminative]], Samples],
    on_progress: Callable[[str], None],
) -> Mapping[str, Mapping[str, Samples]]:
    """Measure trained models by the judges of digits.

    Args:
        models: Their folders by what is compared and by seed.
        measure_one: A folder and the judges by modality -> the outcomes of its model.
        on_progress: Called with the name of each model.

    Returns:
        Outcomes by what is compared and by seed.
    """
    judges = {name: load_judge(name) for name in ("svhn", "mnist")}
    measured: dict[str, dict[str, Samples]] = {}
    for (name, seed), folder in models.items():
        on_progress(f"{name}, seed {seed}")
        measured.setdefault(name, {})[str(seed)] = measure_one(folder, judges)
    return measured


def figure_rows(
    column: str, measured: Mapping[str, Mapping[str, Samples]], configuration: Callable[[str], JsonValue]
) -> pd.DataFrame:
    """One row a figure, model and seed of digits, and one of all seeds together (``all``).

    Args:
        column: Name of the column of what is compared.
        measured: Outcomes by what is compared and by seed.
        configuration: What each was trained with.

    Returns:
        The columns that :func:`loss_rows` returns, with ``column`` in place of objective. Of each name the first row
        has the configuration, which is that of all of them but for the seed.
    """
    import pandas as pd

    rows = []
    for name, samples in measured.items():
        groups = {seed: [one] for seed, one in samples.items()}
        if len(samples) > 1:
            groups[ALL_SEEDS] = list(samples.values())
        known: dict[str, JsonValue] = {"dataset": "svhn_mnist", column: name}
        made = {"code_version": code_version(), "date": f"{datetime.now(UTC):%Y-%m-%d}"}
        of_name = [
            {**known, "seed": seeds, **figure.model_dump(exclude={"target"}), "configuration": None, **made}
            for seeds, group in groups.items()
            for figure in figures(group)
        ]
        of_name[0]["configuration"] = json.dumps(configuration(name))
        rows += of_name
    return pd.DataFrame(rows)


def read_losses(path: Path) -> pd.DataFrame:
    """The figures that :func:`loss_rows` wrote.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, a column is missing, or an objective is none of ``OBJECTIVES``.
    """
    return read_compared(path, "objective", tuple(OBJECTIVES), "python -m mfm_core losses")


def read_compared(path: Path, column: str, names: tuple[str, ...], source: str) -> pd.DataFrame:
    """The figures that :func:`figure_rows` made.

    Args:
        path: Of the file.
        column: Name of the column of what is compared.
        names: What may be compared.
        source: The command that writes such a file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, a column is missing, or a name is none of ``names``.
    """
    table = read_table(path, {column: "text", **COLUMNS}, source=source)
    check_units(table, path)
    if unknown := sorted(set(table[column]) - set(names)):
        raise ValueError(f"{path}: {column}: expected one of {', '.join(names)}, got {unknown[0]!r}")
    return table


def train_losses(
    folder: Path,
    *,
    seeds: tuple[int, ...] = SEEDS,
    objectives: tuple[str, ...] = tuple(OBJECTIVES),
    on_report: Callable[[str, int, Report], None] = lambda cell, step, report: None,
) -> Mapping[tuple[str, int], Path]:
    """Train every objective from every seed, or go on where that was stopped; seed by seed.

    Args:
        folder: Holds a run a cell, named ``<objective>_<seed>``.
        seeds: Of the weights.
        objectives: Among ``OBJECTIVES``.
        on_report: Called after every step with the cell's name.

    Returns:
        The folder of each trained model by objective and seed.
    """
    return train_runs(folder, seeds, objectives, loss_run, "losses --objective", on_report)


def train_runs(
    folder: Path,
    seeds: tuple[int, ...],
    names: tuple[str, ...],
    run_of: Callable[[str, int], TrainingRun],
    command: str,
    on_report: Callable[[str, int, Report], None],
) -> dict[tuple[str, int], Path]:
    """Train the run of every name and seed, or go on where that was stopped; seed by seed.

    Args:
        folder: Holds a run a cell, named ``<name>_<seed>``.
        seeds: Of the runs.
        names: Of what is compared.
        run_of: The run of a name and a seed.
        command: Of the command line, with its option for the name, for the models' cards.
        on_report: Called after every step with the cell's name.

    Returns:
        The folder of each trained model by name and seed.
    """
    models = {}
    for seed in seeds:
        for name in names:
            cell = f"{name}_{seed}"
            place = folder / cell
            models[name, seed] = place / "model"
            if not (place / "model" / CONFIG).is_file():
                told = shlex.join(["python", "-m", "mfm_core", *command.split(), name, "--seed", str(seed)])
                execute(run_of(name, seed), place, command=told, on_report=partial(on_report, cell))
    return models
