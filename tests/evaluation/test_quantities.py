"""Quantities: the title of a figure follows from its key and subject, and units are those of figures."""

from __future__ import annotations

import math

import pytest

from mfm_core.evaluation.figures import Figure, shown, shown_interval, shown_p, shown_with_interval
from mfm_core.evaluation.quantities import QUANTITIES, exact, figure, title
from mfm_core.evaluation.statistics import Estimate


@pytest.mark.parametrize(
    ("key", "subject", "text"),
    [
        ("label_accuracy", "svhn+mnist", "label accuracy, svhn and mnist"),
        ("label_accuracy", "", "label accuracy"),
        ("mae", "", "mean absolute error"),
        ("mae", "language+acoustic", "mean absolute error, from language and acoustic alone"),
        ("inferred_r2", "language+acoustic>visual", "variance explained (R2) of visual, inferred from language and "),
        ("translation_accuracy", "mnist>svhn", "translation mnist to svhn"),
        ("joint_coherence", "", "all of Z from the prior: judges agree"),
        ("joint_coherence", ":aggregate", "all of Z from the aggregate posterior: judges agree"),
        ("frechet_distance", "svhn:mean_pictures", "Frechet distance, svhn: mean pictures (ceiling)"),
        ("evidence_hits", "visual:leave_one_out", "largest step carries evidence, visual: leaving one step out"),
    ],
)
def test_a_title_tells_what_was_measured_of_what(key: str, subject: str, text: str) -> None:
    assert title(figure(key, subject, exact(0.5, 9))).startswith(text)


def test_every_quantity_has_a_title_of_its_own_and_a_unit_that_can_be_shown() -> None:
    titles = {title(figure(key, "one+two>three:four", exact(0.5, 9))) for key in QUANTITIES}
    assert len(titles) == len(QUANTITIES)
    assert not [one for one in titles if "{" in one]
    assert all(shown(0.5, quantity.unit) for quantity in QUANTITIES.values())


def test_a_key_of_ones_own_is_its_title() -> None:
    numbers = {"value": 1.0, "low": math.nan, "high": math.nan, "n": 9}
    own = Figure(key="perplexity", subject="language", unit="nats", higher_is_better=False, **numbers)
    assert title(own) == "perplexity, language"
    assert title(own.model_copy(update={"subject": ""})) == "perplexity"


def test_a_subject_comes_apart() -> None:
    one = figure("inferred_r2", "language+acoustic>visual:mean", exact(0.5, 9))
    assert (one.modalities, one.inferred, one.way) == (("language", "acoustic"), "visual", "mean")
    nothing = figure("mae", "", exact(0.5, 9))
    assert (nothing.modalities, nothing.inferred, nothing.way) == ((), "", "")


def test_no_p_value_is_nought() -> None:
    assert [shown_p(p) for p in (0.0787, 4.2e-15, 0.0)] == ["= 0.079", "= 4.2e-15", "< 1e-300"]


def test_where_there_is_no_interval_none_is_shown() -> None:
    assert shown_with_interval(0.4134, 0.4, 0.5, "correlation") == "0.413 (0.400 to 0.500)"
    assert shown_with_interval(0.4134, math.nan, math.nan, "correlation") == "0.413 (no interval)"
    assert shown_interval(figure("label_r", "", Estimate(0.4, 0.1, 0.6, 9))) == "0.100 to 0.600"
    few = "an interval needs at least 5 clusters, got 4"
    assert shown_interval(figure("label_r", "", Estimate(0.4, math.nan, math.nan, 4, few))) == few
