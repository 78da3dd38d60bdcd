"""Verdicts on claims of the paper, each computed from stored results: tables of systems and the metrics of models."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import JsonValue

from mfm_core.data.registry import dataset_info, dataset_infos, modality_info
from mfm_core.evaluation.evidence import Evidence, Measurement, Outcome, count, decided, number, unmeasured, untestable
from mfm_core.evaluation.figures import shown, shown_difference, shown_p, shown_with_interval
from mfm_core.evaluation.paper_ratios import PAPER_RATIOS
from mfm_core.evaluation.quantities import QUANTITIES
from mfm_core.evaluation.statistics import holm
from mfm_core.networks.ablation import DESIGNS
from mfm_core.studio.truth import MODALITIES, WORLD_OF
from mfm_core.systems.registry import system_info, system_names

LEVEL = 0.05
MIN_BASELINES = 8
"""Systems without which a data set says nothing about which baseline is best."""
MFM, MAJORITY, ABLATIONS = "mfm", "majority", tuple(DESIGNS)
DIGITS = ("svhn", "mnist")
PAPER_BANDWIDTH = 1.0
"""Of the kernels, of the ratios that the paper prints."""
LABEL_ACCURACY, EVALUATE_DIGITS = "label-accuracy --into svhn_mnist", "evaluate svhn_mnist"
"""Commands that measure the claims on digits."""


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


def title_of(system: str) -> str:
    """Title of a system; of one that is not registered here, whose results are stored all the same, its name."""
    return system_info(system).title if system in system_names() else system


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
    values = [number(one) for one in each] if isinstance(each, list) else []
    return values if all(math.isfinite(value) for value in values) else []


def _accuracy(reader: Reader, row: Mapping[str, JsonValue]) -> Measurement:
    """The mean accuracy of a row of :func:`digit_accuracy`, with its interval over photographs and seeds if stored."""
    values = _accuracies(row)
    seeds = f"{len(values)} seed{'s' if len(values) > 1 else ''}"
    mean, low, high = sum(values) / len(values), number(row.get("low")), number(row.get("high"))
    what = f"{reader.title}, mean accuracy of {seeds}"
    return Measurement(what, "share", mean, low, high, n=count(row.get("n")), of="pairs")


def multimodal_is_better(evidence: Evidence) -> Outcome:
    """Two modalities classify digits better than either alone."""
    found = digit_accuracy(evidence)
    readers = [*(Reader("um", frozenset({one})) for one in DIGITS), MM_OF_BOTH]
    if not set(readers) <= set(found):
        return unmeasured("models of one and of two modalities were not compared", LABEL_ACCURACY)
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
        return unmeasured("MFM and MM were not compared", LABEL_ACCURACY)
    rows = [_accuracy(reader, found[reader]) for reader in readers]
    gap = rows[1].value - rows[0].value
    ahead = f"{'MFM' if gap > 0 else 'MM'} is ahead on average" if gap else "MFM and MM are level on average"
    tested = found[MM_OF_BOTH].get("difference")
    if "difference" in found[MFM_OF_BOTH] or not isinstance(tested, dict):  # that of MM could be to another system
        return unmeasured(f"{ahead}, but no test over photographs and seeds is stored", LABEL_ACCURACY, rows)
    gap, low, high, p = (number(tested.get(part)) for part in ("value", "low", "high", "p"))
    n = count(tested.get("n"))
    rows.append(Measurement("MFM minus MM", "share", gap, low, high, p=p, difference=True, n=n, of="photographs"))
    if math.isnan(p):
        return untestable(f"{ahead}, but of too few photographs for a test", rows)
    told = "significantly" if p < LEVEL else "not significantly"
    because = f"{ahead}, {told}: MFM minus MM is {shown_difference(gap, 'share')}, p {shown_p(p)} by the bootstrap"
    return decided(gap > 0 and p < LEVEL, because, rows)


def _figures(evidence: Evidence, model: str, key: str, subjects: Mapping[str, str], what: str) -> list[Measurement]:
    """Those of the figures of one key that were measured.

    Args:
        evidence: Where from.
        model: The stored model.
        key: Of the figures.
        subjects: Theirs, and of each what its n counts.
        what: Of what each is; ``{of}`` stands for the subject's modality.
    """
    found = []
    for subject, counted in subjects.items():
        if (figure := evidence.figure(model, key, subject)) is not None:
            title = what.format(of=" and ".join(modality_info(name).title for name in figure.modalities))
            most = None if figure.higher_is_better else figure.target
            numbers = figure.value, figure.low, figure.high
            found.append(Measurement(title, figure.unit, *numbers, target=most, n=figure.n, of=counted))
    return found


def flexible_generation(evidence: Evidence) -> Outcome:
    """With Z_y kept, generated pictures show its digit whatever the style."""
    what = "{of}: judge finds the digit of Z_y, Z_a from the prior"
    rows = _figures(evidence, "svhn_mnist", "prior_style_accuracy", dict.fromkeys(DIGITS, "photographs"), what)
    if len(rows) < len(DIGITS):
        return unmeasured("no model of SVHN and MNIST was measured", EVALUATE_DIGITS)
    least = min(row.low for row in rows)
    because = f"the lower end of the intervals is {100 * least:.1f} %; above 90 % the claim holds"
    return decided(least > 0.9, because, rows)


def labels_and_styles_apart(evidence: Evidence) -> Outcome:
    """The modality-specific codes hold the style and not the label: no probe reads it above the card's target."""
    counted = {"svhn": "photographs", "mnist": "digits"}
    rows = _figures(evidence, "svhn_mnist", "probe_accuracy", counted, "{of}: the best probe reads the digit from Z_a")
    if len(rows) < len(DIGITS) or any(row.target is None for row in rows):
        return unmeasured("no model of SVHN and MNIST was probed against a target", EVALUATE_DIGITS)
    frequent = _figures(evidence, "svhn_mnist", "most_frequent_class", counted, "{of}: rate of its most frequent digit")
    said = [_against_target(dataset_info(name).title, row) for name, row in zip(DIGITS, rows, strict=True)]
    below = [row.target is not None and row.high <= row.target for row in rows]
    return decided(all(below), "; ".join(said), [*rows, *frequent])


