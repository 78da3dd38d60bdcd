"""Summary of a table: its figures one a row, and every system against a reference, paired over the test videos."""

from __future__ import annotations

import json
import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from pydantic import JsonValue

from mfm_core.evaluation.bootstrap import Floats, Ints, bootstrap_distribution
from mfm_core.evaluation.metrics import Metric, label_metrics
from mfm_core.evaluation.statistics import holm, mcnemar_p, two_sided
from mfm_core.experiments.cells import CellResult
from mfm_core.interpretation.resampling import MIN_SAMPLES
from mfm_core.networks.ablation import TABLE_2

if TYPE_CHECKING:
    import pandas as pd

REFERENCE = "mfm"
N_RESAMPLES = 5_000
"""Of a comparison: the least p-value is 2 / 5,001, so that Holm's correction for 100 systems still reaches 0.05."""


def cells_table(cells: Sequence[CellResult]) -> pd.DataFrame:
    """How finished cells were computed, one row a cell: its budget, configurations, code, date and seconds.

    The configurations are those chosen in each fold, or one where all folds have the same.
    """
    import pandas as pd

    rows = [
        {
            **_names_of(cell),
            "trials": cell.trials,
            "train_samples": cell.plan.train_samples or None,
            "configuration": json.dumps(_alike(cell.configurations)),
            "code_version": cell.code_version,
            "date": cell.date,
            "seconds": cell.seconds,
        }
        for cell in cells
    ]
    return pd.DataFrame(rows)


def _alike(configurations: Sequence[dict[str, JsonValue]]) -> Sequence[dict[str, JsonValue]]:
    """The configurations, or the first alone where all are the same."""
    return configurations[:1] if all(one == configurations[0] for one in configurations) else configurations


def figures_table(cells: Sequence[CellResult]) -> pd.DataFrame:
    """The figures of finished cells, one row a cell and figure."""
    import pandas as pd

    rows = [_names_of(cell) | figure.model_dump(exclude={"target"}) for cell in cells for figure in cell.figures]
    return pd.DataFrame(rows)


def _names_of(cell: CellResult) -> dict[str, object]:
    """Names that tell a cell from others, through all tables."""
    modalities = "+".join(cell.plan.modalities)
    return {"dataset": cell.plan.dataset, "modalities": modalities, "system": cell.system, "seed": cell.seed}


@dataclass(frozen=True)
class SystemCells:
    """The cells of one system: its metrics by seed, and its prediction averaged over the seeds.

    Attributes:
        metrics: Of each seed, by key and subject.
        averaged: Of the mean of the seeds' predictions: one prediction a sample, for tests that need independent ones.
    """

    metrics: tuple[dict[tuple[str, str], Metric], ...]
    averaged: dict[tuple[str, str], Metric]

    @classmethod
    def of(cls, cells: Sequence[CellResult]) -> SystemCells:
        """Measure the cells of one system again, from their stored predictions."""
        predictions = [np.asarray(cell.predictions, dtype=np.float64) for cell in cells]
        scales = [torch.from_numpy(x).softmax(1).numpy() if _classes(cells[0]) else x for x in predictions]
        return cls(
            tuple(_metrics(cell, x) for cell, x in zip(cells, predictions, strict=True)),
            _metrics(cells[0], np.mean(scales, axis=0)),
        )


