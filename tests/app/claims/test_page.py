"""The page Claims: verdicts, the chart of systems, the paper's tables, and the link that carries what is shown."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.claims import results
from app.claims.charts import aloud, averaged, numbers, systems_chart
from app.claims.sections import GROUPS, MARKS, budget, described, measured_rows, measurements
from app.claims.view import ClaimsLinks, ClaimsView
from app.shared.charts import palettes
from mfm_core.evaluation.claims import CLAIMS
from mfm_core.evaluation.evidence import Measurement, Outcome
from mfm_core.experiments.results import read_comparisons
from tests.app import sequences
from tests.app.pages import open_page, words_on

SYSTEMS = ("majority", "rf", "svm_md", "ef_lstm", "tfn", "mfn", "mfm")


def comparison_rows(dataset: str, systems: tuple[str, ...], keys: tuple[str, ...]) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        {
            "dataset": dataset,
            "modalities": "",
            "system": system,
            "key": key,
            "subject": "",
            "unit": "share",
            "higher_is_better": True,
            "n": 120,
            "seeds": 3,
            "mean": (mean := float(rng.uniform(0.5, 0.8))),
            "sd": 0.02,
            "low": mean - 0.05,
            "high": mean + 0.06,
            "difference": {"mfm": None, "majority": -0.2}.get(system, 0.0),
            "difference_low": -0.1,
            "difference_high": 0.1,
            "p": 0.5,
            "p_holm": 0.001 if system == "majority" else 1.0,
        }
        for system in systems
        for key in keys
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def stored(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of stored models with results of one data set."""
    folder = tmp_path / "pretrained"
    (folder / "results").mkdir(parents=True)
    comparison_rows("ict_mmmo", SYSTEMS, ("a2", "f1")).to_csv(
        folder / "results" / "ict_mmmo.comparisons.csv", index=False
    )
    monkeypatch.setenv("MFM_PRETRAINED", str(folder))
    monkeypatch.setenv("MFM_DATA", str(tmp_path))
    return folder


def visit(**params: str) -> AppTest:
    return open_page("claims/page.py", params, timeout=120)


def test_every_claim_is_shown_with_its_verdict_and_its_test(stored: Path) -> None:
    page = visit()
    *labels, _ = [one.label for one in page.expander]
    assert len(labels) == len(CLAIMS)
    for claim in CLAIMS:
        (label,) = (one for one in labels if one.endswith(f"] {claim.text}"))
        assert any(mark in label for mark in MARKS)
    assert labels[0].endswith(CLAIMS[0].text), "the one whose test is open stands under its choice"
    assert [one.proto.expanded for one in page.expander] == [True] + [False] * len(CLAIMS)
    group = [
        next(i for i, marks in enumerate(GROUPS.values()) if label.split("[")[1].split("]")[0] in marks)
        for label in labels[1:]
    ]
    assert group == sorted(group)  # what was tested stands before what was not
    (chosen,) = (one for one in page.selectbox if one.label == "Open the test of")
    told = [label.split("] ")[1] for label in labels]
    listed = dict(zip(told, (label.split("[")[1].split("]")[0] for label in labels), strict=True))
    assert set(chosen.options) == {f"{text} ({verdict})" for text, verdict in listed.items()}
    without = [one for one in chosen.options if not one.startswith(told[0])]
    assert [one.rpartition(" (")[0] for one in without] == told[1:], "in the order in which they stand below"
    assert [one.value for one in page.subheader] == list(GROUPS)
    said = next(one.proto.body for one in page.get("html") if "not measured yet" in one.proto.body)
    counts = [int(n) for n in re.findall(r"<b>(\d+)</b>", said)]
    assert (len(counts), sum(counts)) == (len(MARKS), len(CLAIMS)), "what is not measured is told from what cannot be"
    assert any("python -m mfm_core table cmu_mosi" in one.value for one in page.markdown)
    assert any("competitive on ICT-MMMO" in label and "badge[not refuted]" in label for label in labels)


def test_the_chart_shows_ours_with_intervals_and_the_papers(stored: Path) -> None:
    page = visit(section="systems", table="ict_mmmo", metric="f1")
    (chart,) = page.get("plotly_chart")
    ours, paper = json.loads(chart.proto.spec)["data"]
    assert len(ours["y"]) == len(SYSTEMS)
    assert "MFM" in paper["y"]
    alone = json.loads(
        visit(section="systems", table="ict_mmmo", metric="f1", system="mfm").get("plotly_chart")[0].proto.spec
    )
    assert alone["data"][0]["y"] == ["MFM"]
    rows = read_comparisons(stored / "results").set_index(["system", "key"])
    guess = rows.loc[("majority", "f1"), "mean"]
    assert alone["layout"]["shapes"][0]["x0"] == pytest.approx(guess), "one system has the line to be compared with too"


