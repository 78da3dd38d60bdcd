"""Twelve stored models and more: each is loaded when it is looked at, once, and listing them loads none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import mfm_core as mfm
from app.dependency import held_out_codes
from app.flow import clip_source
from app.shared import stored_models
from mfm_core.storage.folder import PRETRAINED, StoredModel
from tests.app import sequences
from tests.app.dependency.test_page import settled
from tests.app.pages import MAIN

NAMES = tuple(f"made_up_{i:02}" for i in range(13))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("many_models")
    for name in NAMES:
        sequences.save(name, place)
    return place


@pytest.fixture
def loads(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Names of what is loaded, in order, of files that no cache has seen."""
    monkeypatch.setenv("MFM_PRETRAINED", str(folder))
    monkeypatch.setenv("MFM_DATA", str(tmp_path))
    stored_models.cache.clear()  # type: ignore[attr-defined]
    found: list[str] = []

    def counted(load: Callable[[str], object]) -> Callable[[str], object]:
        def called(place: str) -> object:
            found.append(f"{load.__name__} {Path(place).name}")
            return load(place)

        return called

    for name in ("load_pretrained", "load_codes"):
        monkeypatch.setattr(mfm, name, counted(getattr(mfm, name)))
    return found


def test_listing_loads_none(loads: list[str]) -> None:
    assert clip_source.playable() == (NAMES, {})
    assert held_out_codes.measurable() == NAMES
    assert stored_models.models() == NAMES
    assert loads == []


def test_the_order_of_models_follows_from_what_they_are() -> None:
    """By hand from :func:`stored_models.order`: kind, contrast, clips, registry, name."""
    pictures, clips = (StoredModel.of_folder(PRETRAINED / name) for name in ("svhn_mnist", "cmu_mosi"))
    titled = pictures.model_copy(update={"title": "A contrast"})
    wanted = [
        ("svhn_mnist", pictures),
        ("own_pictures", pictures),
        ("a_contrast", titled),
        ("b_contrast", titled),
        ("studio_language_led", clips),
        ("studio_balanced", clips),
        ("ict_mmmo", clips),
        ("own_clips", clips),
        ("cmu_mosi", clips),
    ]
    wanted = [
        (name, one.model_copy(update={"run": {"data": "" if name.startswith("own") else name}})) for name, one in wanted
    ]
    mixed = wanted[::2] + wanted[1::2]
    assert sorted(mixed, key=lambda one: stored_models.order(*one)) == wanted


def test_facts_of_a_model_follow_from_what_is_stored_and_not_from_its_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder, run in {
        "ict_mmmo": {"configuration": {"data": "ict_mmmo"}},
        "ict_mmmo_seed1": {"configuration": {"data": "ict_mmmo"}},
        "pom": {"data": "interviews", "unit": "word"},
        "youtube": {},
    }.items():
        mfm.save_model(sequences.model(), tmp_path / folder, run=run, card="")
        mfm.save_codes(sequences.codes(sequences.model()), tmp_path / folder)
    monkeypatch.setenv("MFM_PRETRAINED", str(tmp_path))
    assert [(stored_models.title(name), clip_source.load(name).unit) for name in stored_models.models()] == [
        ("ICT-MMMO, real reviews", "sentence"),
        ("ICT-MMMO, real reviews (ict mmmo seed1)", "sentence"),
        ("pom", "word"),
        ("youtube", "step"),
    ]
    own = clip_source.load("youtube")
    assert own.titles[0] == "held-out clip 1 · 3 steps"
    assert "may not be passed on" not in own.about
    assert "ICT-MMMO" in clip_source.load("ict_mmmo_seed1").about


def test_the_label_is_called_after_the_data_and_not_a_digit_where_nobody_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def pictures(*names: str) -> mfm.MFM:
        shape = {"shape": (1, 28, 28), "d_z": 2, "d_f": 2, "channels": (4,), "fusion_channels": (4,)}
        return mfm.MFM(mfm.ModelConfig.model_validate({"modalities": dict.fromkeys(names, shape)}))

    for folder, data, names in (
        ("named", "digits8", ("plain", "colour")),
        ("unnamed", "", ("svhn", "mnist")),
        ("own", "upload", ("left", "right")),
        ("mixed", "", ("mnist", "sound")),
    ):
        mfm.save_model(pictures(*names), tmp_path / folder, run={"data": data}, card="")
    monkeypatch.setenv("MFM_PRETRAINED", str(tmp_path))
    assert {name: stored_models.label(name) for name in (*stored_models.models(), "gone")} == {
        "named": "digit",
        "unnamed": "digit",
        "own": "label",
        "mixed": "label",
        "gone": "label",
    }


def test_more_models_than_any_count_are_each_loaded_once(loads: list[str]) -> None:
    for _ in range(2):
        for name in NAMES:
            assert clip_source.load(name).model is held_out_codes.load(name).model
    assert sorted(loads) == sorted(f"{load} {name}" for name in NAMES for load in ("load_pretrained", "load_codes"))


def test_a_model_that_changes_on_the_disk_is_loaded_again(loads: list[str], folder: Path) -> None:
    first = clip_source.load(NAMES[0]).model
    sequences.save(NAMES[0], folder)
    assert clip_source.load(NAMES[0]).model is not first


@pytest.mark.parametrize(("page", "shown"), [("flow", 1), ("dependency", 3)])
def test_a_page_loads_what_it_shows_and_its_second_run_nothing(page: str, shown: int, loads: list[str]) -> None:
    app = AppTest.from_file(MAIN, default_timeout=120).run()
    app.switch_page(f"{page}/page.py").run()
    assert not app.exception
    settled(app)
    models = {load for load in loads if load.startswith("load_pretrained made_up")}
    assert len(models) == shown
    assert len(loads) == len(set(loads))
    loads.clear()
    app.run()
    assert not app.exception
    assert loads == []