def comparisons(cells: Sequence[CellResult], reference: str = REFERENCE) -> pd.DataFrame:
    """Every system of one table: mean and standard deviation over its seeds, and its difference to a reference.

    The difference is that of the means over seeds; its interval and p-value are of a paired bootstrap over the test
    videos, the same for both systems. For accuracies McNemar's exact test compares the predictions averaged over seeds
    (McNemar, 1947), where each test sample is a video of its own: it takes samples for independent. p-values are
    corrected by Holm's method (Holm, 1979), each metric alone: for the number of the ablations of MFM (Table 2), and
    for the number of all other systems (Table 1), which are another question.

    Args:
        cells: Finished cells of one table.
        reference: System that the others are compared with; where it has no cell there are no differences.

    Returns:
        A row a system, metric and subject.

    Raises:
        ValueError: If the cells are of different tables.
    """
    import pandas as pd

    by_system = _by_system(cells)
    measured = {system: SystemCells.of(of_system) for system, of_system in by_system.items()}
    rows: list[dict[str, object]] = []
    for system, found in measured.items():
        for (key, subject), metric in found.metrics[0].items():
            of_seeds = [each[key, subject] for each in found.metrics]
            row = _row(by_system[system][0], metric, np.array([one.value for one in of_seeds]))
            row["low"], row["high"] = _interval(of_seeds, np.asarray(cells[0].units))
            row |= _budget(by_system[system])
            other = measured.get(reference)
            if other is not None and system != reference:
                row |= _against(found, other, (key, subject), np.asarray(cells[0].units))
            rows.append(row)
    table = pd.DataFrame(rows)
    for column in ("p", "p_mcnemar"):
        if column in table:
            families = ["key", "subject", table["system"].isin(TABLE_2)]
            table[f"{column}_holm"] = table.groupby(families)[column].transform(
                lambda p: pd.Series(holm(p.to_numpy()), index=p.index)
            )
    return table


def differences(
    cells: Sequence[CellResult], pairs: Sequence[tuple[str, str]], places: Container[tuple[str, str]] | None = None
) -> pd.DataFrame:
    """The difference of the two systems of each pair, as :func:`comparisons` has it of each system and its reference.

    Args:
        cells: Finished cells of one table.
        pairs: Names of systems; a pair of which one has no cell is left out.
        places: Key and subject of the metrics; without it all.

    Returns:
        A row a pair, metric and subject: ``difference`` is that of the means over seeds, the first minus the second,
        ``low`` and ``high`` the ends of its 95 % interval, and ``p`` its p-value, not corrected; these three are
        missing where there are too few samples.

    Raises:
        ValueError: If the cells are of different tables.
    """
    import pandas as pd

    by_system = _by_system(cells)
    named = dict.fromkeys(name for pair in pairs for name in pair)
    measured = {name: SystemCells.of(by_system[name]) for name in named if name in by_system}
    rows: list[dict[str, object]] = []
    for first, second in pairs:
        if first not in measured or second not in measured:
            continue
        ours, other = measured[first], measured[second]
        for place, metric in ours.metrics[0].items():
            if places is not None and place not in places:
                continue
            mine, theirs = (np.array([each[place].value for each in found.metrics]) for found in (ours, other))
            row = _row(by_system[first][0], metric, mine)
            tested = _against(ours, other, place, np.asarray(cells[0].units))
            row |= {"other": second, "seeds": min(len(mine), len(theirs)), "difference": mine.mean() - theirs.mean()}
            row |= {"low": tested.get("difference_low"), "high": tested.get("difference_high"), "p": tested.get("p")}
            rows.append({name: value for name, value in row.items() if name not in ("mean", "sd")})
    return pd.DataFrame(rows)


def _by_system(cells: Sequence[CellResult]) -> dict[str, list[CellResult]]:
    if len({cell.plan.model_dump_json() for cell in cells}) > 1:
        raise ValueError("cells: expected cells of one table, got several")
    by_system: dict[str, list[CellResult]] = {}
    for cell in cells:
        by_system.setdefault(cell.system, []).append(cell)
    return by_system


def _row(cell: CellResult, metric: Metric, values: Floats) -> dict[str, object]:
    return {
        "dataset": cell.plan.dataset,
        "modalities": "+".join(cell.plan.modalities),
        "system": cell.system,
        "key": metric.key,
        "subject": metric.subject,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "n": metric.n,
        "videos": min(metric.n, len(set(cell.units))),
        "seeds": len(values),
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)) if len(values) > 1 else math.nan,
    }


