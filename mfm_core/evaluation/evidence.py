"""Evidence that verdicts on claims are computed from, the numbers that they rest on, and their outcomes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd
from pydantic import JsonValue

from mfm_core.evaluation.figures import Figure, Unit, read_figures

Verdict = Literal["holds", "not refuted", "does not hold", "not measured yet", "cannot be tested here"]
"""A claim that nobody is better is not refuted where none is found to be.

The last two: data are there but no result is stored; and the data that there are cannot decide it."""


@dataclass(frozen=True)
class Evidence:
    """Evidence that verdicts are computed from.

    Attributes:
        comparisons: Rows of :func:`mfm_core.experiments.results.read_comparisons`; empty where no table is stored.
        metrics: ``metrics.json`` of stored models, by name.
        pairs: Rows of :func:`mfm_core.experiments.results.read_pairs`; empty likewise.
    """

    comparisons: pd.DataFrame
    metrics: Mapping[str, Mapping[str, JsonValue]]
    pairs: pd.DataFrame = field(default_factory=pd.DataFrame)

    def rows(self, dataset: str, key: str) -> pd.DataFrame:
        """Every system of a data set in one metric of the whole label."""
        return _of_whole_label(self.comparisons, dataset, key)

    def pair(self, dataset: str, key: str, first: str, second: str) -> pd.Series | None:
        """The difference of two models in one metric of the whole label; None where it was not measured."""
        table = _of_whole_label(self.pairs, dataset, key)
        found = table if table.empty else table[(table["system"] == first) & (table["other"] == second)]
        return None if found.empty else found.iloc[0]

    def figure(self, model: str, key: str, subject: str) -> Figure | None:
        """A figure of a stored model; None where it was not measured."""
        for figure in read_figures(self.metrics.get(model, {}).get("figures"), model):
            if (figure.key, figure.subject) == (key, subject):
                return figure
        return None

    def ratio(self, model: str, modality: str, bandwidth: float | str) -> Mapping[str, float] | None:
        """The dependency ratio of a modality at a bandwidth: ``value``, ``low``, ``high`` and ``n`` samples.

        They are of ``n_units`` videos, NaN where each is a video of its own.
        """
        ratios = self.metrics.get(model, {}).get("dependency")
        for ratio in ratios if isinstance(ratios, list) else []:
            if isinstance(ratio, dict) and ratio.get("modality") == modality and ratio.get("bandwidth") == bandwidth:
                parts = {"value": "ratio", "low": "low", "high": "high", "n": "n", "n_units": "n_units"}
                return {part: number(ratio.get(stored)) for part, stored in parts.items()}
        return None


def _of_whole_label(table: pd.DataFrame, dataset: str, key: str) -> pd.DataFrame:
    if table.empty:
        return table
    return table[(table["dataset"] == dataset) & (table["key"] == key) & (table["subject"] == "")]


@dataclass(frozen=True)
class Measurement:
    """A number that a verdict rests on.

    Attributes:
        what: Of what.
        unit: What it is read in.
        value: Ours.
        low: Lower end of its 95 % interval, NaN where it has none.
        high: Upper end.
        paper: The paper's number, None where it prints none.
        p: p-value of its test, not corrected; None where there is none.
        p_holm: The same after Holm's correction for all tests of its table; None where there was one test alone.
        target: The most that it may be, as the model's card has it; None where no such bound is set.
        difference: Whether it is a difference of two numbers: of shares it is read in points.
        n: How many samples it is of, or clusters of them that its interval is over; None where that is not stored.
        of: What is counted by ``n``, such as ``photographs``.
        seeds: Over how many seeds it is a mean; None where it is of one model.
    """

    what: str
    unit: Unit
    value: float
    low: float = math.nan
    high: float = math.nan
    paper: float | None = None
    p: float | None = None
    p_holm: float | None = None
    target: float | None = None
    difference: bool = False
    n: int | None = None
    of: str = "samples"
    seeds: int | None = None


@dataclass(frozen=True)
class Outcome:
    """Verdict on a claim.

    Attributes:
        verdict: Whether it holds.
        because: Why, in a sentence.
        measurements: What it rests on.
        command: That measures it, where it is not measured yet; else empty.
    """

    verdict: Verdict
    because: str
    measurements: tuple[Measurement, ...] = ()
    command: str = ""


def number(value: JsonValue) -> float:
    """A number, or NaN where what is stored is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def count(value: JsonValue) -> int | None:
    """A number of samples; None where what is stored is none."""
    return int(given) if math.isfinite(given := number(value)) else None


def untestable(because: str, measurements: Sequence[Measurement] = ()) -> Outcome:
    """The outcome of a claim that the data that there are cannot decide."""
    return Outcome("cannot be tested here", because, tuple(measurements))


def unmeasured(because: str, command: str, measurements: Sequence[Measurement] = ()) -> Outcome:
    """The outcome of a claim whose data are there and of which no result is stored."""
    return Outcome("not measured yet", because, tuple(measurements), f"python -m mfm_core {command}")


def not_refuted(because: str, measurements: Sequence[Measurement]) -> Outcome:
    """The outcome of a claim that something is not so, where a test did not find it."""
    return Outcome("not refuted", because, tuple(measurements))


def decided(holds: bool, because: str, measurements: Sequence[Measurement]) -> Outcome:
    """The outcome of a claim that was tested."""
    return Outcome("holds" if holds else "does not hold", because, tuple(measurements))
