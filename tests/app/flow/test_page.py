"""The page Flow with a model of which only codes are stored."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import mfm_core as mfm
from mfm_core.interpretation.registry import interpretations
from tests.app import sequences
from tests.app.charts import charts, numbers
from tests.app.pages import elements, open_page, query, words_on


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("sequence_models")
    sequences.save("ict_mmmo", place)
    return place


@pytest.fixture(autouse=True)
def small_models(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MFM_PRETRAINED", str(folder))
    monkeypatch.setenv("MFM_DATA", str(tmp_path))


def visit(**params: str) -> AppTest:
    return open_page("flow/page.py", params, timeout=60)


def lanes(page: AppTest) -> dict[str, Any]:
    return elements(page)["mfm_lanes"][0]


def direct_flow(folder: Path, index: int, factor: str) -> dict[str, np.ndarray]:
    """Flow from autograd's Jacobian, one step and feature at a time."""
    model, codes = mfm.load_pretrained(folder / "ict_mmmo"), mfm.load_codes(folder / "ict_mmmo")
    factors = model.factors(codes.latents[[index]])
    found = {}
    for name in model.modalities:

        def generate(f: torch.Tensor, name: str = name) -> torch.Tensor:
            return model.decode_factors(factors.replace(**{factor: f})).modalities[name][0]

        jacobian = torch.autograd.functional.jacobian(generate, factors.blocks()[factor])
        real = codes.latents.mask[index]  # type: ignore[index]
        found[name] = jacobian.square().flatten(1).sum(1)[real].numpy()
    return found


@pytest.mark.parametrize("factor", ["y", "acoustic"])
def test_the_lanes_show_the_flow_of_the_clip(factor: str, folder: Path) -> None:
    panel = lanes(visit(clip="4", factor=factor, reading="norm"))["panels"][0]
    wanted = direct_flow(folder, 4, factor)
    assert [lane["name"] for lane in panel["lanes"]] == list(wanted)
    for lane in panel["lanes"]:
        np.testing.assert_allclose(lane["values"], wanted[lane["name"]], rtol=1e-4, atol=1e-6)
        assert len(lane["values"]) == panel["count"]


def test_the_steps_of_ict_mmmo_are_sentences_without_words_or_sound_and_the_page_says_why() -> None:
    page = visit()
    panel = lanes(page)["panels"][0]
    assert panel["unit"] == "Sentence"
    assert panel["words"] == []
    assert panel["audio"] is None
    assert panel["face"] is None
    said = words_on(page)
    assert "sentence" in said
    assert "no sound" in said
    assert not [button for button in page.get("button_group") if button.key == "view_axis"]


def test_clip_factor_and_scale_are_chosen_and_carried_by_the_link() -> None:
    page = visit()
    first = lanes(page)["version"]
    page.selectbox(key="view_clip").set_value(3).run()
    assert query(page) == {"clip": "3"}
    page.get_by_key("view_factor").set_value("visual").run()
    page.get_by_key("view_scale").set_value("common").run()
    assert query(page) == {"clip": "3", "factor": "visual", "scale": "common"}
    assert not page.exception
    panel = lanes(page)["panels"][0]
    assert len({lane["top"] for lane in panel["lanes"]}) == 1
    assert lanes(page)["version"] != first
    again = visit(**query(page))
    assert lanes(again)["version"] == lanes(page)["version"]


def test_two_clips_stand_side_by_side() -> None:
    page = visit(clip="1")
    page.get_by_key("view_beside").set_value("clip").run()
    page.selectbox(key="view_second_clip").set_value(5).run()
    assert not page.exception
    assert query(page) == {"clip": "1", "beside": "clip", "second_clip": "5"}
    data = lanes(page)
    assert [panel["note"].split(" · ")[0] for panel in data["panels"]] == ["held-out clip 2", "held-out clip 6"]
    assert not data["linked"]


def test_what_is_not_known_of_real_videos_is_said() -> None:
    page = visit()
    assert "view_truth" not in [one.key for one in page.toggle]
    assert not page.get("button_group") or "view_tone" not in [one.key for one in page.get("button_group")]