def _against_target(title: str, row: Measurement) -> str:
    """Whether a rate stays below its target by its interval, which decides, and by its value, a sentence."""
    most = math.nan if row.target is None else row.target
    value, aim, end = (shown(number, row.unit) for number in (row.value, most, row.high))
    if row.high <= most:
        return f"{title} passes: the interval ends at {end}, within the target of {aim}"
    if row.value <= most:
        return f"{title} fails: {value} is within the target of {aim}, but the interval, which decides, ends at {end}"
    return f"{title} fails: {value} is above the target of {aim}"


def competitive(dataset: str) -> Callable[[Evidence], Outcome]:
    """No other system is significantly better than MFM in any metric that the paper reports of a data set.

    Data on which MFM itself is not told apart from the most frequent label tell no two systems apart.
    """

    def judge(evidence: Evidence) -> Outcome:
        rows: list[Measurement] = []
        better: list[str] = []
        above_majority: list[bool] = []
        places: list[str] = []
        for key in dataset_info(dataset).metrics:
            table = evidence.rows(dataset, key)
            if table.empty or MFM not in set(table["system"]):
                others = 0 if table.empty else table["system"].nunique()
                stored = f"a table of {others} other systems is stored, without MFM" if others else "no table is stored"
                return unmeasured(f"{stored}; a model measured by itself is compared with none", f"table {dataset}")
            others = table[~table["system"].isin((MFM, *ABLATIONS))].dropna(subset=["difference"])
            others = others.assign(gap=others["difference"].where(others["higher_is_better"], -others["difference"]))
            others = others.sort_values("gap", ascending=False, kind="stable")
            n_before, n_worse = (others["gap"] > 0).sum(), ((others["gap"] < 0) & (others["p_holm"] < LEVEL)).sum()
            title = QUANTITIES[key].title.partition(",")[0]
            places.append(f"{title} number {n_before + 1} of {len(others) + 1}, told apart from {n_worse} below it")
            for _, row in others.iterrows():
                what, interval = title_of(row["system"]), (row["difference_low"], row["difference_high"])
                what = f"{what} minus MFM, {QUANTITIES[key].title}"
                tests = {"p": row.get("p"), "p_holm": row["p_holm"], "difference": True} | _counted(row)
                rows.append(Measurement(what, row["unit"], row["difference"], *interval, **tests))
                if row["gap"] > 0 and row["p_holm"] < LEVEL:
                    better.append(f"{title_of(row['system'])} ({QUANTITIES[key].title})")
                if row["system"] == MAJORITY:
                    above_majority.append(row["gap"] < 0 and row["p_holm"] < LEVEL)
        if not rows:
            return untestable("no other system was compared with MFM on these data")
        if above_majority and not better and not any(above_majority):
            few = f"{table['n'].max()} test samples"
            because = f"by these {few} MFM is not told apart from the most frequent label, so that no two systems are"
            return untestable(because, rows)
        because = (
            f"significantly better than MFM after Holm's correction: {', '.join(better)}"
            if better
            else f"it is not refuted: none of {len(rows)} comparisons finds a system better (Holm, level {LEVEL})"
        )
        return decided(not better, f"{because}. MFM is by {'; by '.join(places)}", rows)

    return judge


