"""Repeated cross-validation, for data sets too small for one split to say anything."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from pydantic import JsonValue

from mfm_core.evaluation.statistics import Estimate
from mfm_core.evaluation.videos import evaluate_sequences
from mfm_core.model import MFM
from mfm_core.training.loop import train
from mfm_core.training.videos import FoldConfig, SequenceRun, SequenceTask, load_run_data


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
    on_fold: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, JsonValue]:
    """Train and measure a run once for every fold of every repetition; what is measured is kept and not done again.

    Args:
        run: The configuration; its own ``fold`` is replaced.
        folder: Holds a folder a fold.
        repetitions: How often the samples are dealt anew.
        folds: Into how many parts.
        on_fold: Called with the number of folds done and their number in all.

    Returns:
        A table for ``metrics.json``: each figure's mean over the folds with its interval.

    Raises:
        ValueError: If there are fewer than three folds, or training fails.
    """
    if repetitions < 1:
        raise ValueError(f"repetitions: expected at least 1, got {repetitions}")
    places = [(repetition, fold) for repetition in range(repetitions) for fold in range(folds)]
    measured = []
    for done, (repetition, fold) in enumerate(places):
        on_fold(done, len(places))
        chosen = FoldConfig(repetition=repetition, number=fold, of=folds)
        measured.append(_one_fold(run.model_copy(update={"fold": chosen}), folder / f"{repetition}-{fold}"))
    on_fold(len(places), len(places))
    rows: list[JsonValue] = []
    for name in measured[0]:
        limits = (-1.0, 1.0) if name.startswith("correlation") else (-math.inf, math.inf)
        values = [figures[name] for figures in measured]
        estimate = corrected_interval(values, test_share=1 / (folds - 2), limits=limits)
        rows.append(
            {"name": name, "value": estimate.value, "low": estimate.low, "high": estimate.high, "n": len(places)}
        )
    seed = run.training.seed
    note = f"{repetitions} x {folds}-fold cross-validation, seed {seed}; corrected resampled t-intervals."
    return {"note": note, "figures": rows}


def _one_fold(run: SequenceRun, folder: Path) -> Mapping[str, float]:
    """The figures of one fold, trained unless they are there."""
    path = folder / "figures.json"
    configuration = run.model_dump(mode="json")
    if path.is_file():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["configuration"] != configuration:
            raise ValueError(f"{folder}: holds a fold of another configuration; choose a new folder")
        return cast(Mapping[str, float], kept["figures"])
    model = cast(MFM, train(SequenceTask(run, torch.zeros(0).device), run.training, folder))
    held_out = load_run_data(run).part("test")
    figures = {figure.name: figure.estimate.value for figure in evaluate_sequences(model, held_out)}
    path.write_text(json.dumps({"configuration": configuration, "figures": figures}, indent=2), encoding="utf-8")
    return figures
