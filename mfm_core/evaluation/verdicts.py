"""Verdicts on claims of the paper that the metrics of stored models decide."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from pydantic import JsonValue

from mfm_core.data.registry import dataset_info, modality_info
from mfm_core.evaluation.evidence import Evidence, Measurement, Outcome, count, decided, number, unmeasured, untestable
from mfm_core.evaluation.figures import shown, shown_difference, shown_p, shown_with_interval
from mfm_core.evaluation.paper_ratios import PAPER_RATIOS
from mfm_core.evaluation.standing import LEVEL
from mfm_core.evaluation.table_verdicts import MFM
from mfm_core.studio.truth import MODALITIES, WORLD_OF
from mfm_core.systems.registry import system_info

DIGITS = ("svhn", "mnist")
PAPER_BANDWIDTH = 1.0
"""Of the kernels, of the ratios that the paper prints."""
MARGIN = 0.03
"""By how much a probe of Z_a may read the digit more often than a guess of the most frequent one, as a share."""
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


def _accuracy(reader: Reader, row: Mapping[str, JsonValue], photographs: int | None) -> Measurement:
    """The mean accuracy of a row of :func:`digit_accuracy`, with its interval over photographs and seeds if stored."""
    values = _accuracies(row)
    seeds = f"{len(values)} seed{'s' if len(values) > 1 else ''}"
    mean, low, high = sum(values) / len(values), number(row.get("low")), number(row.get("high"))
    of = "pairs" if photographs is None else f"pairs of {photographs:,} photographs"
    return Measurement(
        f"{reader.title}, mean accuracy of {seeds}", "share", mean, low, high, n=count(row.get("n")), of=of
    )


def _photographs(found: Mapping[Reader, Mapping[str, JsonValue]]) -> int | None:
    """How many photographs the compared pairs are of; None where that is not stored."""
    tests = [test for row in found.values() if isinstance(test := row.get("difference"), dict)]
    return next((n for test in tests if (n := count(test.get("n"))) is not None), None)


def multimodal_is_better(evidence: Evidence) -> Outcome:
    """Two modalities classify digits better than either alone."""
    found = digit_accuracy(evidence)
    readers = [*(Reader("um", frozenset({one})) for one in DIGITS), MM_OF_BOTH]
    if not set(readers) <= set(found):
        return unmeasured("models of one and of two modalities were not compared", LABEL_ACCURACY)
    *alone, both = (_accuracy(reader, found[reader], _photographs(found)) for reader in readers)
    if math.isnan(both.low) or any(math.isnan(one.high) for one in alone):
        return unmeasured("no intervals over photographs and seeds are stored", LABEL_ACCURACY, [*alone, both])
    above = all(both.low > one.high for one in alone)
    told = "is above both on the same held-out pairs, their intervals apart"
    because = f"MM {told if above else 'is not above both by their intervals, of the same held-out pairs'}"
    return decided(above, because, [*alone, both])


def mfm_beats_mm(evidence: Evidence) -> Outcome:
    """MFM classifies digits better than the discriminative baseline of both modalities."""
    found = digit_accuracy(evidence)
    readers = (MM_OF_BOTH, MFM_OF_BOTH)
    if not set(readers) <= set(found):
        return unmeasured("MFM and MM were not compared", LABEL_ACCURACY)
    rows = [_accuracy(reader, found[reader], _photographs(found)) for reader in readers]
    gap = rows[1].value - rows[0].value
    ahead = f"{'MFM' if gap > 0 else 'MM'} is ahead" if gap else "MFM and MM are level"
    tested = found[MM_OF_BOTH].get("difference")
    if "difference" in found[MFM_OF_BOTH] or not isinstance(tested, dict):  # that of MM could be to another system
        return unmeasured(f"{ahead} on average, but no test over photographs and seeds is stored", LABEL_ACCURACY, rows)
    gap, low, high, p = (number(tested.get(part)) for part in ("value", "low", "high", "p"))
    n = count(tested.get("n"))
    rows.append(Measurement("MFM minus MM", "share", gap, low, high, p=p, difference=True, n=n, of="photographs"))
    if math.isnan(p):
        return untestable(f"{ahead} on average, but of too few photographs for a test", rows)
    told = "significantly" if p < LEVEL else "not significantly"
    because = f"MFM minus MM is {shown_difference(gap, 'share')}, p {shown_p(p)} by the bootstrap: {ahead}, {told}"
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
    """The modality-specific codes hold the style and not the label: no probe reads it above the card's target.

    The targets differ; so what one bound for both modalities, ``MARGIN`` above guessing, says is told beside it.
    """
    counted = {"svhn": "photographs", "mnist": "digits"}
    rows = _figures(evidence, "svhn_mnist", "probe_accuracy", counted, "{of}: the best probe reads the digit from Z_a")
    frequent = _figures(evidence, "svhn_mnist", "most_frequent_class", counted, "{of}: rate of its most frequent digit")
    if len(rows) < len(DIGITS) or len(frequent) < len(DIGITS) or any(row.target is None for row in rows):
        return unmeasured("no model of SVHN and MNIST was probed against a target", EVALUATE_DIGITS)
    titles = [dataset_info(name).title for name in DIGITS]
    said = [_against_target(title, row) for title, row in zip(titles, rows, strict=True)]
    below = [row.target is not None and row.high <= row.target for row in rows]
    near = [row.high <= guess.value + MARGIN for row, guess in zip(rows, frequent, strict=True)]
    within = " and ".join(title for title, passes in zip(titles, near, strict=True) if passes) or "neither"
    said.append(f"within {100 * MARGIN:g} points of guessing its most frequent digit, one bound for both, is {within}")
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
    units = ratio["n_units"]
    of = "test samples" if math.isnan(units) else f"test samples of {int(units)} videos"
    return Measurement(what, "score", *numbers, paper, n=count(ratio["n"]), of=of)


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
