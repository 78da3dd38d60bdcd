"""Verdicts on the paper's claims follow from the numbers that are stored, and from nothing else."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import mfm_core as mfm
from mfm_core.evaluation.claims import CLAIMS, judged
from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.statistics import Estimate
from mfm_core.evaluation.verdicts import Evidence, Outcome

NOTHING = Evidence(pd.DataFrame(), {})


def table(dataset: str, means: dict[str, float], *, key: str = "a2", p: float = 0.5) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dataset": dataset,
            "key": key,
            "subject": "",
            "unit": "share",
            "higher_is_better": key != "mae",
            "system": system,
            "mean": mean,
            "difference": mean - means.get("mfm", math.nan) if system != "mfm" else math.nan,
            "difference_low": -0.1,
            "difference_high": 0.1,
            "p_holm": p,
        }
        for system, mean in means.items()
    )


def tables(dataset: str, keys: tuple[str, ...], means: dict[str, float], p: float = 0.5) -> Evidence:
    parts = [table(dataset, {s: -m if key == "mae" else m for s, m in means.items()}, key=key, p=p) for key in keys]
    return Evidence(pd.concat(parts), {})


def outcome(key: str, evidence: Evidence) -> Outcome:
    return judged(evidence)[key]


def test_without_results_nothing_is_said_to_hold() -> None:
    found = judged(NOTHING)
    assert set(found) == {claim.key for claim in CLAIMS}
    assert {one.verdict for one in found.values()} == {"cannot be tested here"}
    assert all(one.because and not one.because.endswith(".") for one in found.values())


def test_a_system_that_is_significantly_better_refutes_the_claim_and_a_noisy_one_does_not() -> None:
    better = {"mfm": 0.7, "tfn": 0.8, "rf": 0.6}
    assert outcome("competitive_ict_mmmo", tables("ict_mmmo", ("a2", "f1"), better, p=0.01)).verdict == "does not hold"
    found = outcome("competitive_ict_mmmo", tables("ict_mmmo", ("a2", "f1"), better, p=0.2))
    assert (found.verdict, len(found.measurements)) == ("holds", 4)
    worse = {"mfm": 0.8, "tfn": 0.7}
    assert outcome("competitive_ict_mmmo", tables("ict_mmmo", ("a2", "f1"), worse, p=0.01)).verdict == "holds"
    lacking = tables("ict_mmmo", ("a2", "f1"), {"tfn": 0.7, "rf": 0.6})
    assert outcome("competitive_ict_mmmo", lacking).verdict == "cannot be tested here"


def test_where_mfm_is_not_above_the_most_frequent_label_no_two_systems_are_told_apart() -> None:
    means = {"mfm": 0.5, "tfn": 0.4, "majority": 0.45}
    found = outcome("competitive_ict_mmmo", tables("ict_mmmo", ("a2", "f1"), means, p=0.5))
    assert found.verdict == "cannot be tested here"
    assert "most frequent label" in found.because
    assert len(found.measurements) == 4
    assert outcome("competitive_ict_mmmo", tables("ict_mmmo", ("a2", "f1"), means, p=0.01)).verdict == "holds"
    better = means | {"tfn": 0.9}
    assert outcome("competitive_ict_mmmo", tables("ict_mmmo", ("a2", "f1"), better, p=0.01)).verdict == "does not hold"


def test_a_lower_error_counts_as_better() -> None:
    keys = ("a2", "f1", "a7", "mae", "r")
    means = {"mfm": 0.9, "m_a": 0.5, "m_b": 0.5, "m_c": 0.5, "m_d": 0.5, "m_e": 0.5}
    assert outcome("all_components", tables("cmu_mosi", keys, means)).verdict == "holds"
    assert outcome("all_components", tables("cmu_mosi", keys, means | {"mfm": 0.1})).verdict == "does not hold"
    assert outcome("specific_factors", tables("cmu_mosi", keys, {"mfm": 0.9})).verdict == "cannot be tested here"


@pytest.mark.parametrize(("tfn", "verdict"), [(0.5, "holds"), (0.3, "does not hold")])
def test_baselines_vary_only_if_the_best_differ(tfn: float, verdict: str) -> None:
    others = {f"system_{i}": 0.1 for i in range(6)}
    first = tables("ict_mmmo", ("a2",), {"rf": 0.9, "tfn": 0.5, **others})
    second = tables("youtube", ("accuracy",), {"rf": 0.4, "tfn": tfn, **others})
    found = outcome("baselines", Evidence(pd.concat([first.comparisons, second.comparisons]), {}))
    assert found.verdict == verdict
    few = Evidence(found_few(first, second), {})
    assert outcome("baselines", few).verdict == "cannot be tested here"


def found_few(*evidence: Evidence) -> pd.DataFrame:
    rows = pd.concat([one.comparisons for one in evidence])
    return rows[rows["system"].isin(("rf", "tfn"))]


def digits(mm: float, p: float | None, accuracies: object = None) -> Evidence:
    test = {"value": 0.98 - mm, "low": -0.1, "high": 0.1, "p": p, "n": 9}
    systems: list[dict[str, object]] = [
        {"name": "um", "modalities": ["svhn"], "accuracies": [0.9]},
        {"name": "um", "modalities": ["mnist"], "accuracies": [0.95]},
        {"name": "mm", "modalities": ["svhn", "mnist"], "accuracies": accuracies or [mm], "difference": test},
        {"name": "mfm", "modalities": ["svhn", "mnist"], "accuracies": [0.98], "low": 0.97, "high": 0.99},
    ]
    for row in systems:
        row |= {"system": "a label of the user's own", "n": 10}
    return Evidence(pd.DataFrame(), {"svhn_mnist": {"comparison": {"reference": "MFM, shipped", "systems": systems}}})


@pytest.mark.parametrize(
    ("mm", "p", "multimodal", "above"),
    [
        (0.97, 0.01, "holds", "holds"),
        (0.97, 0.08, "holds", "does not hold"),
        (0.99, 0.01, "holds", "does not hold"),
        (0.93, 0.01, "does not hold", "holds"),
        (0.97, None, "holds", "cannot be tested here"),
    ],
)
def test_digits_are_judged_by_mean_and_test(mm: float, p: float | None, multimodal: str, above: str) -> None:
    found = judged(digits(mm, p))
    assert (found["multimodal"].verdict, found["mfm_above_mm"].verdict) == (multimodal, above)
    assert {one.p for one in found["multimodal"].measurements} <= {None}  # the stored p are of MFM against each
    said = [one.what for one in (*found["multimodal"].measurements, *found["mfm_above_mm"].measurements)]
    names = ("UM(SVHN)", "UM(MNIST)", "MM", "MM", "MFM")
    assert said == [*(f"{name}, mean accuracy of 1 seed" for name in names), "MFM minus MM"]
    mfm_row, gap = found["mfm_above_mm"].measurements[1:]
    assert (mfm_row.low, mfm_row.high, gap.low, gap.high) == (0.97, 0.99, -0.1, 0.1)


@pytest.mark.parametrize("accuracies", [["high"], [None], {"a": 1}])
def test_a_system_without_accuracies_was_not_compared(accuracies: object) -> None:
    found = judged(digits(0.97, 0.01, accuracies))
    assert found["multimodal"].verdict == found["mfm_above_mm"].verdict == "cannot be tested here"
    stored = digits(0.97, 0.01).metrics["svhn_mnist"]["comparison"]
    stored["systems"][2]["accuracies"] = []
    assert judged(Evidence(pd.DataFrame(), {"svhn_mnist": {"comparison": stored}}))["multimodal"].measurements == ()


def test_ratios_and_flow_are_judged_by_their_intervals() -> None:
    def ratios(low: float, high: float) -> Evidence:
        rows = [
            {"modality": "language", "bandwidth": 1.0, "ratio": 0.3, "low": low, "high": 0.4},
            {"modality": "acoustic", "bandwidth": 1.0, "ratio": 0.1, "low": 0.05, "high": high},
        ]
        return Evidence(pd.DataFrame(), {"cmu_mosi": {"dependency": rows}})

    assert outcome("mosi_language", ratios(0.2, 0.15)).verdict == "holds"
    lacking = ratios(0.2, 0.15)
    del lacking.metrics["cmu_mosi"]["dependency"][1]["high"]
    assert outcome("mosi_language", lacking).verdict == "does not hold", "an end that is not known is not apart"
    assert outcome("mosi_language", ratios(0.1, 0.15)).verdict == "does not hold"
    for low, verdict in ((0.6, "holds"), (0.4, "does not hold")):
        figures = [figure("evidence_auc", "language:norm", Estimate(0.7, low, 0.8, 500)).stored()]
        found = outcome("gradient_flow", Evidence(pd.DataFrame(), {"studio_balanced": {"figures": figures}}))
        assert found.verdict == verdict


def test_the_shipped_models_decide_the_claims_on_digits() -> None:
    if "svhn_mnist" not in mfm.pretrained_names():
        pytest.skip("svhn_mnist is not stored")
    found = judged(Evidence(pd.DataFrame(), {"svhn_mnist": mfm.load_metrics("svhn_mnist")}))
    for key in ("multimodal", "generation", "factorization"):
        assert found[key].verdict != "cannot be tested here"
        assert found[key].measurements
    tested = "difference" in next(
        row for row in mfm.load_metrics("svhn_mnist")["comparison"]["systems"] if row["name"] == "mm"
    )
    assert (found["mfm_above_mm"].verdict != "cannot be tested here") == tested
    assert found["mfm_above_mm"].measurements