def test_the_panel_prints_the_figures_of_the_metrics() -> None:
    page = visit()
    rows = {(row["modality"], row["way of judging"]): row for row in numbers(page)}
    assert rows["Acoustic", "Integrated gradients"]["value"] == pytest.approx(0.66)
    assert rows["Language", "Flow in all directions (Eq. 7)"]["low"] == pytest.approx(0.61)
    known = [interpretations()[key].title for key in ("norm", "saliency", "integrated_gradients")]
    titles = (*known, "chance")  # as the controls call them
    assert set(rows) == {(modality, way) for modality in ("Language", "Acoustic", "Visual") for way in titles}
    assert "Acoustic, Integrated gradients: 0.66" in charts(page)[0]["alt"]


def test_figures_that_cannot_be_shown_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "models"))
    (copy / "ict_mmmo" / "metrics.json").write_text('{"figures": 3}')
    monkeypatch.setenv("MFM_PRETRAINED", str(copy))
    (told,) = (one.value.replace("\\", "") for one in visit().warning)
    assert told.startswith(
        "None of the measured figures of ICT-MMMO, real reviews can be shown: metrics.json: figures: "
    )


def test_an_uploaded_clip_is_shown_in_the_same_lanes(folder: Path) -> None:
    page = visit()
    rng = np.random.default_rng(0)
    arrays = {name: rng.standard_normal((4, d)).astype(np.float32) for name, d in sequences.SIZES.items()}
    buffer = io.BytesIO()
    np.savez(buffer, words=np.array(["=1+1", "b", "<i>c", "d"]), **arrays)
    page.file_uploader(key="own_clip").upload("mine.npz", buffer.getvalue(), "application/octet-stream").run()
    assert not page.exception
    assert not page.warning
    assert query(page) == {"from": "upload"}
    panel = lanes(page)["panels"][0]
    assert panel["words"] == ["=1+1", "b", "<i>c", "d"]
    model = mfm.load_pretrained(folder / "ict_mmmo")
    scaled = {name: torch.from_numpy((x[None] - 0.5) / 2) for name, x in arrays.items()}
    with torch.inference_mode():
        wanted = float(model.decode(model.encode(scaled)).label)
    assert panel["scores"][0]["value"].replace("\N{MINUS SIGN}", "-") == f"{wanted:.2f}"


def test_a_csv_that_lacks_a_modality_is_shown_and_what_is_missing_is_inferred() -> None:
    page = visit()
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["word", "start", "end", *(f"visual_{i}" for i in range(3))])
    writer.writerows([["so", 0.0, 0.4, 1, 2, 3], ["good", 0.5, 0.9, 0, 1, 0]])
    page.file_uploader(key="own_clip").upload("mine.csv", table.getvalue().encode(), "text/csv").run()
    assert not page.exception
    panel = lanes(page)["panels"][0]
    assert panel["timed"]
    assert panel["times"] == [[0.0, 0.4], [0.5, 0.9]]
    assert "language and acoustic inferred" in panel["note"]
    inferred = {lane["name"] for lane in panel["lanes"] if lane["note"] == "inferred: not in the clip"}
    assert inferred == {"language", "acoustic"}


def own_table(*words: str) -> bytes:
    lines = [f"{word},{0.5 * t},{0.5 * t + 0.4},{t},1,2" for t, word in enumerate(words)]
    return "\n".join(["word,start,end,visual_0,visual_1,visual_2", *lines]).encode()


def test_an_own_clip_goes_with_its_cross_and_stays_while_other_pages_are_shown() -> None:
    page = visit()
    page.file_uploader(key="own_clip").upload("mine.csv", own_table("so", "good"), "text/csv").run()
    assert lanes(page)["panels"][0]["words"] == ["so", "good"]
    page.switch_page("about/page.py").run()
    page.switch_page("flow/page.py").run()
    assert lanes(page)["panels"][0]["words"] == ["so", "good"]
    page.file_uploader(key="own_clip").upload("mine.csv", own_table("other", "words"), "text/csv").run()
    assert lanes(page)["panels"][0]["words"] == ["other", "words"]
    page.file_uploader(key="own_clip").set_value([]).run()
    assert not page.exception
    assert "mfm_lanes" not in elements(page)
    assert page.info


