"""Comparisons of systems, against SciPy and plain loops."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from mfm_core.evaluation.statistics import holm, two_sided
from mfm_core.experiments.cells import CellResult, compute_cell
from mfm_core.experiments.plan import Cell, TablePlan
from mfm_core.experiments.results import best_against_others
from mfm_core.experiments.summary import comparisons, differences, mcnemar

PLAN = TablePlan(dataset="stub_data", trials=1, imports=("tests.experiments.stub",))


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> CellResult:
    return compute_cell(PLAN, Cell("stub", 0), str(tmp_path_factory.mktemp("search") / "log"))


def made(cell: CellResult, system: str, seed: int, noise: float) -> CellResult:
    rng = np.random.default_rng([seed, len(system)])
    labels = np.array(cell.labels, dtype=np.float64)
    x = labels + noise * rng.normal(size=labels.shape)
    changes = {"system": system, "seed": seed, "predictions": tuple(map(tuple, x.tolist()))}
    return cell.model_copy(update=changes)


def test_a_worse_system_is_found_worse_and_an_equal_one_is_not(cell: CellResult) -> None:
    cells = [
        made(cell, name, seed, noise)
        for name, noise in (("mfm", 1.0), ("worse", 4.0), ("same", 1.0))
        for seed in (0, 1)
    ]
    cells = [one.model_copy(update={"units": tuple(range(len(one.units)))}) for one in cells]
    table = comparisons(cells).set_index(["system", "key"])
    assert table.loc[("worse", "mae"), "difference_low"] > 0
    assert table.loc[("worse", "mae"), "p_holm"] <= 0.01
    assert table.loc[("same", "mae"), "difference_low"] < 0 < table.loc[("same", "mae"), "difference_high"]
    assert math.isnan(table.loc[("mfm", "mae"), "difference"])
    gap = table.loc[("worse", "mae"), "mean"] - table.loc[("mfm", "mae"), "mean"]
    assert table.loc[("worse", "mae"), "difference"] == pytest.approx(gap)
    assert math.isnan(table.loc[("worse", "mae"), "p_mcnemar"])
    assert (table["low"] < table["mean"]).all()
    assert (table["mean"] < table["high"]).all()
    assert 0 < table.loc[("worse", "a2"), "p_mcnemar_holm"] <= 1


def test_a_row_tells_the_budget_and_the_day_of_the_last_cell(cell: CellResult) -> None:
    plan = PLAN.model_copy(update={"train_samples": 50})
    dates = ("2026-11-25T23:00:00+00:00", "2026-11-26T01:00:00+00:00")
    cells = [
        made(cell, "other", seed, 1.0).model_copy(update={"plan": plan, "date": date})
        for seed, date in enumerate(dates)
    ]
    row = comparisons(cells).iloc[0]
    assert (row["trials"], row["train_samples"], row["date"], row["seeds"]) == (1, 50, "2026-11-26", 2)


def test_the_paired_interval_is_that_of_a_plain_bootstrap(cell: CellResult) -> None:
    cells = [made(cell, name, 0, noise) for name, noise in (("mfm", 1.0), ("other", 2.0))]
    row = comparisons(cells).set_index(["system", "key"]).loc[("other", "mae")]
    labels, units = np.array(cell.labels)[:, 0], np.array(cell.units)
    errors = [np.abs(np.array(one.predictions)[:, 0] - labels) for one in cells]
    rng, members = np.random.default_rng(1), [np.flatnonzero(units == u) for u in np.unique(units)]
    drawn = []
    for _ in range(2000):
        chosen = np.concatenate([members[k] for k in rng.integers(len(members), size=len(members))])
        drawn.append(errors[1][chosen].mean() - errors[0][chosen].mean())
    low, high = np.percentile(drawn, [2.5, 97.5])
    width = high - low
    assert row.difference_low == pytest.approx(low, abs=0.15 * width)
    assert row.difference_high == pytest.approx(high, abs=0.15 * width)


def test_the_difference_of_a_pair_is_that_of_the_comparison_with_its_second(cell: CellResult) -> None:
    cells = [made(cell, name, seed, noise) for name, noise in (("m_a", 1.0), ("m_c", 2.0)) for seed in (0, 1)]
    found = differences(cells, (("m_a", "m_c"), ("m_c", "mfm"))).set_index(["system", "other", "key"])
    assert set(found.index.droplevel("key")) == {("m_a", "m_c")}  # a pair that lacks one is left out
    expected = comparisons(cells, reference="m_c").set_index(["system", "key"])
    for key in ("mae", "a2"):
        pair, compared = found.loc[("m_a", "m_c", key)], expected.loc[("m_a", key)]
        numbers = compared[["difference", "difference_low", "difference_high", "p"]].tolist()
        assert pair[["difference", "low", "high", "p"]].tolist() == pytest.approx(numbers)
        assert (pair.seeds, pair.n, pair.videos) == (2, len(cell.labels), len(set(cell.units)))
    assert differences([], (("m_a", "m_c"),)).empty


def test_the_best_baseline_is_compared_with_each_other_one_by_the_first_metric_alone(cell: CellResult) -> None:
    plan = PLAN.model_copy(update={"dataset": "pom"})  # of POM the correlation stands first
    noise = {"mfm": 0.1, "m_a": 0.2, "near": 1.0, "far": 4.0}
    cells = [made(cell, name, 0, much).model_copy(update={"plan": plan}) for name, much in noise.items()]
    compared = comparisons(cells)
    found = best_against_others(cells, compared)
    assert found[["system", "other", "key", "subject"]].to_numpy().tolist() == [["near", "far", "r", ""]]
    means = compared[compared["key"] == "r"].set_index("system")["mean"]
    assert found["difference"].iloc[0] == pytest.approx(means["near"] - means["far"])
    assert found["p"].iloc[0] < 0.05
    own = [one.model_copy(update={"plan": PLAN}) for one in cells]
    assert best_against_others(own, comparisons(own)).empty, "the paper reports nothing of data of one's own"


def test_holm_is_that_of_the_worked_example() -> None:
    # Holm (1979): the least of four times 4, the next times 3, ...; never less than one before.
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.5, math.nan, 0.9]))[[0, 2]] == pytest.approx([1.0, 1.0])
    assert math.isnan(holm(np.array([math.nan]))[0])


def test_mcnemar_counts_only_what_one_alone_gets_right() -> None:
    ours = np.array([1, 1, 1, 0, 0, 1, math.nan])
    theirs = np.array([0, 0, 0, 1, 0, 1, math.nan])
    found = mcnemar(ours, theirs)
    assert (found["only_ours"], found["only_theirs"]) == (3, 1)
    assert found["p_mcnemar"] == pytest.approx(binomtest(3, 4).pvalue)


def test_segments_of_a_video_are_not_independent_to_mcnemar_and_few_videos_give_no_interval(cell: CellResult) -> None:
    cells = [made(cell, name, 0, noise) for name, noise in (("mfm", 1.0), ("other", 2.0))]
    n = len(cell.units)
    for n_videos, finite in ((4, False), (6, True)):
        units = tuple(i % n_videos for i in range(n))
        table = comparisons([one.model_copy(update={"units": units}) for one in cells])
        assert "p_mcnemar" not in table
        assert np.isfinite(table["low"]).all() == np.isfinite(table["high"]).all() == finite
        assert ("p" in table) == finite


def test_a_bootstrap_p_value_has_a_floor() -> None:
    assert two_sided(np.ones(999)) == pytest.approx(0.002)
    assert two_sided(np.array([-1.0, 1.0])) == 1.0


def test_a_clear_difference_stays_one_among_thirty_systems(cell: CellResult) -> None:
    n = len(cell.units)
    cells = [made(cell, "mfm", 0, 0.1), *(made(cell, f"worse_{i}", i, 4.0) for i in range(29))]
    table = comparisons([one.model_copy(update={"units": tuple(range(n))}) for one in cells])
    assert (table.loc[(table["key"] == "mae") & (table["system"] != "mfm"), "p_holm"] < 0.05).all()


def test_holm_counts_the_ablations_and_the_other_systems_apart(cell: CellResult) -> None:
    noise = {"mfm": 1.0, "m_a": 1.1, "m_e": 1.3, "other": 1.2, "another": 1.1, "third": 1.4}
    table = comparisons([made(cell, name, 0, much) for name, much in noise.items()])
    table = table[table["key"] == "mae"].set_index("system")
    for family in (["m_a", "m_e"], ["other", "another", "third"]):
        assert table.loc[family, "p_holm"].to_numpy() == pytest.approx(holm(table.loc[family, "p"].to_numpy()))


def test_cells_of_two_tables_are_not_compared(cell: CellResult) -> None:
    other = cell.model_copy(update={"plan": PLAN.model_copy(update={"trials": 2})})
    with pytest.raises(ValueError, match="cells of one table"):
        comparisons([cell, other])


def test_a_cell_comes_back_from_its_file(cell: CellResult, tmp_path: Path) -> None:
    path = tmp_path / "cell.json"
    path.write_text(cell.model_dump_json(), encoding="utf-8")
    again = CellResult.read(path)
    assert again.predictions == cell.predictions
    assert again.figures[0] == cell.figures[0]
