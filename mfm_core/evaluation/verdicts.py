"""Verdicts on claims of the paper, each computed from stored results: tables of systems and the metrics of models."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import pandas as pd
from pydantic import JsonValue

from mfm_core.data.registry import dataset_info, dataset_infos
from mfm_core.evaluation.figures import Figure, Unit, read_figures, shown_p
from mfm_core.evaluation.paper_ratios import PAPER_RATIOS
from mfm_core.networks.ablation import DESIGNS
from mfm_core.studio.truth import MODALITIES, WORLD_OF
from mfm_core.systems.registry import system_info

Verdict = Literal["holds", "does not hold", "cannot be tested here"]
LEVEL = 0.05
MIN_BASELINES = 8
"""Systems without which a data set says nothing about which baseline is best."""
MFM, MAJORITY, ABLATIONS = "mfm", "majority", tuple(DESIGNS)
DIGITS = ("svhn", "mnist")


class Reader(NamedTuple):
    """A system that reads some modalities.

    Attributes:
        system: Name in the registry.
        modalities: Those that it reads.
    """

    system: str
    modalities: frozenset[str]

    @property
    def title(self) -> str:
        """Title in tables: ``MM``, or ``UM(SVHN)`` where it does not read both modalities of the digits."""
        title = system_info(self.system).title
        read = ", ".join(dataset_info(name).title for name in DIGITS if name in self.modalities)
        return title if self.modalities == frozenset(DIGITS) else f"{title}({read})"


MM_OF_BOTH, MFM_OF_BOTH = Reader("mm", frozenset(DIGITS)), Reader(MFM, frozenset(DIGITS))


@dataclass(frozen=True)
class Evidence:
    """Evidence that verdicts are computed from.

    Attributes:
        comparisons: Rows of :func:`mfm_core.experiments.results.read_comparisons`; empty where no table is stored.
        metrics: ``metrics.json`` of stored models, by name.
    """

    comparisons: pd.DataFrame
    metrics: Mapping[str, Mapping[str, JsonValue]]

    def rows(self, dataset: str, key: str) -> pd.DataFrame:
        """Every system of a data set in one metric of the whole label."""
        table = self.comparisons
        if table.empty:
            return table
        return table[(table["dataset"] == dataset) & (table["key"] == key) & (table["subject"] == "")]

    def figure(self, model: str, key: str, subject: str) -> Figure | None:
        """A figure of a stored model; None where it was not measured."""
        for figure in read_figures(self.metrics.get(model, {}).get("figures"), model):
            if (figure.key, figure.subject) == (key, subject):
                return figure
        return None

    def ratio(self, model: str, modality: str) -> Mapping[str, float] | None:
        """The dependency ratio of a modality at the paper's bandwidth: ``value``, ``low``, ``high``."""
        ratios = self.metrics.get(model, {}).get("dependency")
        for ratio in ratios if isinstance(ratios, list) else []:
            if isinstance(ratio, dict) and ratio.get("modality") == modality and ratio.get("bandwidth") == 1.0:
                parts = {"value": "ratio", "low": "low", "high": "high"}
                return {part: _number(ratio.get(stored)) for part, stored in parts.items()}
        return None


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
        p: p-value of its test, corrected where there were several; None where there is none.
    """

    what: str
    unit: Unit
    value: float
    low: float = math.nan
    high: float = math.nan
    paper: float | None = None
    p: float | None = None


@dataclass(frozen=True)
class Outcome:
    """Verdict on a claim.

    Attributes:
        verdict: Whether it holds.
        because: Why, in a sentence.
        measurements: What it rests on.
    """

    verdict: Verdict
    because: str
    measurements: tuple[Measurement, ...] = ()


def _number(value: JsonValue) -> float:
    """A number, or NaN where what is stored is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def untestable(because: str, measurements: Sequence[Measurement] = ()) -> Outcome:
    """The outcome of a claim for which nothing is stored that decides it."""
    return Outcome("cannot be tested here", because, tuple(measurements))


def decided(holds: bool, because: str, measurements: Sequence[Measurement]) -> Outcome:
    """The outcome of a claim that was tested."""
    return Outcome("holds" if holds else "does not hold", because, tuple(measurements))


def digit_accuracy(evidence: Evidence) -> dict[Reader, Mapping[str, JsonValue]]:
    """The rows of the stored comparison of Figure 5(b), by the system and the modalities that it reads."""
    stored = evidence.metrics.get("svhn_mnist", {}).get("comparison")
    systems = stored.get("systems") if isinstance(stored, dict) else None
    found: dict[Reader, Mapping[str, JsonValue]] = {}
    for row in systems if isinstance(systems, list) else []:
        if isinstance(row, dict) and isinstance(read := row.get("modalities"), list) and _accuracies(row):
            found[Reader(str(row.get("name")), frozenset(map(str, read)))] = row
    return found