def _counted(row: pd.Series) -> dict[str, Any]:
    """Samples and seeds that a row of a table tells of, as a measurement has it, and of how many videos they are."""
    n, videos = int(row["n"]), row.get("videos", math.nan)
    of = f"test samples of {int(videos)} videos" if videos < n else "test samples"
    return {"n": n, "of": of, "seeds": int(row["seeds"])}


def baselines_vary(evidence: Evidence) -> Outcome:
    """The best baseline is not the same on every data set."""
    best: list[Measurement] = []
    winners: set[str] = set()
    stored: list[str] = []
    for info in (one for one in dataset_infos() if one.metrics):
        dataset, key = info.name, info.metrics[0]
        table = evidence.rows(dataset, key)
        table = table[~table["system"].isin((MFM, *ABLATIONS))] if not table.empty else table
        table = table.dropna(subset=["mean"]) if not table.empty else table
        stored.append(f"{len(table)} on {info.title.partition(',')[0]}")
        if len(table) < MIN_BASELINES:
            continue
        row = table.loc[table["mean"].idxmax() if table["higher_is_better"].iloc[0] else table["mean"].idxmin()]
        winners.add(title_of(str(row["system"])))
        what = f"{info.title}, {QUANTITIES[key].title}: {title_of(str(row['system']))}"
        best.append(Measurement(what, row["unit"], row["mean"], **_counted(row)))
    if len(best) < 2:
        because = (
            f"it takes two data sets with results of at least {MIN_BASELINES} systems besides MFM and its ablations; "
            f"stored are {', '.join(stored)}"
        )
        return unmeasured(because, "table ict_mmmo")
    because = f"the best baselines of {len(best)} data sets are {', '.join(sorted(winners))}"
    return decided(len(winners) > 1, because, best)


def each_better(pairs: Sequence[tuple[str, str]], dataset: str = "cmu_mosi") -> Callable[[Evidence], Outcome]:
    """In each pair the first model is the better one: in most of the metrics, and beyond chance in at least one.

    Where no difference is told apart from 0 after Holm's correction for all of the claim, the data cannot decide it.
    """
    needed = tuple(dict.fromkeys(name for pair in pairs for name in pair))

    def judge(evidence: Evidence) -> Outcome:
        rows: list[Measurement] = []
        gaps: list[float] = []
        for key in dataset_info(dataset).metrics:
            for first, second in pairs:
                if (found := evidence.pair(dataset, key, first, second)) is None:
                    because = f"no result of {title_of(first)} and {title_of(second)} on these data is stored"
                    return unmeasured(because, f"table {dataset} --systems {','.join(needed)}")
                gap, low, high, p = (float(found[part]) for part in ("difference", "low", "high", "p"))
                gaps.append(gap if found["higher_is_better"] else -gap)
                what = f"{title_of(first)} minus {title_of(second)}, {QUANTITIES[key].title}"
                tests = {"p": p, "difference": True} | _counted(found)
                rows.append(Measurement(what, found["unit"], gap, low, high, **tests))
        corrected = holm(np.array([row.p for row in rows], dtype=np.float64))
        rows = [replace(row, p_holm=float(p)) for row, p in zip(rows, corrected, strict=True)]
        signs = [gap > 0 for gap, p in zip(gaps, corrected, strict=True) if p < LEVEL]
        wins, better = sum(gap > 0 for gap in gaps), sum(signs)
        because = f"{wins} of {len(gaps)} differences of means go that way"
        if not signs:
            return untestable(f"{because}, and none of them is told apart from 0 after Holm's correction", rows)
        because += f"; told apart from 0 after Holm's correction are {better} of them and {len(signs) - better} others"
        return decided(wins > len(gaps) / 2 and 2 * better > len(signs), because, rows)

    return judge


