"""The same speaker with a chosen score, words said anew, and a recording of one's own on the page Flow."""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import mfm_core as mfm
from app.flow import clip_source
from app.flow.figures import chosen_score
from app.flow.sections import chosen_score as section
from app.flow.sections import own_clip, own_recording
from app.shared.stored_figures import StoredFigures
from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.statistics import Estimate
from mfm_core.studio.making.say import can_speak
from mfm_core.studio.wording import nearest_words
from tests.app import sequences
from tests.app.flow.test_page import visit
from tests.app.pages import elements, query, words_on

BALANCED = "studio_balanced"
needs_sound = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("librosa", "soundfile")), reason="librosa not installed"
)
needs_voice = pytest.mark.skipif(not can_speak(), reason="espeak-ng is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models_that_generate")
    sequences.save_studio(place)
    return place


@pytest.fixture(autouse=True)
def small_models(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MFM_PRETRAINED", str(folder))
    monkeypatch.setenv("MFM_DATA", str(tmp_path))


@pytest.mark.parametrize("draw", [None, 3])
def test_the_chosen_score_is_reached_with_every_style_kept(draw: int | None, folder: Path) -> None:
    shown = clip_source.load(BALANCED)
    assert shown.what_if is not None
    own = chosen_score.make(shown, shown.what_if, 1, draw, 0.0)
    target = own.strip.before.label[0] + 0.2 if own.strip.before else 0.0  # which a small model can reach
    made = chosen_score.make(shown, shown.what_if, 1, draw, target)
    assert made.strip.label[0] == pytest.approx(target, abs=0.02)
    after, before = made.strip.clip.latents, made.strip.before.clip.latents  # type: ignore[union-attr]
    assert after is not None
    assert before is not None
    for name, z in before.a.items():
        assert torch.equal(after.a[name], z)
    generated = shown.model.decode(after).modalities
    assert after.mask is not None
    assert made.strip.clip.words == nearest_words(shown.what_if.clips, generated["language"], after.mask)[0]
    assert len(made.tones) == len(made.faces) == made.strip.clip.length
    heard = shown.model.decide(shown.model.encode(dict(generated), after.mask).y)
    assert made.heard == pytest.approx(float(heard), abs=1e-4)
    before = made.strip.before
    assert before is not None
    given = ("otherwise", *before.clip.words[1:])
    told = section.sentence(made, given)
    assert f"1 of {len(given)} words (“otherwise” as “{before.clip.words[0]}”) of the clip come back" in told
    assert "come back" not in section.sentence(made)


def test_the_slider_is_live_and_in_the_link() -> None:
    assert len(elements(visit(clip="1"))["mfm_lanes"]) == 1  # nothing is made before it is asked for
    page = visit(clip="1", wanted="-10")
    first = page.metric[0].value
    assert [metric.label for metric in page.metric] == [
        "Asked for",
        "Read again from what is generated",
    ]
    assert elements(page)["mfm_lanes"][1]["panels"][0]["scores"] == []  # both are said, in one size
    page.slider(key="view_wanted").set_value(-0.5).run()
    assert not page.exception
    assert query(page) == {"clip": "1", "wanted": "-5"}
    assert page.metric[0].value != first
    assert "The score that was asked for" in words_on(page)
    assert "against what is generated without it" in words_on(page)
    page.get_by_key("view_origin").set_value("prior").run()
    assert query(page) == {"clip": "1", "wanted": "-5", "origin": "prior"}
    assert elements(page)["mfm_lanes"][1]["panels"][0]["count"] == 20


@needs_voice
def test_a_what_if_is_said_anew_with_its_own_times(folder: Path) -> None:
    page = visit(clip="1", step="2", word="awful", tone="raised")
    silent = elements(page)["mfm_lanes"][0]["panels"][0]
    page.toggle(key="view_aloud").set_value(True).run()
    assert not page.exception
    assert query(page)["aloud"] == "on"  # a link says it anew as well
    spoken = elements(page)["mfm_lanes"][0]["panels"][0]
    assert silent["audio"].startswith("data:audio/mpeg")
    assert spoken["audio"].startswith("data:audio/wav")
    assert spoken["times"] != silent["times"]
    assert spoken["clip"] != silent["clip"]
    assert [lane["values"] for lane in spoken["lanes"]] == [lane["values"] for lane in silent["lanes"]]
    assert "“felt” becomes “awful”, in a raised tone" in words_on(page)


def test_without_espeak_the_page_is_silent_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.flow.sections import what_if

    monkeypatch.setattr(what_if, "can_speak", lambda: False)
    monkeypatch.setattr("mfm_core.studio.making.say.can_speak", lambda: False)
    page = visit(clip="1", step="2", word="awful")
    assert page.toggle(key="view_aloud").disabled
    assert "espeak-ng is not installed" in str(page.toggle(key="view_aloud").help)


@needs_sound
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_recording_is_shown_with_its_sound_and_what_is_unknown_is_said(folder: Path) -> None:
    shown = clip_source.load(BALANCED)
    assert shown.what_if is not None
    clips = shown.what_if.clips
    n = len(clips.edits[2])
    rows = [f"{word},{a:.3f},{b:.3f}" for word, (a, b) in zip(clips.edits[2].words, clips.times[2, :n].tolist())]  # noqa: B905
    rows[0] = "zyzzyx" + rows[0][rows[0].index(",") :]
    words = "\n".join(["word,start,end", *rows]).encode()
    made = own_recording.measure(clips.audio[2], "mine.mp3", words, "mine.csv", clips)
    assert "“zyzzyx”" in made.notes[0]
    brought = own_clip.UploadedClip("mine.npz", made.content, "", made.sound, made.notes)
    clip = own_clip.of_file(brought, shown)
    assert set(clip.features) == {"language", "acoustic"}
    assert clip.sound == made.sound
    assert clip.words == ("zyzzyx", *clips.edits[2].words[1:])
    assert float(clip.features["language"][0, 0].abs().max()) < 1e-3  # the mean word
    own = shown.clip(2).features["language"]
    np.testing.assert_allclose(clip.features["language"][0, 1:], own[0, 1:], atol=1e-3)


def test_a_recording_that_cannot_be_taken_gets_a_sentence() -> None:
    clips = mfm.load_clips()
    with pytest.raises(ValueError, match="expected at most 200 words, got 300"):
        own_recording.measure(b"", "a.wav", b"word,start,end\n" + b"a,0,1\n" * 300, "a.csv", clips)
    with pytest.raises(ValueError, match=r"a\.wav: expected a WAV or MP3 file"):
        own_recording.measure(io.BytesIO(b"x").read(), "a.wav", b"word,start,end\na,0,1\n", "a.csv", clips)


def test_how_well_what_is_missing_is_inferred_is_said_as_it_was_measured(folder: Path, tmp_path: Path) -> None:
    shown = clip_source.load(BALANCED)
    buffer = io.BytesIO()
    np.savez(buffer, language=np.zeros((3, 50), np.float32))
    clip = own_clip.of_file(own_clip.UploadedClip("a.npz", buffer.getvalue()), shown)
    assert own_clip.inferred(clip, shown) == ""
    same_of_another = own_clip.of_file(own_clip.UploadedClip("b.npz", buffer.getvalue()), shown)
    assert clip.key != same_of_another.key  # lanes are shared by key, and show the name of the file
    measured = tuple(
        figure("inferred_r2", f"language>{name}", Estimate(-0.04, -0.05, -0.03, 9)) for name in ("acoustic", "visual")
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own_clip.stored_figures, "of_model", lambda name: StoredFigures(measured))
        said = own_clip.inferred(clip, shown)
    assert "acoustic from language: -0.04; visual from language: -0.04" in said


def test_why_a_recording_was_not_taken_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_recording.recording, "can_read_sound", lambda: True)
    page = visit(**{"from": "upload"})
    page.file_uploader(key="own_sound").upload("fake.wav", b"no sound", "audio/wav")
    page.file_uploader(key="own_words").upload("words.csv", b"word,start,end\nso,0,1\n", "text/csv").run()
    page.button(key="measure_own").click().run()
    assert [box.value for box in page.status[0].warning] == []  # it is folded
    said = [box.value for box in page.warning]
    assert len(said) == 1
    assert (
        said[0].replace("\\", "").startswith("The recording could not be taken: fake.wav: expected a WAV or MP3 file")
    )


def test_a_measurement_that_crashes_gets_a_sentence_and_the_server_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    monkeypatch.setattr(own_recording.recording_process, "COMMAND", (sys.executable, "-c", crash))
    monkeypatch.setattr(own_recording.recording, "can_read_sound", lambda: True)
    page = visit(**{"from": "upload"})
    page.file_uploader(key="own_sound").upload("mine.wav", b"RIFF", "audio/wav")
    page.file_uploader(key="own_words").upload("words.csv", b"word,start,end\nso,0,1\n", "text/csv").run()
    page.button(key="measure_own").click().run()
    assert [box.value for box in page.warning] == [
        "The recording could not be measured: its process was killed by SIGSEGV."
    ]
    assert not visit(clip="1").exception


def test_where_no_sound_can_be_read_none_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_recording.recording, "can_read_sound", lambda: False)
    page = visit(**{"from": "upload"})
    assert [one.key for one in page.get("file_uploader")] == ["own_clip"]
    assert "this server has nothing that reads sound" in words_on(page)
