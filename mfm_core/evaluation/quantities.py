"""Every quantity that the evaluation measures: its key, unit, direction and title, defined once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mfm_core.evaluation.figures import Figure, Unit
from mfm_core.evaluation.statistics import Estimate
from mfm_core.interpretation.registry import interpretations


@dataclass(frozen=True)
class Quantity:
    """A measurable quantity.

    Attributes:
        unit: Of its values.
        higher_is_better: Whether a greater value is better.
        title: For people; ``{of}`` stands for the modalities measured, ``{inferred}`` for what was inferred from them
            and ``{way}`` for the way it was made, as the subject of a figure tells.
    """

    unit: Unit
    higher_is_better: bool
    title: str


QUANTITIES: Mapping[str, Quantity] = {
    "accuracy": Quantity("share", True, "accuracy"),
    "f1": Quantity("share", True, "F1, weighted"),
    "mae": Quantity("score", False, "mean absolute error"),
    "r": Quantity("correlation", True, "correlation r"),
    "a2": Quantity("share", True, "A2, positive or negative"),
    "a3": Quantity("share", True, "A3, three classes"),
    "a7": Quantity("share", True, "A7, seven classes"),
    "reconstruction_r2": Quantity("explained", True, "variance explained by the reconstruction (R2), {of}"),
    "inferred_r2": Quantity("explained", True, "variance explained (R2) of {inferred}, inferred from {of} alone"),
    "explainable_share": Quantity("share", True, "share of the variance that is not noise of the measurement, {of}"),
    "probe_r2": Quantity("explained", False, "score read from Z_a of {of} by the best probe (R2)"),
    "probe_r2_y": Quantity("explained", True, "score read from Z_y by the best probe (R2)"),
    "evidence_hits": Quantity("share", True, "largest step carries evidence, {of}: {way}"),
    "evidence_auc": Quantity("area", True, "area under the curve of steps against evidence, {of}: {way}"),
    "evidence_auc_pooled": Quantity("area", True, "the same area over the steps of all clips, {of}: {way}"),
    "first_step_share": Quantity("share", False, "largest step is the first, {of}: {way}"),
    "label_r": Quantity("correlation", True, "label read by D, correlation r"),
    "judge_r": Quantity("correlation", True, "judge's correlation r on real sequences, {of}"),
    "swap_r": Quantity("correlation", True, "swap shows the score of Z_y, correlation r, {of}"),
    "label_accuracy": Quantity("share", True, "label accuracy, {of}"),
    "judge_accuracy": Quantity("share", True, "judge's accuracy on real pictures, {of}"),
    "reconstruction_error": Quantity("squared_error", False, "reconstruction error a pixel, {of}"),
    "swap_accuracy": Quantity("share", True, "swap shows the digit of Z_y, {of}"),
    "prior_style_accuracy": Quantity("share", True, "Z_a from the prior shows the digit of Z_y, {of}"),
    "joint_coherence": Quantity("share", True, "all of Z from the {way}: judges agree"),
    "colour_kept": Quantity("correlation", True, "style kept under swap: mean colour, {of} (weakest channel)"),
    "ink_kept": Quantity("correlation", True, "style kept under swap: ink mass, {of}"),
    "ink_kept_of_digit": Quantity("correlation", True, "style kept under swap: ink mass beyond the digit's mean, {of}"),
    "ink_within_digits": Quantity("share", False, "share of the variance of ink mass within digits, {of}"),
    "translation_accuracy": Quantity("share", True, "translation {of} to {inferred}"),
    "probe_accuracy": Quantity("share", False, "digit read from Z_a of {of} by the best probe"),
    "probe_accuracy_y": Quantity("share", True, "digit read from Z_y by the best probe"),
    "quick_probe_accuracy": Quantity("share", False, "label read from Z_a of {of} by the better of two quick probes"),
    "quick_probe_accuracy_y": Quantity("share", True, "label read from Z_y by the better of two quick probes"),
    "quick_probe_r2": Quantity(
        "explained", False, "score read from Z_a of {of} by the better of two quick probes (R2)"
    ),
    "quick_probe_r2_y": Quantity("explained", True, "score read from Z_y by the better of two quick probes (R2)"),
    "network_probe_accuracy": Quantity("share", False, "digit read from Z_a of {of} by a probe"),
    "probe_chance": Quantity("share", False, "digit guessed without Z_a of {of}"),
    "most_frequent_class": Quantity("share", False, "most frequent digit, {of}"),
    "frechet_distance": Quantity("distance", False, "Frechet distance, {of}: {way}"),
}
"""By key. Figures of a system of one's own may have other keys; their titles are those keys."""
WAYS: Mapping[str, str] = {
    "aggregate": "aggregate posterior",
    "real": "real (floor)",
    "prior_matched": "prior, real digits as frequent as in training",
    "mean_pictures": "mean pictures (ceiling)",
}
"""Titles of the ways in subjects of figures, where a way is not its own title and no interpretation."""


def figure(key: str, subject: str, estimate: Estimate, *, target: float | None = None) -> Figure:
    """Figure of an estimate of one of :data:`QUANTITIES`.

    Args:
        key: Of the quantity.
        subject: What it was measured of, see :class:`Figure`.
        estimate: Value, interval and n.
        target: Value aimed at.
    """
    quantity = QUANTITIES[key]
    return Figure(
        key=key,
        subject=subject,
        unit=quantity.unit,
        higher_is_better=quantity.higher_is_better,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        n=estimate.n,
        target=target,
        reason=estimate.reason,
    )


def exact(value: float, n: int) -> Estimate:
    """An estimate without an interval: a constant, or a number that is computed once and not resampled."""
    return Estimate(value, float("nan"), float("nan"), n, "not resampled")


def way_title(way: str) -> str:
    """Title of the way of a figure's subject: ``prior``, ``flow of F_y``."""
    known = interpretations()
    return known[way].way if way in known else WAYS.get(way, way.replace("_", " "))


def title(figure: Figure) -> str:
    """Title of a figure for people: ``translation mnist to svhn``; the key and the subject of an unknown quantity."""
    if figure.key not in QUANTITIES:
        return f"{figure.key}, {figure.subject}".removesuffix(", ")
    template, of = QUANTITIES[figure.key].title, " and ".join(figure.modalities)
    if "{" in template:
        way = way_title(figure.way or "prior")
        return template.format(of=of, inferred=figure.inferred, way=way).removesuffix(", ")
    return f"{template}, from {of} alone" if of else template
