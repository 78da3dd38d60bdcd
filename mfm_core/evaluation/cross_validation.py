"""Repeated cross-validation, for data sets too small for one split to say anything."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from pydantic import JsonValue

from mfm_core.data.registry import dataset_info, dataset_infos
from mfm_core.evaluation.figures import Figure, Unit, read_figures
from mfm_core.evaluation.statistics import Estimate
from mfm_core.evaluation.videos import evaluate_sequences
from mfm_core.files.writing import write_whole
from mfm_core.model import MFM
from mfm_core.storage.folder import read_text
from mfm_core.training.loop import Report, train
from mfm_core.training.videos import FoldConfig, SequenceRun, SequenceTask, load_run_data

LIMITS: Mapping[Unit, tuple[float, float]] = {"share": (0, 1), "area": (0, 1), "correlation": (-1, 1)}
"""Lowest and highest value that figures of a unit can take, where there is one."""


def corrected_interval(
    values: Sequence[float], *, test_share: float, limits: tuple[float, float] = (-math.inf, math.inf)
) -> Estimate:
    """Mean over the folds of a repeated cross-validation, with the corrected resampled t-interval.

    The folds share their training samples, so their spread understates the uncertainty: the variance of the mean is
    (1 / J + test / train) times that of the folds (Nadeau and Bengio, 2003, section 5).

    Args:
        values: One figure a fold, ``J`` in all.
        test_share: Held-out samples over training samples.
        limits: Lowest and highest value the figure can take; the interval ends there.

    Raises:
        ValueError: If there are fewer than two folds.
    """
    from scipy.stats import t

    n = len(values)
    if n < 2:
        raise ValueError(f"values: expected at least two folds, got {n}")
    spread = float(np.var(values, ddof=1)) * (1 / n + test_share)
    half = float(t.ppf(0.975, n - 1)) * spread**0.5
    centre = float(np.mean(values))
    return Estimate(centre, max(centre - half, limits[0]), min(centre + half, limits[1]), n)


def cross_validate(
    run: SequenceRun,
    folder: Path,
    *,
    repetitions: int = 5,
    folds: int = 5,
    on_report: Callable[[int, int, Report], None] = lambda fold, step, report: None,
) -> dict[str, JsonValue]:
    """Train and measure a run once for every fold of every repetition; what is measured is kept and not done again.

    Args:
        run: The configuration; its own ``fold`` is replaced.
        folder: Holds a folder a fold.
        repetitions: How often the samples are dealt anew.
        folds: Into how many parts.
        on_report: Called after every step with the number of the fold, of the step, and the terms of the cost; after a
            fold that was there already with its last step and no terms.

    Returns:
        A table for ``metrics.json``: each figure's mean over the folds with its interval.

    Raises:
        ValueError: If there are fewer than three folds, the data set cannot be dealt into folds, or training fails.
    """
    if dataset_info(run.data).folds is None:
        known = ", ".join(info.name for info in dataset_infos() if info.folds is not None)
        raise ValueError(f"data: expected {known} or a data set that you imported, to deal into folds, got {run.data}")
    if repetitions < 1:
        raise ValueError(f"repetitions: expected at least 1, got {repetitions}")
    places = [(repetition, fold) for repetition in range(repetitions) for fold in range(folds)]
    measured = []
    for done, (repetition, fold) in enumerate(places):
        chosen = FoldConfig(repetition=repetition, number=fold, of=folds)
        one = run.model_copy(update={"fold": chosen})
        measured.append(_one_fold(one, folder / f"{repetition}-{fold}", partial(on_report, done)))
    table = [averaged(same, test_share=1 / (folds - 2)) for same in zip(*measured, strict=True)]
    seed = run.training.seed
    note = f"{repetitions} x {folds}-fold cross-validation, seed {seed}; corrected resampled t-intervals."
    return {"note": note, "figures": [one.stored() for one in table]}


def averaged(folds: Sequence[Figure], *, test_share: float) -> Figure:
    """The mean of one figure over folds with its corrected interval; as ``n`` the number of folds.

    Why a fold has no interval of its own does not matter here: the interval is that of the folds' values.

    Args:
        folds: The same figure of each fold.
        test_share: Held-out samples over training samples.

    Raises:
        ValueError: If the figures are of different things, or there are fewer than two folds.
    """
    first = folds[0]
    for other in folds[1:]:
        if (other.key, other.subject) != (first.key, first.subject):
            raise ValueError(f"folds: expected figures of {first.key} {first.subject!r}, got {other.key}")
    limits = LIMITS.get(first.unit, (-math.inf, math.inf))
    found = corrected_interval([one.value for one in folds], test_share=test_share, limits=limits)
    reason = "" if math.isfinite(found.value) else next((one.reason for one in folds if one.reason), "")
    numbers = {"value": found.value, "low": found.low, "high": found.high, "n": found.n}
    return first.model_copy(update={**numbers, "reason": reason})


def _one_fold(run: SequenceRun, folder: Path, on_report: Callable[[int, Report], None]) -> tuple[Figure, ...]:
    """The figures of one fold, trained unless they are there."""
    path = folder / "figures.json"
    configuration = run.model_dump(mode="json")
    if path.is_file():
        try:
            kept = json.loads(read_text(path))
            same = SequenceRun.model_validate(kept["configuration"]) == run
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ValueError(f"{path}: expected the figures of a fold, got a damaged file; delete it") from None
        if not same:
            raise ValueError(f"{folder}: holds a fold of another configuration; choose a new folder")
        on_report(run.training.steps, {})
        return read_figures(kept.get("figures"), str(path))
    model = cast(MFM, train(SequenceTask(run, torch.zeros(0).device), run.training, folder, on_report=on_report))
    held_out = load_run_data(run).part("test")
    figures = tuple(evaluate_sequences(model, held_out))
    stored = {"configuration": configuration, "figures": [one.stored() for one in figures]}
    write_whole(path, json.dumps(stored, indent=2))
    return figures
