"""Verdicts on the paper's claims follow from the numbers that are stored, and from nothing else."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import mfm_core as mfm
from mfm_core.__main__ import app
from mfm_core.evaluation.claims import CLAIMS, judged
from mfm_core.evaluation.evidence import Evidence, Outcome
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.statistics import Estimate

NOTHING = Evidence(pd.DataFrame(), {})
COMMANDS = {command.name for command in app.registered_commands}


def table(dataset: str, means: dict[str, float], *, key: str = "a2", p: float = 0.5) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dataset": dataset,
            "key": key,
            "subject": "",
            "unit": "share",
            "higher_is_better": key != "mae",
            "n": 120,
            "seeds": 3,
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
    lacking = {"competitive_iemocap", "mosi_voice", "pom_modalities"}  # no data that there are could decide these
    assert {key for key, one in found.items() if one.verdict == "cannot be tested here"} == lacking
    assert {one.verdict for key, one in found.items() if key not in lacking} == {"not measured yet"}
    assert all(one.because and not one.because.endswith(".") for one in found.values())
    for one in found.values():
        assert bool(one.command) == (one.verdict == "not measured yet"), "a command measures what is not measured yet"
        if one.command:
            assert one.command.split()[3] in COMMANDS


def test_a_system_that_is_significantly_better_refutes_the_claim_and_a_noisy_one_does_not() -> None:
    better = {"mfm": 0.7, "tfn": 0.8, "rf": 0.6}
    assert outcome("competitive_ict_mmmo", tables("ict_mmmo", ("a2", "f1"), better, p=0.01)).verdict == "does not hold"
    found = outcome("competitive_ict_mmmo", tables("ict_mmmo", ("a2", "f1"), better, p=0.2))
    assert (found.verdict, len(found.measurements)) == ("not refuted", 4)
    assert [one.what.partition(" ")[0] for one in found.measurements] == ["TFN", "RF"] * 2, "the nearest first"
    assert found.because.startswith("none of 4 comparisons finds a system better")
    assert "MFM is by A2 number 2 of 3 and significantly better than 0 of them; by F1 number 2 of 3" in found.because
    assert found.because.endswith("It is of the videos that have all three modalities")
    worse = {"mfm": 0.8, "tfn": 0.7}
    assert outcome("competitive_ict_mmmo", tables("ict_mmmo", ("a2", "f1"), worse, p=0.01)).verdict == "not refuted"
    lacking = tables("ict_mmmo", ("a2", "f1"), {"tfn": 0.7, "rf": 0.6})
    assert outcome("competitive_ict_mmmo", lacking).verdict == "not measured yet"


def test_where_mfm_is_not_above_the_most_frequent_label_no_two_systems_are_told_apart() -> None:
    means = {"mfm": 0.5, "tfn": 0.4, "majority": 0.45}
    found = outcome("competitive_ict_mmmo", tables("ict_mmmo", ("a2", "f1"), means, p=0.5))
    assert found.verdict == "cannot be tested here"
    assert "most frequent label" in found.because
    assert len(found.measurements) == 4
    assert outcome("competitive_ict_mmmo", tables("ict_mmmo", ("a2", "f1"), means, p=0.01)).verdict == "not refuted"
    better = means | {"tfn": 0.9}
    assert outcome("competitive_ict_mmmo", tables("ict_mmmo", ("a2", "f1"), better, p=0.01)).verdict == "does not hold"


KEYS = ("a2", "f1", "a7", "mae", "r")


def pairs(gaps: dict[tuple[str, str], float], p: dict[str, float] | float = 0.5) -> Evidence:
    """The differences of the pairs on CMU-MOSI, the same in each metric, of an error with its sign turned."""
    rows = [
        {"dataset": "cmu_mosi", "system": first, "other": second, "key": key, "subject": "", "unit": "score"}
        | {"higher_is_better": key != "mae", "n": 686, "seeds": 3, "difference": -gap if key == "mae" else gap}
        | {"low": -1.0, "high": 1.0, "p": p if isinstance(p, float) else p.get(key, 1.0)}
        for (first, second), gap in gaps.items()
        for key in KEYS
    ]
    return Evidence(pd.DataFrame(), {}, pd.DataFrame(rows))


def test_a_lower_error_counts_as_better_and_chance_decides_nothing() -> None:
    above = {("mfm", f"m_{letter}"): 0.4 for letter in "abcde"}
    assert outcome("all_components", pairs(above, 0.001)).verdict == "holds"
    below = {pair: -gap for pair, gap in above.items()}
    assert outcome("all_components", pairs(below, 0.001)).verdict == "does not hold"
    chance = outcome("all_components", pairs(above, 0.01))  # 0.01 of 25 tests is no finding
    assert (chance.verdict, len(chance.measurements)) == ("cannot be tested here", 25)
    assert chance.because == (
        "25 of 25 differences of means go that way, and none of them is told apart from 0 after Holm's correction"
    )
    assert [one.p_holm for one in chance.measurements] == pytest.approx([0.25] * 25)
    lacking = outcome("specific_factors", pairs({("mfm", "m_b"): 0.4}))
    assert (lacking.verdict, lacking.because) == (
        "not measured yet",
        "no result of MFM and M_A on these data is stored",
    )
    assert lacking.command == "python -m mfm_core table cmu_mosi --systems mfm,m_a"


def test_of_differences_beyond_chance_most_have_to_go_the_way_of_the_claim() -> None:
    mixed = {("m_a", "m_c"): 0.4, ("mfm", "m_c"): -0.1}
    one_metric = outcome("factorized_factors", pairs(mixed, {"mae": 0.001}))
    assert one_metric.verdict == "does not hold"
    said = "differences of means go that way; told apart from 0 after Holm's correction are"
    assert one_metric.because == f"5 of 10 {said} 1 of them and 1 others"
    both = outcome("factorized_factors", pairs(dict.fromkeys(mixed, 0.2), {"mae": 0.001}))
    assert (both.verdict, both.because) == ("holds", f"10 of 10 {said} 2 of them and 0 others")


OTHERS = {f"system_{i}": 0.1 for i in range(6)}


def best_against_others(dataset: str, key: str, means: dict[str, float], p: dict[str, float]) -> pd.DataFrame:
    """The differences of the best system to each other one, whose p is 0.001 where none is given."""
    best = max(means, key=means.__getitem__)
    return pd.DataFrame(
        {"dataset": dataset, "key": key, "subject": "", "system": best, "other": other, "p": p.get(other, 0.001)}
        for other in means
        if other != best
    )


def two_tables(tfn: float, p_first: dict[str, float], p_second: dict[str, float]) -> Evidence:
    first, second = {"rf": 0.9, "tfn": 0.5, **OTHERS}, {"rf": 0.4, "tfn": tfn, **OTHERS}
    compared = [table("ict_mmmo", first), table("youtube", second, key="accuracy")]
    pairs = [
        best_against_others("ict_mmmo", "a2", first, p_first),
        best_against_others("youtube", "accuracy", second, p_second),
    ]
    rows = pd.concat(compared).assign(low=0.1, high=0.9)
    return Evidence(rows, {}, pd.concat(pairs))


@pytest.mark.parametrize(
    ("tfn", "p_first", "p_second", "verdict"),
    [
        (0.5, {}, {}, "holds"),
        (0.3, {}, {}, "does not hold"),
        (0.5, {}, {"rf": 0.04}, "holds"),
        (0.5, {}, {"rf": 0.02, **dict.fromkeys(OTHERS, 0.02)}, "cannot be tested here"),
        (0.5, {"tfn": 0.2}, {}, "cannot be tested here"),
        (0.5, {"system_1": 0.2}, {}, "holds"),
    ],
)
def test_baselines_vary_only_if_the_best_differ_and_none_is_among_the_best_everywhere(
    tfn: float, p_first: dict[str, float], p_second: dict[str, float], verdict: str
) -> None:
    found = outcome("baselines", two_tables(tfn, p_first, p_second))
    assert found.verdict == verdict
    if verdict == "cannot be tested here":
        among = "RF" if p_second else "TFN"
        assert found.because.endswith(f"but not told apart from the best on any of them: {among}"), "Holm, of 7 tests"
    assert found.measurements[0].what.endswith(f"RF, told apart from {7 - len(p_first)} of 7 others")


def test_baselines_are_not_judged_by_few_systems_or_by_means_alone() -> None:
    whole = two_tables(0.5, {}, {})
    few = outcome("baselines", Evidence(found_few(whole), {}, whole.pairs))
    assert few.verdict == "not measured yet"
    assert few.because.endswith("stored are 0 on CMU-MOSI, 2 on ICT-MMMO, 0 on POM, 2 on YouTube")
    untested = outcome("baselines", Evidence(whole.comparisons, {}))
    assert untested.verdict == "not measured yet"
    assert untested.because == "RF, the best on ICT-MMMO, real reviews, was not compared with the others"


def found_few(*evidence: Evidence) -> pd.DataFrame:
    rows = pd.concat([one.comparisons for one in evidence])
    return rows[rows["system"].isin(("rf", "tfn"))]


def digits(mm: float, p: float | None, accuracies: object = None) -> Evidence:
    test = {"value": 0.98 - mm, "low": -0.1, "high": 0.1, "p": p, "n": 9}
    systems: list[dict[str, object]] = [
        {"name": "um", "modalities": ["svhn"], "accuracies": [0.9], "low": 0.89, "high": 0.91},
        {"name": "um", "modalities": ["mnist"], "accuracies": [0.95], "low": 0.94, "high": 0.96},
        {"name": "mm", "modalities": ["svhn", "mnist"], "accuracies": accuracies or [mm], "difference": test}
        | {"low": mm - 0.005, "high": mm + 0.005},
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
        (0.962, 0.01, "does not hold", "holds"),
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
    assert [(one.n, one.of) for one in (mfm_row, gap)] == [(10, "pairs of 9 photographs"), (9, "photographs")]


@pytest.mark.parametrize("accuracies", [["high"], [None], {"a": 1}])
def test_a_system_without_accuracies_was_not_compared(accuracies: object) -> None:
    found = judged(digits(0.97, 0.01, accuracies))
    assert found["multimodal"].verdict == found["mfm_above_mm"].verdict == "not measured yet"
    stored = digits(0.97, 0.01).metrics["svhn_mnist"]["comparison"]
    stored["systems"][2]["accuracies"] = []
    assert judged(Evidence(pd.DataFrame(), {"svhn_mnist": {"comparison": stored}}))["multimodal"].measurements == ()


def test_who_is_ahead_is_named_with_the_difference_in_points() -> None:
    found = outcome("mfm_above_mm", digits(0.99, 0.01))
    assert found.because == "MFM minus MM is -1.00 points, p = 0.01 by the bootstrap: MM is ahead, significantly"
    assert "MFM is ahead, not significantly" in outcome("mfm_above_mm", digits(0.97, 0.08)).because


def test_systems_and_metrics_are_called_by_their_titles_and_both_p_are_kept() -> None:
    evidence = tables("ict_mmmo", ("a2", "f1"), {"mfm": 0.7, "bc_lstm": 0.8, "own": 0.9, "of_ones_own": 0.6}, p=0.04)
    evidence.comparisons["p"] = 0.01
    found = outcome("competitive_ict_mmmo", evidence)
    assert "BC-LSTM (A2, positive or negative)" in found.because
    assert "own, which the paper did not try there (F1, weighted), BC-LSTM (F1, weighted)" in found.because
    assert {one.what for one in found.measurements} >= {"BC-LSTM minus MFM, F1, weighted"}
    assert {(one.p, one.p_holm, one.difference) for one in found.measurements} == {(0.01, 0.04, True)}
    assert {(one.n, one.of, one.seeds) for one in found.measurements} == {(120, "test samples", 3)}


@pytest.mark.parametrize(
    ("value", "high", "verdict", "said"),
    [
        (0.19, 0.21, "holds", "SVHN passes: the interval ends at 21.00 %, within the target of 21.38 %"),
        (0.20, 0.22, "does not hold", "SVHN fails: 20.00 % is within the target of 21.38 %, but the interval, which"),
        (0.25, 0.27, "does not hold", "SVHN fails: 25.00 % is above the target of 21.38 %"),
    ],
)
def test_labels_are_apart_from_styles_by_the_target_of_the_card_and_one_bound_is_told_beside_it(
    value: float, high: float, verdict: str, said: str
) -> None:
    rows = [
        figure("probe_accuracy", "svhn", Estimate(value, 0.18, high, 9), target=0.2138),
        figure("probe_accuracy", "mnist", Estimate(0.19, 0.18, 0.2, 9), target=0.2),
        figure("most_frequent_class", "svhn", Estimate(0.1838, 0.17, 0.2, 9)),
        figure("most_frequent_class", "mnist", Estimate(0.115, 0.11, 0.12, 9)),
    ]

    def judge(rows: list[Figure]) -> Outcome:
        stored = {"svhn_mnist": {"figures": [one.stored() for one in rows]}}
        return outcome("factorization", Evidence(pd.DataFrame(), stored))

    found = judge(rows)
    assert found.verdict == verdict
    assert found.because.startswith(said)
    assert "MNIST passes" in found.because
    within = "SVHN" if verdict == "holds" else "neither"
    assert found.because.endswith(
        f"within 3 points of guessing its most frequent digit, one bound for both, is {within}"
    )
    assert [one.target for one in found.measurements] == [0.2138, 0.2, None, None]
    assert found.measurements[2].what == "SVHN: rate of its most frequent digit"
    assert [(one.n, one.of) for one in found.measurements] == [(9, "photographs"), (9, "digits")] * 2
    assert judge(rows[:3]).verdict == "not measured yet"


def test_ratios_and_flow_are_judged_by_their_intervals() -> None:
    def ratios(low: float, high: float) -> Evidence:
        rows = [
            {"modality": "language", "bandwidth": 1.0, "ratio": 0.3, "low": low, "high": 0.4, "n": 686},
            {"modality": "acoustic", "bandwidth": 1.0, "ratio": 0.1, "low": 0.05, "high": high, "n": 686},
        ]
        return Evidence(pd.DataFrame(), {"cmu_mosi": {"dependency": rows}})

    assert outcome("mosi_language", ratios(0.2, 0.15)).verdict == "holds"
    lacking = ratios(0.2, 0.15)
    del lacking.metrics["cmu_mosi"]["dependency"][1]["high"]
    assert outcome("mosi_language", lacking).verdict == "does not hold", "an end that is not known is not apart"
    assert outcome("mosi_language", ratios(0.1, 0.15)).verdict == "does not hold"
    timed = ratios(0.2, 0.15)
    assert "median" not in outcome("mosi_language", timed).because
    timing = {"modality": "timing", "bandwidth": 1.0, "ratio": 0.6, "low": 0.5, "high": 0.7}
    timed.metrics["cmu_mosi"]["dependency"].append(timing)
    assert "does not read, is above both" in outcome("mosi_language", timed).because
    for low, verdict in ((0.6, "holds"), (0.4, "does not hold")):
        figures = [figure("evidence_auc", "language:norm", Estimate(0.7, low, 0.8, 500)).stored()]
        found = outcome("gradient_flow", Evidence(pd.DataFrame(), {"studio_balanced": {"figures": figures}}))
        assert found.verdict == verdict


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        ((0.05, 0.01, 0.15), "at the median of the distances language, 0.300 (0.200 to 0.400), is above the voice"),
        ((0.25, 0.1, 0.3), "at the median of the distances the intervals of language, 0.300 (0.200 to 0.400), and"),
        ((0.6, 0.5, 0.7), "at the median of the distances the voice, 0.600 (0.500 to 0.700), is above language"),
    ],
)
def test_the_bandwidth_that_decides_is_named_and_what_the_median_says(
    voice: tuple[float, float, float], said: str
) -> None:
    rows = [
        {"modality": modality, "bandwidth": bandwidth, "ratio": value, "low": low, "high": high, "n": 686}
        for modality, bandwidth, (value, low, high) in (
            ("language", 1.0, (0.3, 0.2, 0.4)),
            ("acoustic", 1.0, (0.1, 0.05, 0.15)),
            ("language", "median", (0.3, 0.2, 0.4)),
            ("acoustic", "median", voice),
        )
    ]
    found = outcome("mosi_language", Evidence(pd.DataFrame(), {"cmu_mosi": {"dependency": rows}}))
    assert found.verdict == "holds"
    assert found.because.startswith("at bandwidth 1, which decides, language, 0.300 (0.200 to 0.400), is above the")
    assert said in found.because
    assert [one.n for one in found.measurements] == [686] * 4
    assert found.measurements[-1].what == "r_i of acoustic (the voice) at the median of the distances"


def test_the_shipped_models_decide_the_claims_on_digits() -> None:
    if "svhn_mnist" not in mfm.pretrained_names():
        pytest.skip("svhn_mnist is not stored")
    found = judged(Evidence(pd.DataFrame(), {"svhn_mnist": mfm.load_metrics("svhn_mnist")}))
    for key in ("multimodal", "generation", "factorization"):
        assert found[key].verdict in ("holds", "does not hold")
        assert found[key].measurements
    tested = "difference" in next(
        row for row in mfm.load_metrics("svhn_mnist")["comparison"]["systems"] if row["name"] == "mm"
    )
    assert (found["mfm_above_mm"].verdict in ("holds", "does not hold")) == tested
    assert found["mfm_above_mm"].measurements