def test_the_budget_of_the_systems_is_told(stored: Path) -> None:
    rows = comparison_rows("ict_mmmo", SYSTEMS, ("a2",))
    path = stored / "results" / "ict_mmmo.comparisons.csv"
    rows.assign(trials=1, train_samples=1000, date="2026-11-26").to_csv(path, index=False)
    read = read_comparisons(path.parent)
    told = "Each system: its default configuration, 1,000 training samples, drawn by the seed, 3 seeds."
    assert budget(read) == f"{told} Measured 2026-11-26."
    assert any(told in one.proto.body for one in visit(section="systems").get("html"))
    mixed = read.assign(trials=3, train_samples=0, seeds=[1, 2] + [3] * 5)
    assert budget(mixed).startswith(
        "Each system: 3 configurations, the best on validation data, all training samples, 1 to 3 seeds."
    )
    assert budget(read.assign(trials=float("nan"))) == ""


def test_the_papers_tables_say_which_modalities_ours_read(stored: Path) -> None:
    rows = comparison_rows("youtube", SYSTEMS, ("accuracy",)).assign(modalities="acoustic+visual")
    rows.to_csv(stored / "results" / "youtube-audiovisual.comparisons.csv", index=False)
    shown = visit(section="tables").dataframe[0].value
    assert "YouTube A3, ours (acoustic and visual alone, n = 120, 3 seeds)" in shown.columns
    assert not any(name.startswith("YouTube F1, ours") for name in shown.columns), "it was not measured"


@pytest.mark.parametrize("section", ["claims", "systems", "tables"])
def test_a_system_without_the_metric_told_in_a_sentence(stored: Path, section: str) -> None:
    path = stored / "results" / "ict_mmmo.comparisons.csv"
    path.write_text(path.read_text().replace("0.02", "little", 1))
    page = visit(section=section)
    assert [one.value.rpartition("/")[2].replace("\\", "") for one in page.error] == [
        "ict_mmmo.comparisons.csv: row 1: sd: expected a number, got 'little'"
    ]


def test_a_model_whose_figures_are_damaged_is_told_and_is_no_evidence(stored: Path) -> None:
    sequences.save("pom", stored)
    (stored / "pom" / "metrics.json").write_text("{")
    (told,) = (one.value.replace("\\", "") for one in visit().warning)
    assert told.startswith("None of the measured figures of POM, traits of reviewers can be shown: metrics.json: ")
    assert "pom" not in results.evidence().metrics


def test_a_system_without_the_metric_is_told(stored: Path) -> None:
    path = stored / "results" / "ict_mmmo.comparisons.csv"
    rows = pd.read_csv(path)
    rows[(rows["system"] != "rf") | (rows["key"] != "f1")].to_csv(path, index=False)
    page = visit(section="systems", table="ict_mmmo", metric="f1", system="rf")
    assert [one.value for one in page.info] == ["This table has no F1, weighted of RF."]
    assert not page.get("plotly_chart")


def test_the_papers_tables_stand_beside_ours(stored: Path) -> None:
    page = visit(section="tables", paper="sentiment")
    frame = page.dataframe[0].value.set_index("system")
    assert frame.loc["MFM", "MMMO A2, paper"] == "76.30 %"
    assert "(" in frame.loc["MFM", "MMMO A2, ours (n = 120, 3 seeds)"]
    assert frame.loc["THMM", "MMMO A2, ours (n = 120, 3 seeds)"] == "not measured"
    assert not any(name.startswith("MOSI") and "ours" in name for name in frame.columns)
    assert "Not measured here yet, so without a column of ours: MOSI A2, MOSI F1" in words_on(page)
    for name in ("pom", "iemocap", "ablations"):
        assert len(visit(section="tables", paper=name).dataframe[0].value)


def test_without_results_the_page_says_how_to_compute_them(stored: Path) -> None:
    (stored / "results" / "ict_mmmo.comparisons.csv").unlink()
    assert "python -m mfm_core table" in visit(section="systems").info[0].value


def test_differences_are_in_points_and_a_corrected_p_is_called_so() -> None:
    gap = Measurement("RF minus MFM, A2", "share", 0.0778, 0.0111, 0.15, p=0.026, p_holm=0.72, difference=True, n=1060)
    rate = Measurement("read from Z_a", "share", 0.2, 0.19, 0.22, target=0.21, n=60, of="test samples", seeds=3)
    assert measurements(Outcome("holds", "", (gap, rate))) == {
        "measured": ["RF minus MFM, A2", "read from Z_a"],
        "ours": ["+7.78 points", "20.00 %"],
        "95 % interval": ["+1.11 to +15.00 points", "19.00 % to 22.00 %"],
        "n": ["1,060 samples", "60 test samples, 3 seeds"],
        "target": ["", "<= 21.00 %"],
        "p": ["0.026", ""],
        "p, Holm's": ["0.72", ""],
    }
    nothing = dict.fromkeys((claim.key for claim in CLAIMS), Outcome("holds", ""))
    kept = measured_rows(nothing | {CLAIMS[0].key: Outcome("holds", "", (gap,))})
    assert kept[["p", "p, Holm's", "n"]].to_numpy().tolist() == [[0.026, 0.72, 1060]]