def _accuracies(row: Mapping[str, JsonValue]) -> list[float]:
    """The accuracies of the seeds of a system; none where they are not stored, or one of them is no number."""
    each = row.get("accuracies")
    values = [_number(one) for one in each] if isinstance(each, list) else []
    return values if all(math.isfinite(value) for value in values) else []


def _accuracy(reader: Reader, row: Mapping[str, JsonValue]) -> Measurement:
    """The mean accuracy of a row of :func:`digit_accuracy`, with its interval over photographs and seeds if stored."""
    values = _accuracies(row)
    seeds = f"{len(values)} seed{'s' if len(values) > 1 else ''}"
    mean, low, high = sum(values) / len(values), _number(row.get("low")), _number(row.get("high"))
    return Measurement(f"{reader.title}, mean accuracy of {seeds}", "share", mean, low, high)


def multimodal_is_better(evidence: Evidence) -> Outcome:
    """Two modalities classify digits better than either alone."""
    found = digit_accuracy(evidence)
    readers = [*(Reader("um", frozenset({one})) for one in DIGITS), MM_OF_BOTH]
    if not set(readers) <= set(found):
        return untestable("the stored models of one and of two modalities were not compared")
    # The p-values stored beside these accuracies are of MFM against each, another claim's.
    *alone, both = (replace(_accuracy(reader, found[reader]), p=None) for reader in readers)
    above = all(both.value > one.value for one in alone)
    because = "MM is above both" if above else "MM is not above both"
    return decided(above, f"{because} in mean accuracy on the same held-out pairs", [*alone, both])


def mfm_beats_mm(evidence: Evidence) -> Outcome:
    """MFM classifies digits better than the discriminative baseline of both modalities."""
    found = digit_accuracy(evidence)
    readers = (MM_OF_BOTH, MFM_OF_BOTH)
    if not set(readers) <= set(found):
        return untestable("MFM and MM were not compared")
    rows = [_accuracy(reader, found[reader]) for reader in readers]
    ahead = f"MFM is {'ahead' if rows[1].value > rows[0].value else 'not ahead'} on average"
    tested = found[MM_OF_BOTH].get("difference")
    if "difference" in found[MFM_OF_BOTH] or not isinstance(tested, dict):  # that of MM could be to another system
        return untestable(f"{ahead}, but no test over photographs and seeds is stored", rows)
    gap, low, high, p = (_number(tested.get(part)) for part in ("value", "low", "high", "p"))
    rows.append(Measurement("MFM minus MM", "share", gap, low, high, p=p))
    if math.isnan(p):
        return untestable(f"{ahead}, but of too few photographs for a test", rows)
    because = f"{ahead}; the bootstrap over photographs and seeds gives p {shown_p(p)}"
    return decided(gap > 0 and p < LEVEL, because, rows)


def _figures(evidence: Evidence, model: str, key: str, subjects: Sequence[str], what: str) -> list[Measurement]:
    """Those of the figures of one key that were measured; in ``what``, ``{of}`` stands for the subject's modality."""
    found = []
    for subject in subjects:
        if (figure := evidence.figure(model, key, subject)) is not None:
            title = what.format(of=" and ".join(figure.modalities))
            found.append(Measurement(title, figure.unit, figure.value, figure.low, figure.high))
    return found


def flexible_generation(evidence: Evidence) -> Outcome:
    """With Z_y kept, generated pictures show its digit whatever the style."""
    what = "{of}: judge finds the digit of Z_y, Z_a from the prior"
    rows = _figures(evidence, "svhn_mnist", "prior_style_accuracy", DIGITS, what)
    if len(rows) < len(DIGITS):
        return untestable("no model of SVHN and MNIST was measured")
    least = min(row.low for row in rows)
    because = f"the lower end of the intervals is {100 * least:.1f} %, at chance it would be 10 %"
    return decided(least > 0.9, because, rows)


def labels_and_styles_apart(evidence: Evidence) -> Outcome:
    """The modality-specific codes hold the style and not the label."""
    what = "{of}: the best probe reads the digit from Z_a"
    rows = _figures(evidence, "svhn_mnist", "probe_accuracy", DIGITS, what)
    if len(rows) < len(DIGITS):
        return untestable("no model of SVHN and MNIST was probed")
    most = max(row.high for row in rows)
    what = "{of}: rate of its most frequent digit"
    frequent = _figures(evidence, "svhn_mnist", "most_frequent_class", DIGITS, what)
    because = f"the interval of what the best probe reads from Z_a ends at {100 * most:.1f} % of the digits"
    return decided(most < 0.2, because, rows + frequent)


