"""Every reading of the page Flow: what the lanes hold, what is said of it, and the script that makes it."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import mfm_core as mfm
from app.elements.lanes import lanes as element
from app.flow import clip_source, encoded_clips
from app.flow import downloads as flow_downloads
from app.flow.clip_source import REFERENCE
from app.flow.figures.flow import Strip, tops
from app.flow.sections import truth
from app.flow.view import FlowView
from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.statistics import Estimate
from mfm_core.interpretation.registry import attributions, flow_readings, interpretations
from mfm_core.studio.clips import load_clips
from tests.app import sequences
from tests.app.flow.test_page import lanes, visit
from tests.app.pages import query, words_on
from tests.interpretation.one_file import added

BALANCED = "studio_balanced"
MEASURED = [
    figure("evidence_hits", f"{modality}:{way}", Estimate(value, value - 0.05, value + 0.05, 200)).stored()
    for modality in ("language", "acoustic", "visual")
    for way, value in {"integrated_gradients": 0.8, "score": 0.9, "chance": 0.16}.items()
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models_of_readings")
    sequences.save_studio(place)
    sequences.save("ict_mmmo", place)
    mfm.save_metrics({"figures": MEASURED}, place / BALANCED)
    return place


@pytest.fixture(autouse=True)
def small_models(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MFM_PRETRAINED", str(folder))
    monkeypatch.setenv("MFM_DATA", str(tmp_path))


def strip(reading: str, clip: int = 1) -> Strip:
    view = FlowView(model=BALANCED, clip=clip, reading=reading)
    shown = clip_source.load(BALANCED)
    return encoded_clips.strip(shown, encoded_clips.clip(shown, view)[0], view.factor, None, view.measured)


def plain(page: AppTest) -> str:
    """Words of the page, without its markup."""
    return re.sub(r"<[^>]+>", "", words_on(page))


@pytest.mark.parametrize("reading", interpretations())
def test_the_lanes_hold_the_reading_of_the_padded_clip(reading: str, folder: Path) -> None:
    model, clips = mfm.load_pretrained(folder / BALANCED), load_clips(folder / "studio_clips")
    data = clips.dataset("balanced", [clips.edits[1]])
    inputs = dict(data.modalities)
    if reading in attributions():
        wanted = mfm.attribute(model, inputs, reading, mask=data.mask)
    else:
        beside = mfm.load_codes(folder / BALANCED).latents[:REFERENCE]
        wanted = mfm.gradient_flow(model, model.encode(inputs, data.mask), reading=reading, reference=beside)
    assert data.mask is not None
    for name, values in strip(reading).flow.items():
        np.testing.assert_allclose(values, wanted[name][0][data.mask[0]], rtol=2e-3, atol=1e-5)


def test_attributions_with_signs_reach_both_ways_and_the_top_is_the_largest_of_both() -> None:
    shown = strip("integrated_gradients")
    assert any(bool((values < 0).any()) for values in shown.flow.values())
    (top,) = tops([shown], "own")
    assert top == {name: pytest.approx(float(np.abs(values).max())) for name, values in shown.flow.items()}
    panel = element.describe([shown], axis="step", scale="own", truth=False)["panels"][0]
    assert panel["measure"] == "Attribution"
    assert all(lane["signed"] for lane in panel["lanes"])


def test_readings_of_different_units_share_no_scale() -> None:
    both = [strip("score"), strip("integrated_gradients")]
    own = tops(both, "own")
    assert tops(both, "common") == [dict.fromkeys(lanes, max(lanes.values())) for lanes in own]


def test_the_page_shows_an_attribution_and_what_was_measured_of_it() -> None:
    page = visit(clip="1", reading="integrated_gradients")
    assert query(page) == {"clip": "1", "reading": "integrated_gradients"}
    said = plain(page)
    assert "language in 160 of 200 held-out clips (75 to 85 %, by chance 16 %)" in said
    assert "view_factor" not in [one.key for one in page.get("button_group")]
    page.selectbox(key="view_reading").set_value("score").run()
    assert "visual in 180 of 200 held-out clips" in plain(page)
    assert "view_factor" in [one.key for one in page.get("button_group")]


def test_nothing_is_said_of_a_reading_that_was_not_measured() -> None:
    assert truth.trust(BALANCED, "saliency") == ""
    own = truth.trust(BALANCED, "score", ("language",))
    assert "is not known of a clip of your own" in own
    assert "language in" in own
    assert "acoustic in" not in own  # it is inferred
    assert "not known" not in truth.trust(BALANCED, "score")
    assert truth.trust("no such model", "score") == ""


def test_another_reading_stands_beside() -> None:
    page = visit(clip="1", beside="reading", second_reading="saliency", truth="shown")
    first, second = lanes(page)["panels"]
    assert (first["measure"], second["measure"]) == ("Flow", "Attribution")
    assert first["words"] == second["words"]
    assert all(lane["truth"] is not None for lane in second["lanes"])


def test_codes_alone_have_no_attribution_and_a_link_that_asks_for_one_gets_a_notice() -> None:
    page = visit(model="ict_mmmo", reading="saliency")
    assert "reading is not possible" in page.warning[0].value
    assert page.selectbox(key="view_reading").options == [entry.title for entry in flow_readings().values()]


def test_the_scale_of_the_score_holds_the_score_and_the_truth(folder: Path) -> None:
    labels = load_clips(folder / "studio_clips").dataset("balanced").labels[:, 0]
    panel = lanes(visit(clip="1", truth="shown"))["panels"][0]
    scale = panel["scale"]
    assert float(scale["low"].replace("\N{MINUS SIGN}", "-")) <= round(float(labels.min()), 2)
    assert [mark["kind"] for mark in scale["marks"]] == ["model", "truth"]
    assert all(0 <= mark["at"] <= 100 for mark in scale["marks"])


@pytest.mark.parametrize("reading", ["integrated_gradients", "leave_one_out", "relative", "standardised"])
def test_the_script_makes_the_lanes_of_the_page(reading: str, tmp_path: Path) -> None:
    shown = strip(reading)
    file = tmp_path / "lanes.py"
    file.write_text(flow_downloads.script([shown], FlowView(model=BALANCED, clip=1, reading=reading)))
    runpy.run_path(str(file))
    with np.load(tmp_path / "flow.npz", allow_pickle=False) as made:
        for name, values in shown.flow.items():
            np.testing.assert_allclose(made[f"flow_1_{name}"], values, rtol=2e-3, atol=1e-5)


def test_an_attribution_of_codes_alone_is_refused() -> None:
    shown = clip_source.load("ict_mmmo")
    with pytest.raises(ValueError, match="clip: expected features to attribute the score to"):
        encoded_clips.strip(shown, shown.clip(0), "y", reading="saliency")
    assert torch.is_tensor(shown.reference.y)  # type: ignore[union-attr]


def test_one_file_adds_interpretations_to_the_page(tmp_path: Path) -> None:
    link = {"clip": "1", "reading": "gradient_times_input", "beside": "reading", "second_reading": "root"}
    with added(tmp_path):
        page = visit(**link)
        assert query(page) == link
        titles = page.selectbox(key="view_reading").options
        assert {"Gradient times input", "Root of the flow"} <= set(titles)
        first, second = lanes(page)["panels"]
        assert (first["measure"], second["measure"]) == ("Attribution", "Flow")
        assert [lane["signed"] for lane in first["lanes"]] == [True] * 3
        assert "the norm of the Jacobian, not its square. Unit: features a number of F." in plain(page)
        norm = strip("norm").flow["visual"]
        np.testing.assert_allclose(np.square(second["lanes"][2]["values"]), norm, rtol=1e-3)
    assert "could not be read" in visit(clip="1", reading="root").warning[0].value