def language_leads(evidence: Evidence) -> Outcome:
    """On CMU-MOSI language depends more on the label's factor than the voice does, at the paper's bandwidth."""
    paper = {name: PAPER_RATIOS["CMU-MOSI"][name] for name in ("language", "acoustic")}
    rows = [row for name in paper if (row := _ratio(evidence, name, PAPER_BANDWIDTH, paper[name])) is not None]
    if len(rows) < len(paper):
        return unmeasured("no model of CMU-MOSI with language and voice was measured", "evaluate cmu_mosi")
    holds = rows[0].low > rows[1].high
    because = f"at bandwidth {PAPER_BANDWIDTH:g}, which decides, {_apart(*rows)}"
    at_median = [row for name in paper if (row := _ratio(evidence, name, "median")) is not None]
    if len(at_median) == len(paper):
        because += f"; at the median of the distances {_apart(*at_median)}"
    if (timing := _ratio(evidence, "timing", PAPER_BANDWIDTH)) is not None:
        if timing.low > rows[0].high:
            because += "; the timing of the words, a stream of ours that the paper does not read, is above both"
        rows.append(replace(timing, what=f"{timing.what}, which the paper does not read"))
    return decided(holds, because, rows + at_median)


def _ratio(evidence: Evidence, name: str, bandwidth: float | str, paper: float | None = None) -> Measurement | None:
    """The dependency ratio of a stream of CMU-MOSI at a bandwidth; None where it was not measured."""
    if (ratio := evidence.ratio("cmu_mosi", name, bandwidth)) is None:
        return None
    at = "the median of the distances" if bandwidth == "median" else f"bandwidth {bandwidth:g}"
    what = f"r_i of {name} ({modality_info(name).content}) at {at}"
    numbers = ratio["value"], ratio["low"], ratio["high"]
    return Measurement(what, "score", *numbers, paper, n=count(ratio["n"]), of="test samples")


def _apart(language: Measurement, voice: Measurement) -> str:
    """Whether language is above the voice by their intervals, as they are."""
    first, second = (shown_with_interval(one.value, one.low, one.high, one.unit) for one in (language, voice))
    if language.low > voice.high:
        return f"language, {first}, is above the voice, {second}, their intervals apart"
    if voice.low > language.high:
        return f"the voice, {second}, is above language, {first}, their intervals apart"
    return f"the intervals of language, {first}, and the voice, {second}, overlap"


def flow_finds_evidence(evidence: Evidence) -> Outcome:
    """The gradient-norm flow of F_y is larger at steps that carry evidence."""
    rows = []
    for world in WORLD_OF:
        subjects = {f"{modality}:norm": "clips" for modality in MODALITIES}
        rows += _figures(
            evidence, world, "evidence_auc", subjects, f"{dataset_info(world).title}, {{of}}: area under the curve"
        )
    if not rows:
        return unmeasured("no model of clips whose evidence is known was measured", f"evaluate {next(iter(WORLD_OF))}")
    above = [row.what for row in rows if row.low > 0.5]
    because = f"above chance (0.5) with its whole interval in {len(above)} of {len(rows)} cases; all are needed"
    for row in rows:
        if row.what not in above:
            state = "below chance" if row.high < 0.5 else "not told apart from chance"
            because += f"; {row.what.partition(':')[0]}: {state}"
    return decided(len(above) == len(rows), because, rows)
