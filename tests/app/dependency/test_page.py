"""The page Dependency with small models."""

from __future__ import annotations

import csv
import io
import math
import re
import runpy
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import mfm_core as mfm
from app.dependency import downloads as dependency_downloads
from app.dependency import figures, held_out_codes, summary
from app.dependency.view import DependencyView
from app.shared import downloads, jobs, prose
from mfm_core.evaluation.paper_ratios import PAPER_RATIOS
from mfm_core.interpretation.observations import average
from tests.app import sequences
from tests.app.charts import charts, numbers
from tests.app.pages import MAIN, query, words_on

TWO = "ict_mmmo.youtube"
TABLES = ((1, "bandwidth"), (2, "clips"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("dependency_models")
    sequences.save("ict_mmmo", place)
    sequences.save("youtube", place, {"acoustic": 4, "visual": 3}, n=26)
    return place


@pytest.fixture(autouse=True)
def small_models(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MFM_PRETRAINED", str(folder))
    monkeypatch.setenv("MFM_DATA", str(tmp_path))


def settled(page: AppTest) -> AppTest:
    """Look until no work is under way, as a browser does."""
    for _ in range(100):
        assert not page.exception
        if not [button for button in page.button if str(button.key).startswith("cancel_")]:
            return page
        time.sleep(0.1)
        page.run()
    raise AssertionError("the work does not end")


def visit(**params: str) -> AppTest:
    page = AppTest.from_file(MAIN, default_timeout=60).run()
    page.switch_page("dependency/page.py")
    for name, value in params.items():
        page.query_params[name] = value
    page.run()
    return settled(page)


def rows(page: AppTest) -> dict[tuple[str, str], dict[str, Any]]:
    """The bars by modality and whose they are."""
    return {(row["modality"], row["of"]): row for row in numbers(page)}


def printed(page: AppTest) -> dict[tuple[str, str], dict[str, str]]:
    """The rows of the table that is read, by modality and model."""
    (body,) = (element.proto.body for element in page.get("html") if "The ratios in one table" in element.proto.body)
    columns = re.findall(r"<th(?: [^>]*)?>(.*?)</th>", body)
    cells = [[*re.findall(r"<td>(.*?)</td>", row)] for row in re.findall(r"<tr>(<td>.*?)</tr>", body)]
    rows = [dict(zip(columns, row, strict=True)) for row in cells]
    return {(row["modality"], row["model"]): row for row in rows}


def explicit_ratio(folder: Path, name: str, modality: str, bandwidth: float | None, index: torch.Tensor) -> float:
    """Eq. 5 with the matrix H written out."""
    model, codes = mfm.load_pretrained(folder / name), mfm.load_codes(folder / name)
    latents = codes.latents[index]
    with torch.no_grad():
        factors, made = model.factors(latents), model.decode(latents).modalities[modality]
    x = average(made, latents.mask).double()  # type: ignore[arg-type]
    n = len(x)
    centre = np.eye(n) - 1 / n

    def gram(points: torch.Tensor) -> np.ndarray:
        distances = torch.cdist(points.double(), points.double()).numpy()
        width = bandwidth or float(np.median(distances[np.triu_indices(n, 1)]))
        return centre @ np.exp(-(distances**2) / (2 * width**2)) @ centre

    def dependency_of(f: torch.Tensor) -> float:
        a, b = gram(f), gram(x)
        return float(np.trace(a @ b) / np.linalg.norm(a) / np.linalg.norm(b))

    return dependency_of(factors.y) / dependency_of(factors.a[modality])


@pytest.mark.parametrize(("way", "bandwidth"), [("one", 1.0), ("value", 3.0), ("median", None)])
def test_the_bars_are_eq_5_of_the_stored_codes(way: str, bandwidth: float | None, folder: Path) -> None:
    found = rows(visit(models="ict_mmmo", bandwidth=way, value="300"))
    everything = torch.arange(sequences.CLIPS)
    for modality in sequences.SIZES:
        wanted = explicit_ratio(folder, "ict_mmmo", modality, bandwidth, everything)
        row = found[modality.capitalize(), "ICT-MMMO, real reviews"]
        assert row["ratio"] == pytest.approx(wanted, rel=2e-3)
        assert row["low"] < row["ratio"] < row["high"]


def test_the_papers_bars_stand_beside_ours_in_its_own_figures() -> None:
    found = rows(visit())
    assert found["Language", "paper, CMU-MOSI"]["ratio"] == 0.307
    assert found["Visual", "paper, CMU-MOSI"]["ratio"] == 0.030
    assert found["Acoustic", "paper, CMU-MOSI"]["ratio"] == 0.107
    assert [found[name, "paper, POM"]["ratio"] for name in ("Language", "Visual", "Acoustic")] == [1.09, 0.996, 0.898]
    assert math.isnan(found["Language", "paper, POM"]["low"])


def test_n_and_seed_choose_the_clips_that_are_measured(folder: Path) -> None:
    page = visit(models="ict_mmmo", n="20", seed="7", bandwidth="one")
    index = torch.randperm(sequences.CLIPS, generator=torch.Generator().manual_seed(7))[:20]
    wanted = explicit_ratio(folder, "ict_mmmo", "visual", 1.0, index)
    assert rows(page)["Visual", "ICT-MMMO, real reviews"]["ratio"] == pytest.approx(wanted, rel=1e-6)
    page.slider(key="view_n").set_value(sequences.CLIPS).run()
    settled(page)
    assert "n" not in query(page)


def test_every_control_is_carried_by_the_link() -> None:
    page = visit(models="ict_mmmo")
    page.get_by_key("view_bandwidth").set_value("value").run()
    settled(page).number_input(key="view_value").set_value(2.5).run()
    settled(page).get_by_key("view_kernel").set_value("alignment").run()
    settled(page).slider(key="view_n").set_value(24).run()
    settled(page).get_by_key("view_gram").set_value("visual").run()
    settled(page).number_input(key="view_seed").set_value(3).run()
    settled(page)
    wanted = {"bandwidth": "value", "value": "250", "kernel": "alignment", "n": "24", "gram": "visual", "seed": "3"}
    assert query(page) == {"models": "ict_mmmo"} | wanted
    again = visit(**query(page))
    for one, other in zip(charts(page), charts(again), strict=True):
        drawn = [trace for trace in one["data"] if not trace.get("hovertemplate", "").startswith("before")]
        assert drawn == other["data"]


def test_several_models_stand_side_by_side_and_one_is_looked_at_closely() -> None:
    page = visit(models="ict_mmmo")
    page.multiselect(key="view_models").set_value(["ict_mmmo", "youtube"]).run()
    settled(page)
    assert query(page).get("models", TWO) == TWO
    found = rows(page)
    assert ("Acoustic", "YouTube, opinions") in found
    assert ("Language", "YouTube, opinions") not in found
    page.get_by_key("view_of").set_value(1).run()
    settled(page)
    assert query(page)["of"] == "1"
    assert list(numbers(page, 1)[0])[1::2] == ["Acoustic", "Visual"]


def test_the_p_value_stands_beside_each_ratio_in_chart_table_and_text() -> None:
    page = visit(models="ict_mmmo", bandwidth="median")
    codes = held_out_codes.load("ict_mmmo")
    found = figures.ratios(codes, DependencyView(models="ict_mmmo", bandwidth="median"), lambda _: None)
    alt = charts(page)[0]["alt"]
    for name, ratio in found.items():
        row = printed(page)[name.capitalize(), "ICT-MMMO, real reviews"]
        assert (row["r"], row["p"]) == (summary.said(ratio), f"{ratio.p_value:.3f}")
        assert row["95 % interval"] == f"{figures.spoken(ratio.low)} to {figures.spoken(ratio.high)}"
        assert f"p = {ratio.p_value:.3f}" in alt
    assert prose.markup(summary.summary(found)) in words_on(page)


def test_a_changed_setting_shows_what_was_before_and_the_difference() -> None:
    page = visit(models="ict_mmmo", bandwidth="median")
    assert all("r before" not in row for row in printed(page).values())
    before = rows(page)["Visual", "ICT-MMMO, real reviews"]["ratio"]
    page.get_by_key("view_bandwidth").set_value("one").run()
    settled(page)
    now = rows(page)["Visual", "ICT-MMMO, real reviews"]["ratio"]
    row = printed(page)["Visual", "ICT-MMMO, real reviews"]
    assert row["r before"].strip("()") == figures.spoken(before)
    assert float(row["difference"].replace("\N{MINUS SIGN}", "-")) == pytest.approx(now - before, abs=6e-4)
    assert "bandwidth the median" in words_on(page)


def test_no_bar_of_new_settings_stands_beside_one_of_old(monkeypatch: pytest.MonkeyPatch) -> None:
    page = visit(models=TWO, seed="77")
    before = {key: row["ratio"] for key, row in rows(page).items()}
    go_on, made = threading.Event(), figures.ratios

    def waits(
        shown: held_out_codes.HeldOutCodes, view: DependencyView, progress: Callable[[float], None]
    ) -> figures.Ratios:
        while shown.name == "youtube" and not go_on.wait(0.02):
            progress(0.1)
        return made(shown, view, progress)

    monkeypatch.setattr(figures, "ratios", waits)
    page.get_by_key("view_bandwidth").set_value("one").run()
    for _ in range(100):
        if any("youtube" in str(button.key) and "cancel_ratios" in str(button.key) for button in page.button):
            break
        time.sleep(0.05)
        page.run()
    assert {key: row["ratio"] for key, row in rows(page).items()} == before
    assert "Greyed, until all is measured: bandwidth the median" in words_on(page)
    go_on.set()
    now = {key: row["ratio"] for key, row in rows(settled(page)).items()}
    assert all(now[key] != value for key, value in before.items() if "paper" not in key[1])
    assert "Greyed" not in words_on(page)


def test_clearing_the_models_brings_none_back() -> None:
    page = visit(models="ict_mmmo")
    page.multiselect(key="view_models").set_value([]).run()
    assert not page.exception
    assert query(page) == {"models": "none"}
    assert not charts(page)
    assert "Choose a model" in page.info[0].value
    assert visit(models="none").multiselect(key="view_models").value == []
    page.multiselect(key="view_models").set_value(["youtube"]).run()
    assert len(charts(settled(page))) == 6


def test_a_gram_matrix_near_the_identity_is_warned_of_beside_the_ratio_at_the_median() -> None:
    page = visit(models="ict_mmmo", bandwidth="value", value="5")
    assert "nearly the identity" in page.warning[0].value
    assert "At the median bandwidth they are" in page.warning[0].value
    at_median = visit(models="ict_mmmo", bandwidth="median")
    assert not any("At the median bandwidth they are" in warning.value for warning in at_median.warning)


def test_the_gram_matrices_are_sorted_by_label(folder: Path) -> None:
    page = visit(models="ict_mmmo", gram="acoustic", bandwidth="one")
    maps = charts(page)[3:]
    assert len(maps) == 3
    assert all("sorted by label" in one["alt"] for one in maps)
    labels = [float(row["clip"].rsplit(" ", 1)[1]) for row in numbers(page, 3)]
    assert labels == sorted(labels)
    made = figures.grams(
        held_out_codes.load("ict_mmmo"),
        DependencyView(models="ict_mmmo", gram="acoustic", bandwidth="one"),
        lambda _: None,
    )
    codes, model = mfm.load_codes(folder / "ict_mmmo"), mfm.load_pretrained(folder / "ict_mmmo")
    order = torch.argsort(codes.labels[:, 0])
    f = model.factors(codes.latents[order]).y.double()
    wanted = torch.exp(-(torch.cdist(f, f) ** 2) / 2).numpy()
    np.testing.assert_allclose(made.y, wanted, atol=1e-6)
    cells = page.dataframe[3].value.to_numpy()[:, 1:].astype(float)
    np.testing.assert_allclose(cells, wanted, atol=6e-4)


def test_the_curves_hold_the_ratio_of_the_bars() -> None:
    page = visit(models="ict_mmmo", bandwidth="one")
    value = rows(page)["Visual", "ICT-MMMO, real reviews"]["ratio"]
    over_bandwidth, over_clips = ({row[label]: row for row in numbers(page, i)} for i, label in TABLES)
    assert over_bandwidth[1.0]["Visual"] == pytest.approx(value)
    assert over_clips[sequences.CLIPS]["Visual"] == pytest.approx(value)


def test_long_work_shows_its_progress_can_be_cancelled_and_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work of its own that waits to be let go stands for a machine that is slow."""
    go_on = threading.Event()
    slow = figures.over_sizes

    def waits(
        shown: held_out_codes.HeldOutCodes, view: DependencyView, progress: Callable[[float], None]
    ) -> figures.Curve:
        progress(0.25)
        while not go_on.wait(0.02):
            progress(0.25)
        return slow(shown, view, progress)

    monkeypatch.setattr(figures, "over_sizes", waits)
    page = AppTest.from_file(MAIN, default_timeout=60).run()
    page.switch_page("dependency/page.py")
    page.query_params["seed"] = "4242"
    page.query_params["models"] = "ict_mmmo"
    for _ in range(100):
        page.run()
        cancels = [button for button in page.button if str(button.key).startswith("cancel_sizes")]
        if cancels:
            break
        time.sleep(0.05)
    cancels[0].click().run()
    assert not page.exception
    again = [button for button in page.button if str(button.key).startswith("again_sizes")]
    assert again
    assert not any("Over the number of clips" in chart["alt"] for chart in charts(settled(page)))
    go_on.set()
    again[0].click().run()
    settled(page)
    assert "Over the number of clips" in charts(page)[2]["alt"]


def test_results_are_kept_by_model_data_and_parameters() -> None:
    visit(models="ict_mmmo", seed="31")
    keys = [key for key in jobs.job_queue()._jobs if '"seed":31,' in key]
    assert len(keys) == 4
    visit(models="ict_mmmo", seed="31")
    assert [key for key in jobs.job_queue()._jobs if '"seed":31,' in key] == keys


@pytest.mark.parametrize(
    "params",
    [
        {"models": "<img src=x onerror=alert(1)>"},
        {"models": "svhn_mnist.nothing"},
        {"models": "ict_mmmo.nothing_there"},
        {"n": "1" * 400},
        {"n": "-1"},
        {"bandwidth": "huge", "value": "1e9"},
        {"kernel": "graph", "gram": "smell"},
        {"unheard": "of", "and": "more"},
    ],
)
def test_a_hostile_link_gives_a_notice_and_a_page(params: dict[str, str]) -> None:
    page = visit(**params)
    assert page.warning
    assert page.header
    assert rows(page)
    assert all(text not in warning.value for warning in page.warning for text in params.values() if len(text) > 8)


def test_without_codes_the_page_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MFM_PRETRAINED", str(tmp_path))
    page = visit()
    assert "There is nothing to measure yet" in page.markdown[0].value


def test_the_script_makes_the_ratios_of_the_page(tmp_path: Path) -> None:
    view = DependencyView(models=TWO, n=22, seed=5, bandwidth="median", gram="acoustic")
    found = {name: figures.ratios(held_out_codes.load(name), view, lambda _: None) for name in view.names}
    file = tmp_path / "dependency.py"
    file.write_text(dependency_downloads.script(view), encoding="utf-8")
    runpy.run_path(str(file))
    with np.load(tmp_path / "dependency.npz", allow_pickle=False) as made:
        parts = made["parts"].tolist()
        for name, one in found.items():
            for modality, wanted in one.items():
                ours = [getattr(wanted, part) for part in parts]
                np.testing.assert_allclose(made[f"{name}_{modality}"], ours, rtol=1e-9)
    assert (tmp_path / "dependency.png").stat().st_size > 1_000
    told, _ = dependency_downloads.SCRIPT.split('"""')[1:3]
    assert "dependency.npz and dependency.png" in told


def test_the_downloads_hold_the_numbers_of_the_bars(tmp_path: Path) -> None:
    view = DependencyView(models="ict_mmmo")
    found = {"ict_mmmo": figures.ratios(held_out_codes.load("ict_mmmo"), view, lambda _: None)}
    lines = list(csv.DictReader(io.StringIO(dependency_downloads.table(found))))
    assert len(lines) == 3 + sum(len(known) for known in PAPER_RATIOS.values())
    assert float(lines[0]["ratio"]) == found["ict_mmmo"]["language"].ratio
    (tmp_path / "ratios.npz").write_bytes(dependency_downloads.numbers(found))
    with np.load(tmp_path / "ratios.npz", allow_pickle=False) as made:
        assert made["ict_mmmo_visual"][0] == found["ict_mmmo"]["visual"].ratio
    for kind, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        assert downloads.to_file(dependency_downloads.figure(found), kind).startswith(start)  # type: ignore[arg-type]


def test_every_download_is_offered() -> None:
    assert len(visit().get("download_button")) == 5
