"""The page Flow with the shipped studio clips: sound, face, truth and what-if."""

from __future__ import annotations

import base64
import csv
import io
import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import mfm_core as mfm
from app.flow import clip_source, encoded_clips, studio_clips
from app.flow import downloads as flow_downloads
from app.flow.figures.flow import Strip, tops
from app.flow.sections import own_clip
from app.flow.view import FlowView
from app.shared import downloads, stored_models
from mfm_core.studio.clips import Clips, load_clips
from mfm_core.studio.wording import closest_words
from tests.app import sequences
from tests.app.charts import charts
from tests.app.flow.test_page import lanes, visit
from tests.app.pages import query, words_on

BALANCED = "studio_balanced"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("studio_models")
    sequences.save_studio(place)
    sequences.save("ict_mmmo", place)
    sequences.save("cmu_mosi", place, {"language": 6, "timing": 2, "acoustic": 4})
    return place


@pytest.fixture(autouse=True)
def small_models(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MFM_PRETRAINED", str(folder))
    monkeypatch.setenv("MFM_DATA", str(tmp_path))


@pytest.fixture
def clips(folder: Path) -> Clips:
    return load_clips(folder / "studio_clips")


def strips(**fields: Any) -> list[Strip]:
    view = FlowView(model=BALANCED, **fields)
    shown = clip_source.load(view.model)
    return [
        encoded_clips.strip(
            shown, *(lambda pair: (pair[0], view.factor, pair[1], view.measured))(encoded_clips.clip(shown, view))
        )
    ]


def test_a_clip_comes_with_its_words_times_sound_and_face(clips: Clips) -> None:
    panel = lanes(visit(clip="2"))["panels"][0]
    take = clips.edits[2]
    assert panel["words"] == list(take.words)
    np.testing.assert_allclose(panel["times"], clips.times[2, : len(take)], atol=1e-4)
    assert base64.b64decode(panel["audio"].partition("base64,")[2]) == clips.audio[2]
    np.testing.assert_allclose(panel["face"]["curves"]["smile"], clips.curves(take)[:, 0], atol=6e-4)
    assert panel["duration"] == pytest.approx(clips.seconds[2], abs=1e-3)


def test_a_visitor_first_meets_a_short_clip_that_says_something(clips: Clips) -> None:
    page = visit()
    assert query(page) == {}
    scores = clips.dataset("balanced").labels[:, 0].abs()
    short = [n for n, take in enumerate(clips.edits) if len(take) <= 12]
    wanted = max(short, key=lambda n: float(scores[n]))
    assert lanes(page)["panels"][0]["words"] == list(clips.edits[wanted].words)
    page.selectbox(key="view_clip").set_value(0).run()
    assert query(page) == {"clip": "0"}


def test_the_truth_is_hidden_until_it_is_revealed_and_then_that_of_the_clip(clips: Clips) -> None:
    page = visit(clip="1")
    assert all(lane["truth"] is None for lane in lanes(page)["panels"][0]["lanes"])
    assert [score["label"] for score in lanes(page)["panels"][0]["scores"]] == ["The model's score"]
    page.toggle(key="view_truth").set_value(True).run()
    assert query(page) == {"clip": "1", "truth": "shown"}
    data, panel = clips.dataset("balanced"), lanes(page)["panels"][0]
    for lane in panel["lanes"]:
        assert data.evidence is not None
        wanted = data.evidence[lane["name"]][1][data.mask[1]]  # type: ignore[index]
        np.testing.assert_allclose(lane["truth"], wanted, atol=1e-5)
    said = panel["scores"][1]["value"].replace("\N{MINUS SIGN}", "-")
    assert said == f"{float(data.labels[1]):.2f}"
    page.toggle(key="view_truth").set_value(False).run()
    assert "truth" not in query(page)


def test_a_teacher_takes_the_switch_away_and_the_link_keeps_it_away() -> None:
    page = visit(truth="shown")
    page.button(key="lock").click().run()
    assert query(page) == {"truth": "locked"}
    for one in (page, visit(truth="locked")):
        assert "view_truth" not in [toggle.key for toggle in one.toggle]
        assert all(lane["truth"] is None for lane in lanes(one)["panels"][0]["lanes"])
        assert "truth" not in flow_downloads.table(strips(), revealed=False).splitlines()[1]


def test_another_model_stands_beside_with_the_truth_of_its_own_world(clips: Clips) -> None:
    page = visit(clip="3", truth="shown", beside="model")
    page.selectbox(key="view_second_model").set_value("studio_face_led").run()
    assert not page.exception
    data = lanes(page)
    assert data["linked"]
    ours, theirs = data["panels"]
    assert theirs["title"] == "studio clips, face-led"
    assert ours["words"] == theirs["words"]
    wanted = clips.dataset("face_led").labels[3]
    assert theirs["scores"][1]["value"].replace("\N{MINUS SIGN}", "-") == f"{float(wanted):.2f}"


@pytest.mark.parametrize(
    ("controls", "change"),
    [
        ({"word": "awful"}, lambda take: take.replace_word(2, "awful")),
        ({"tone": "raised"}, lambda take: take.change_tone(2, "raised")),
        ({"face": "frown"}, lambda take: take.change_face(2, "frown")),
    ],
)
def test_the_what_if_answers_with_score_flow_and_reconstruction(
    controls: dict[str, str], change: Any, clips: Clips, folder: Path
) -> None:
    page = visit(clip="1", step="2")
    before = lanes(page)["panels"][0]
    for field, value in controls.items():
        if field == "word":
            page.selectbox(key="view_word").set_value(value).run()
        else:
            page.get_by_key(f"view_{field}").set_value(value).run()
    assert not page.exception
    assert query(page) == {"clip": "1", "step": "2"} | controls
    after, model = lanes(page)["panels"][0], mfm.load_pretrained(folder / BALANCED)
    data = clips.dataset("balanced", [change(clips.edits[1])])
    latents = model.encode(dict(data.modalities), data.mask)
    wanted, real = mfm.gradient_flow(model, latents, reading="score"), data.mask[0]  # type: ignore[index]
    for lane, old in zip(after["lanes"], before["lanes"], strict=True):
        np.testing.assert_allclose(lane["values"], wanted[lane["name"]][0][real], rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(lane["before"], old["values"], rtol=1e-5)
    score = f"{float(model.decode(latents).label):.2f}"
    assert after["scores"][0]["value"].replace("\N{MINUS SIGN}", "-") == score
    assert after["scores"][0]["before"] == before["scores"][0]["value"]
    assert after["changed"] == 2
    assert maps(page) == []  # folded: they would push everything else off a small screen
    assert "the score goes from" in words_on(page)
    page.button(key="undo").click().run()
    assert query(page) == {"clip": "1", "step": "2"}
    assert lanes(page)["panels"][0]["lanes"][0]["before"] is None


def maps(page: AppTest) -> list[str]:
    """Charts of the reconstruction, feature by feature."""
    return [chart["alt"] for chart in charts(page) if "in standard deviations of a feature" in chart["alt"]]


def test_the_reconstruction_is_shown_of_the_modality_that_a_change_moves_most_and_of_each() -> None:
    page = visit(clip="1", step="2", word="awful", face="frown")
    page.session_state["reconstruction"] = True
    page.run()
    first = words_on(page).partition("The reconstruction moves most in ")[2].partition(",")[0]
    assert [alt.partition(":")[0] for alt in maps(page)] == [
        f"{first.capitalize()}, {kind}" for kind in ("given", "reconstructed", "what changed")
    ]
    page.get_by_key("reconstructed").set_value("acoustic").run()
    assert maps(page)[0].startswith("Acoustic, given: ")


def test_the_what_if_is_of_another_word_when_another_is_chosen() -> None:
    page = visit(clip="1", step="2", word="awful")
    page.selectbox(key="view_step").set_value(1).run()
    assert query(page) == {"clip": "1", "step": "1"}


def test_another_clip_begins_anew() -> None:
    page = visit(clip="1", step="2", word="awful", tone="raised")
    page.selectbox(key="view_clip").set_value(0).run()
    assert query(page) == {"clip": "0"}


def test_a_model_of_other_clips_begins_anew_and_one_of_the_same_goes_on() -> None:
    page = visit(clip="2", step="1", tone="raised")
    page.selectbox(key="view_model").set_value("studio_face_led").run()
    assert not page.exception
    assert query(page) == {"model": "studio_face_led", "clip": "2", "step": "1", "tone": "raised"} | (
        {"second_model": query(page)["second_model"]} if "second_model" in query(page) else {}
    )
    page.selectbox(key="view_model").set_value("ict_mmmo").run()
    assert not page.exception
    assert lanes(page)["panels"][0]["unit"] == "Sentence"
    assert "tone" not in query(page)


def test_time_or_steps_are_the_axis() -> None:
    page = visit()
    assert lanes(page)["panels"][0]["axis"] == "step"
    page.get_by_key("view_axis").set_value("time").run()
    assert query(page) == {"axis": "time"}
    assert lanes(page)["panels"][0]["axis"] == "time"


def test_mosi_is_explained_where_its_data_are_not_there() -> None:
    page = visit()
    assert "cmu_mosi" not in page.selectbox(key="view_model").options
    assert "CMU-MOSI" in words_on(page)
    assert "MFM_DATA" in words_on(page)


def test_mosi_is_played_where_the_user_has_it(real_data: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFM_DATA", str(real_data))
    data = mfm.load_dataset("cmu_mosi")
    sizes = {name: x.shape[2] for name, x in data.modalities.items()}
    sequences.save("cmu_mosi", folder, sizes)
    page = visit(model="cmu_mosi", clip="4")
    panel, part = lanes(page)["panels"][0], data.part("test")
    assert part.steps is not None
    assert panel["words"] == list(part.steps.words[4])
    assert panel["audio"] is None
    assert panel["timed"]
    assert "mean of the whole utterance" in words_on(page).replace("<b>", "").replace("</b>", "")


def test_about_lets_choose_among_all_stored_models() -> None:
    page = visit()
    page.switch_page("about/page.py").run()
    assert not page.exception
    assert page.header[0].value != stored_models.title(BALANCED)
    page.selectbox(key="view_model").set_value(BALANCED).run()
    assert query(page) == {"model": BALANCED}
    assert page.header[0].value == stored_models.title(BALANCED)


CASES: dict[str, dict[str, Any]] = {
    "plain": {"clip": 1},
    "own factor": {"clip": 0, "factor": "visual"},
    "what-if": {"clip": 2, "step": 1, "word": "awful", "tone": "lowered", "face": "smile"},
}


@pytest.mark.parametrize("case", CASES)
def test_the_script_makes_the_flow_of_the_page(case: str, tmp_path: Path) -> None:
    shown = strips(**CASES[case])
    made = run(flow_downloads.script(shown, FlowView(model=BALANCED, **CASES[case])), tmp_path)
    for name, steps in shown[0].flow.items():
        np.testing.assert_allclose(made[f"flow_1_{name}"], steps, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(made["label_1"], shown[0].label, atol=1e-4)


def test_the_script_of_codes_and_of_two_clips_makes_their_flow(tmp_path: Path) -> None:
    shown = clip_source.load("ict_mmmo")
    both = [encoded_clips.strip(shown, shown.clip(index), "y", reading="score") for index in (3, 8)]
    made = run(flow_downloads.script(both, FlowView(model="ict_mmmo", clip=3)), tmp_path)
    for row, strip in enumerate(both, start=1):
        np.testing.assert_allclose(made[f"flow_{row}_acoustic"], strip.flow["acoustic"], rtol=1e-4, atol=1e-6)


def test_the_script_of_an_uploaded_clip_reads_its_file(tmp_path: Path) -> None:
    rng, buffer = np.random.default_rng(1), io.BytesIO()
    np.savez(buffer, language=rng.standard_normal((5, 50)).astype(np.float32))
    shown = clip_source.load(BALANCED)
    clip = own_clip.of_file(own_clip.UploadedClip('a "strange"\nname.npz', buffer.getvalue()), shown)
    strip = encoded_clips.strip(shown, clip, "y", reading="score")
    (tmp_path / "clip.npz").write_bytes(buffer.getvalue())
    made = run(flow_downloads.script([strip], FlowView(from_="upload")), tmp_path)
    np.testing.assert_allclose(made["flow_1_language"], strip.flow["language"], rtol=1e-4, atol=1e-6)


def test_the_sample_clip_is_a_clip_of_the_model_and_is_read_back() -> None:
    for name in (BALANCED, "ict_mmmo"):
        shown = clip_source.load(name)
        clip = own_clip.of_file(own_clip.UploadedClip("sample.csv", own_clip.sample(shown)), shown)
        assert len(clip.words) == clip.length
        if name == BALANCED:
            assert clip.words == shown.clip(0).words
            for modality, x in shown.clip(0).features.items():
                np.testing.assert_allclose(clip.features[modality], x, atol=1e-4)


def run(script: str, place: Path) -> dict[str, np.ndarray]:
    file = place / "flow.py"
    file.write_text(script, encoding="utf-8")
    runpy.run_path(str(file))
    assert (place / "flow.png").stat().st_size > 1_000
    with np.load(place / "flow.npz", allow_pickle=False) as made:
        return dict(made)


@pytest.mark.parametrize("revealed", [False, True])
def test_the_downloads_hold_the_numbers_of_the_lanes(revealed: bool, tmp_path: Path) -> None:
    shown = strips(clip=2, step=1, word="awful")
    (tmp_path / "flow.npz").write_bytes(flow_downloads.numbers(shown, revealed))
    with np.load(tmp_path / "flow.npz", allow_pickle=False) as made:
        np.testing.assert_array_equal(made["flow_1_visual"], shown[0].flow["visual"])
        assert shown[0].before is not None
        np.testing.assert_array_equal(made["before_flow_1_visual"], shown[0].before.flow["visual"])
        assert ("truth_1_visual" in made) == revealed
    lines = list(csv.DictReader(io.StringIO(flow_downloads.table(shown, revealed))))
    assert len(lines) == 3 * shown[0].clip.length
    assert lines[3]["word"] == "awful"
    assert all(bool(line["truth"]) == revealed for line in lines)
    for kind, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        drawn = flow_downloads.figure(shown, "common")
        assert downloads.to_file(drawn, kind).startswith(start)  # type: ignore[arg-type]


def test_a_word_of_a_visitors_file_is_no_formula_of_a_spreadsheet() -> None:
    buffer = io.BytesIO()
    words = np.array(["=1+1", "@b", "good"])
    np.savez(buffer, words=words, visual=np.zeros((3, 12), np.float32))
    shown = clip_source.load(BALANCED)
    clip = own_clip.of_file(own_clip.UploadedClip("=a.npz", buffer.getvalue()), shown)
    table = flow_downloads.table([encoded_clips.strip(shown, clip, "y")], revealed=True)
    told = {line["word"] for line in csv.DictReader(io.StringIO(table))}
    assert told == {"'=1+1", "'@b", "good"}
    assert not re.search(r"(^|,)[=@+]", table, re.MULTILINE)


def test_one_scale_for_all_is_the_largest_of_all_lanes_and_each_its_own_is_that_of_the_lane() -> None:
    shown = strips(clip=1) + strips(clip=2)
    own, common = tops(shown, "own"), tops(shown, "common")
    for strip, lanes_of in zip(shown, own, strict=True):
        assert lanes_of == {name: pytest.approx(float(x.max())) for name, x in strip.flow.items()}
    largest = max(value for lanes_of in own for value in lanes_of.values())
    assert {value for lanes_of in common for value in lanes_of.values()} == {largest}


def test_the_word_nearest_to_a_vector_of_the_vocabulary_is_that_word(clips: Clips) -> None:
    what_if = clip_source.load(BALANCED).what_if
    assert what_if is not None
    given = what_if.clip(0)
    found = closest_words(what_if.clips, given.features["language"][0], 3)
    assert [words[0] for words in found] == list(given.words)
    assert all(len(set(words)) == 3 for words in found)


def test_threads_that_play_the_same_clip_see_the_same_flow() -> None:
    from concurrent.futures import ThreadPoolExecutor

    shown = clip_source.load(BALANCED)

    def look(index: int) -> torch.Tensor:
        from app.flow.figures import flow

        return torch.from_numpy(flow.strip(BALANCED, shown.model, shown.clip(index % 2), "y").flow["language"])

    serial = [look(index) for index in range(8)]
    with ThreadPoolExecutor(4) as pool:
        torch.testing.assert_close(list(pool.map(look, range(8))), serial)  # its last bit depends on where it lies


def test_the_quotation_has_the_word_that_is_said_instead() -> None:
    what_if = studio_clips.open_what_if("studio_clips", "studio_balanced")
    own, changed = what_if.clip(1), what_if.edited(1, 2, "awful", "same", "same")
    assert own.title == f"“{what_if.clips.text[1]}”"
    assert own.title.startswith("“The pace felt horrible, then")
    assert changed.title.startswith("“The pace awful horrible, then")
    assert what_if.edited(1, 3, "nice", "same", "same").title.startswith("“The pace felt nice, then")
    assert what_if.edited(1, 0, "a", "same", "same").title.startswith("“A pace")