def test_every_abbreviation_of_a_system_is_spelt_out() -> None:
    told = results.abbreviations()
    of = dict(zip(told["system"], told["what it is"], strict=True))
    assert of["UM"].startswith("one modality alone")
    assert of["MM"].startswith("all modalities fused")
    assert all(of[title] for title in ("BC-LSTM", "CMV-LDHCRF", "M_E"))


LINKS = ClaimsLinks(
    tuple(claim.key for claim in CLAIMS), {"one": {"a2": ("all",), "r": ("all", "3")}}, {"one": ("all", "mfm", "tfn")}
)


@pytest.mark.parametrize(
    "view",
    [
        ClaimsView(claim="generation", table="one"),
        ClaimsView(section="systems", claim="multimodal", table="one", metric="r", subject="3", system="tfn"),
        ClaimsView(section="tables", table="one", paper="pom"),
    ],
)
def test_a_link_brings_the_view_back(view: ClaimsView) -> None:
    assert LINKS.parse(LINKS.link(view)) == (view, [])


def test_a_link_to_what_is_not_stored_is_put_right() -> None:
    view, notices = LINKS.parse({"table": "two", "metric": "r", "claim": "<script>", "more": "1"})
    assert (view.table, view.metric, view.claim) == ("one", "r", CLAIMS[0].key)
    assert len(notices) == 3


def test_the_chart_of_systems_has_its_numbers_as_a_text_alternative() -> None:
    rows = comparison_rows("x", ("mfm", "mfn"), ("a2",)).assign(mean=0.5, low=0.4, high=0.6)
    told = aloud(rows, {"mfn": 0.7}, unit="share", metric="accuracy of 2 classes", table="X")
    assert told == (
        "Accuracy of 2 classes of each system on X, with 95 % intervals. MFM 50.00 % (40.00 % to 60.00 %); "
        "MFN 50.00 % (40.00 % to 60.00 %), the paper 70.00 %."
    )


def test_a_line_marks_the_most_frequent_label() -> None:
    rows = comparison_rows("x", ("mfm", "mfn"), ("a2",))
    drawn = systems_chart(rows, {}, palettes()["light"], unit="share", metric="A2", majority=0.4)
    (line,) = drawn.figure.layout.shapes
    assert (line.x0, line.x1) == (0.4, 0.4)
    assert not systems_chart(rows, {}, palettes()["light"], unit="share", metric="A2").figure.layout.shapes


def test_the_words_of_the_chart_fit_the_number_of_seeds() -> None:
    rows = comparison_rows("x", ("mfm", "mfn"), ("a2",))
    assert averaged(rows) == "means over 3 seeds"
    assert averaged(rows.assign(seeds=1)) == "of one seed"
    assert averaged(rows.assign(seeds=[1, 3])) == "means over 1 to 3 seeds"
    first, *_, holm = list(numbers(rows, {}).columns)[:8]
    assert (first, holm) == ("system", "p, bootstrap, Holm's"), "what decides stands before what explains"


def test_one_system_is_not_said_to_be_the_best_of_several() -> None:
    rows = comparison_rows("x", ("majority", "mfm", "mfn"), ("a2",))
    assert described(rows, "accuracy", "X", line=True) == (
        "Accuracy of 3 systems on X, the best first. Points are means over 3 seeds, bars 95 % bootstrap intervals over "
        "120 test samples, not over seeds, the dashed line is a guess of the most frequent label of training, which "
        "may be rarer in the test."
    )
    assert described(rows[1:2].assign(n=1060), "accuracy", "X", line=False) == (
        "Accuracy of MFM on X. The point is a mean over 3 seeds, the bar its 95 % bootstrap interval over 1,060 test "
        "samples, not over seeds."
    )
    assert "The point is of one seed, the bar" in described(rows[1:2].assign(seeds=1), "accuracy", "X", line=False)


def test_a_chart_of_many_systems_is_drawn_at_once() -> None:
    names = tuple(f"system_{i}" for i in range(26))
    rows = comparison_rows("x", names, ("a2",))
    started = time.perf_counter()
    chart = systems_chart(rows, {"system_3": 0.7}, palettes()["light"], unit="share", metric="A2")
    assert len(numbers(rows, {})) == 26
    assert time.perf_counter() - started < 5
    assert [len(trace.y) for trace in chart.figure.data] == [26, 1]