def _budget(cells: Sequence[CellResult]) -> dict[str, object]:
    """Configurations tried for each split at most, training samples (0: all) and the day of the last cell."""
    plan = cells[0].plan
    return {
        "trials": plan.trials,
        "train_samples": plan.train_samples,
        "date": max(cell.date for cell in cells)[: len("2026-01-01")],
    }


def _against(ours: SystemCells, other: SystemCells, place: tuple[str, str], units: Ints) -> dict[str, object]:
    """Difference of our mean over seeds to the other's, with its interval and p-values."""
    mine, theirs = ([each[place] for each in cells.metrics] for cells in (ours, other))
    metrics = [*mine, *theirs]
    if _few(mine[0], units) or not all(math.isfinite(metric.value) for metric in metrics):
        return {}
    weights = np.array([1 / len(mine)] * len(mine) + [-1 / len(theirs)] * len(theirs))
    drawn = _drawn(metrics, weights, units)
    if not len(drawn):
        return {}
    low, high = np.percentile(drawn, [2.5, 97.5])
    found: dict[str, object] = {
        "difference": float(weights @ np.array([metric.value for metric in metrics])),
        "difference_low": float(low),
        "difference_high": float(high),
        "p": two_sided(drawn),
    }
    a, b = ours.averaged[place].hits, other.averaged[place].hits
    if a is not None and b is not None and len(np.unique(units)) == len(units):
        found |= mcnemar(a, b)
    return found


def _few(metric: Metric, units: Ints) -> bool:
    """Whether there are too few samples or videos for an interval."""
    return min(metric.n, len(np.unique(units))) < MIN_SAMPLES


def _drawn(metrics: Sequence[Metric], weights: Floats, units: Ints) -> Floats:
    """Bootstrap distribution of a weighted sum of one metric of several cells, over the same units for all."""
    width = metrics[0].sums.shape[1]

    def weighted(sums: Floats) -> Floats:
        each = [metric.of_sums(sums[..., i * width : (i + 1) * width]) for i, metric in enumerate(metrics)]
        return np.asarray(np.tensordot(weights, np.stack(each), axes=1))

    sums = np.concatenate([metric.sums for metric in metrics], axis=1)
    drawn = bootstrap_distribution(sums, weighted, units, n_resamples=N_RESAMPLES)
    return drawn[np.isfinite(drawn)]


def _interval(metrics: Sequence[Metric], units: Ints) -> tuple[float, float]:
    """95 % interval of the mean over seeds, over the test videos; NaN where it has none."""
    if _few(metrics[0], units) or not all(math.isfinite(metric.value) for metric in metrics):
        return math.nan, math.nan
    drawn = _drawn(metrics, np.full(len(metrics), 1 / len(metrics)), units)
    if not len(drawn):
        return math.nan, math.nan
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def mcnemar(ours: Floats, theirs: Floats) -> dict[str, object]:
    """McNemar's exact test of two systems on the same samples.

    Args:
        ours: Where we are right, ``(N,)`` of 0 and 1; NaN where a sample does not count.
        theirs: Where they are right, likewise.

    Returns:
        Samples that only one of them gets right (``only_ours``, ``only_theirs``), and ``p_mcnemar``.
    """
    gained, lost = int(((ours == 1) & (theirs == 0)).sum()), int(((ours == 0) & (theirs == 1)).sum())
    return {"only_ours": gained, "only_theirs": lost, "p_mcnemar": mcnemar_p(gained, lost)}


def _classes(cell: CellResult) -> bool:
    return any(figure.key == "accuracy" for figure in cell.figures)


def _metrics(cell: CellResult, x: Floats) -> dict[tuple[str, str], Metric]:
    y = np.array([[math.nan if one is None else one for one in row] for row in cell.labels])
    found = label_metrics(x, y[:, 0] if _classes(cell) else y, cell.plan.dataset)
    return {(metric.key, metric.subject): metric for metric in found}