def test_what_a_clip_lacks_is_told_and_its_times_stay_readable() -> None:
    page = visit()
    table = own_table("so", "good", "film").replace(b"0.5,0.9", b"0.0,0.0").replace(b",1,1,2", b",-inf,1,2")
    page.file_uploader(key="own_clip").upload("mine.csv", table, "text/csv").run()
    assert not page.exception
    assert "1 steps hold a number that is not finite and count as not observed" in page.info[0].value.replace("\\", "")
    starts, ends = np.array(lanes(page)["panels"][0]["times"]).T
    assert (ends - starts > 0.1).all()
    assert (ends[:-1] <= starts[1:] + 1e-6).all()


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04" + b"\0" * 100])
def test_an_upload_that_is_no_clip_gets_a_sentence(content: bytes) -> None:
    page = visit()
    page.file_uploader(key="own_clip").upload("<b>.npz", content or b"x", "application/octet-stream").run()
    assert not page.exception
    assert "could not be taken" in page.warning[0].value
    assert "<b>" not in page.warning[0].value.replace("\\<b\\>", "")


def test_an_upload_is_asked_for_where_a_link_speaks_of_one() -> None:
    page = visit(**{"from": "upload"})
    assert page.info
    assert "mfm_lanes" not in elements(page)


@pytest.mark.parametrize(
    "params",
    [
        {"model": "<img src=x onerror=alert(1)>"},
        {"model": "svhn_mnist"},
        {"clip": "9" * 400},
        {"clip": "-1", "second_clip": "99999999999", "beside": "clip"},
        {"factor": "nothing", "axis": "sideways", "scale": "none"},
        {"word": "<script>alert(1)</script>", "tone": "raised"},
        {"truth": "please", "step": "77"},
        {"unheard": "of", "and": "more"},
    ],
)
def test_a_hostile_link_gives_a_notice_and_a_page(params: dict[str, str]) -> None:
    page = visit(**params)
    assert page.warning
    assert page.header
    assert lanes(page)["panels"]
    assert all(text not in warning.value for warning in page.warning for text in params.values() if len(text) > 4)


def test_every_download_is_offered() -> None:
    assert len(visit().get("download_button")) == 6  # five of what is shown, and a sample clip


def test_without_models_of_sequences_the_page_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MFM_PRETRAINED", str(tmp_path))
    page = visit()
    assert "There is no clip to play yet" in page.markdown[0].value


def test_a_damaged_model_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "models"))
    sequences.save("youtube", copy)
    (copy / "ict_mmmo" / "weights.safetensors").write_bytes(b"\0" * 64)
    monkeypatch.setenv("MFM_PRETRAINED", str(copy))
    page = visit()
    assert page.selectbox(key="view_model").options == ["YouTube, opinions"]


def test_going_away_and_back_keeps_the_view() -> None:
    page = visit(clip="3", factor="visual")
    page.switch_page("about/page.py").run()
    assert "clip" not in query(page)
    page.switch_page("flow/page.py").run()
    assert query(page) == {"clip": "3", "factor": "visual"}


def test_what_the_lanes_are_given_is_small() -> None:
    assert len(json.dumps(lanes(visit()))) < 20_000


def test_the_reading_is_called_what_is_shown_and_a_notice_goes_with_the_next_choice() -> None:
    page = visit(clip="99999", factor="visual")
    reading = page.selectbox(key="view_reading")
    assert reading.options.count("Flow in all directions (Eq. 7)") == 1
    assert "Flow along the score" not in reading.options  # no F_a moves the score
    assert lanes(page)["panels"][0]["reading"] in reading.options
    chosen = lanes(page)["panels"][0]["note"].split(" · ")[0]
    said = page.warning[0].value.split("number ")[1].split(" ")[0]
    assert chosen == f"held-out clip {said}"
    page.selectbox(key="view_clip").set_value(3).run()
    assert not page.warning