def competitive(dataset: str) -> Callable[[Evidence], Outcome]:
    """No other system is significantly better than MFM in any metric that the paper reports of a data set.

    Data on which MFM itself is not told apart from the most frequent label tell no two systems apart.
    """

    def judge(evidence: Evidence) -> Outcome:
        rows: list[Measurement] = []
        better: list[str] = []
        above_majority: list[bool] = []
        for key in dataset_info(dataset).metrics:
            table = evidence.rows(dataset, key)
            if table.empty or MFM not in set(table["system"]):
                return untestable("no result of MFM on these data is stored")
            for _, row in table[~table["system"].isin((MFM, *ABLATIONS))].iterrows():
                gap = row["difference"] if row["higher_is_better"] else -row["difference"]
                if math.isfinite(gap):
                    what = f"{row['system']} minus MFM, {key}"
                    interval = row["difference_low"], row["difference_high"]
                    rows.append(Measurement(what, row["unit"], row["difference"], *interval, p=row["p_holm"]))
                    if gap > 0 and row["p_holm"] < LEVEL:
                        better.append(f"{row['system']} ({key})")
                    if row["system"] == MAJORITY:
                        above_majority.append(gap < 0 and row["p_holm"] < LEVEL)
        if not rows:
            return untestable("no other system was compared with MFM on these data")
        if above_majority and not better and not any(above_majority):
            return untestable("MFM is not told apart from the most frequent label here, so that no two are", rows)
        because = (
            f"significantly better than MFM after Holm's correction: {', '.join(better)}"
            if better
            else f"none of {len(rows)} comparisons finds a system better than MFM (Holm, level {LEVEL})"
        )
        return decided(not better, because, rows)

    return judge


def baselines_vary(evidence: Evidence) -> Outcome:
    """The best baseline is not the same on every data set."""
    best: list[Measurement] = []
    winners: set[str] = set()
    for info in (one for one in dataset_infos() if one.metrics):
        dataset, key = info.name, info.metrics[0]
        table = evidence.rows(dataset, key)
        table = table[~table["system"].isin((MFM, *ABLATIONS))] if not table.empty else table
        table = table.dropna(subset=["mean"]) if not table.empty else table
        if len(table) < MIN_BASELINES:
            continue
        row = table.loc[table["mean"].idxmax() if table["higher_is_better"].iloc[0] else table["mean"].idxmin()]
        winners.add(str(row["system"]))
        best.append(Measurement(f"{dataset}, {key}: {row['system']}", row["unit"], row["mean"]))
    if len(best) < 2:
        return untestable(f"results of {MIN_BASELINES} baselines are stored for fewer than two data sets")
    because = f"the best baselines of {len(best)} data sets are {', '.join(sorted(winners))}"
    return decided(len(winners) > 1, because, best)


def each_better(pairs: Sequence[tuple[str, str]], dataset: str = "cmu_mosi") -> Callable[[Evidence], Outcome]:
    """In each pair the first system has the better mean in most of the metrics of Table 2."""

    def judge(evidence: Evidence) -> Outcome:
        rows: list[Measurement] = []
        wins: list[bool] = []
        for key in dataset_info(dataset).metrics:
            table = (
                evidence.rows(dataset, key).set_index("system") if not evidence.comparisons.empty else pd.DataFrame()
            )
            for first, second in pairs:
                if first not in table.index or second not in table.index:
                    return untestable(f"{first} and {second} are not both stored for {dataset}")
                one, other = table.loc[first], table.loc[second]
                gap = float(one["mean"] - other["mean"])
                wins.append(gap > 0 if one["higher_is_better"] else gap < 0)
                rows.append(Measurement(f"{first} minus {second}, {key}", one["unit"], gap))
        because = f"{sum(wins)} of {len(wins)} differences of means go that way; most of them are needed"
        return decided(sum(wins) > len(wins) / 2, because, rows)

    return judge


def language_leads(evidence: Evidence) -> Outcome:
    """On CMU-MOSI language depends more on the label's factor than the voice does, at the paper's bandwidth."""
    paper = {name: PAPER_RATIOS["CMU-MOSI"][name] for name in ("language", "acoustic")}
    found = {name: evidence.ratio("cmu_mosi", name) for name in paper}
    rows = [
        Measurement(f"r_i of {name}", "score", ratio["value"], ratio["low"], ratio["high"], paper[name])
        for name, ratio in found.items()
        if ratio is not None
    ]
    if len(rows) < len(paper):
        return untestable("no model of CMU-MOSI with language and voice was measured")
    holds = rows[0].low > rows[1].high
    overlap = "do not overlap" if holds else "overlap, or voice is ahead"
    return decided(holds, f"the intervals {overlap}; the data here have no face, so its place is not tested", rows)


def flow_finds_evidence(evidence: Evidence) -> Outcome:
    """The gradient-norm flow of F_y is larger at steps that carry evidence."""
    rows = []
    for world in WORLD_OF:
        subjects = [f"{modality}:norm" for modality in MODALITIES]
        rows += _figures(evidence, world, "evidence_auc", subjects, f"{world}, {{of}}: area under the curve")
    if not rows:
        return untestable("no model of clips whose evidence is known was measured")
    above = [row.what for row in rows if row.low > 0.5]
    because = f"above chance (0.5) with its whole interval in {len(above)} of {len(rows)} cases; all are needed"
    return decided(len(above) == len(rows), because, rows)
