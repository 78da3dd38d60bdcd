"""A model of the page Flow and its clips are kept once, and freed where they are dropped."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from app.flow import clip_source
from app.shared import stored_models
from app.shared.byte_cache import ByteCache, n_bytes
from tests.app import sequences

MODELS = ("studio_balanced", "ict_mmmo")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("kept_models")
    sequences.save_studio(place)
    sequences.save("ict_mmmo", place)
    return place


def kept(folder: Path, monkeypatch: pytest.MonkeyPatch, most_bytes: int) -> ByteCache:
    cache = ByteCache(most_bytes)
    monkeypatch.setenv("MFM_PRETRAINED", str(folder))
    monkeypatch.setattr(stored_models, "cache", lambda: cache)
    return cache


@pytest.mark.parametrize("name", MODELS)
def test_a_model_its_codes_and_its_clips_are_counted_once(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = kept(folder, monkeypatch, 1 << 30)
    shown = clip_source.load(name)
    large = n_bytes(shown.model) + n_bytes(stored_models.codes(stored_models.stored_as(name)))
    if shown.what_if is not None:
        large += n_bytes(shown.what_if.clips)
    texts = n_bytes([shown.titles, shown.about, shown.name]) + 10 * len(stored_models.stored_as(name))
    assert large < cache.held <= large + n_bytes(shown.reference) + texts + 4_000


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_the_cache_drops_is_freed_though_its_clips_are_shown(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = kept(folder, monkeypatch, 1)
    shown = clip_source.load(name)
    model, codes = weakref.ref(shown.model), weakref.ref(stored_models.codes(stored_models.stored_as(name)).latents.y)
    cache.get("another", lambda: b"another")
    gc.collect()
    assert model() is None
    assert codes() is None
    assert shown.clip(0).length == shown.lengths[0]  # loaded again
