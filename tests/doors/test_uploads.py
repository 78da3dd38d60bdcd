"""Uploads: clips and pictures of visitors, whatever is in them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.shared.pictures import UnreadablePictureError, take
from mfm_core.data.importing.upload import ClipShape, clip_table, read_clip
from mfm_core.data.notes import Notes
from mfm_core.data.scaling import Scaling
from tests.doors.doors import HTML, at_most, damaged, damaged_archives, door, one_sentence

SIZES = {"language": 3, "visual": 2}
SHAPE = ClipShape(SIZES, 1, {name: Scaling(torch.ones(d), torch.full((d,), 2.0)) for name, d in SIZES.items()})
HOOK = Path("run_by_a_pickle")


def clip_bytes() -> bytes:
    random, buffer = np.random.default_rng(0), io.BytesIO()
    arrays = {name: random.normal(size=(4, d)).astype(np.float32) for name, d in SIZES.items()}
    np.savez_compressed(buffer, words=np.array(list("abcd")), times=np.arange(8.0).reshape(4, 2), **arrays)
    return buffer.getvalue()


def table() -> bytes:
    random = np.random.default_rng(0)
    arrays = {name: random.normal(size=(4, d)).astype(np.float32) for name, d in SIZES.items()}
    return clip_table(arrays, ("a", HTML, "c", "d"), np.arange(8, dtype=np.float32).reshape(4, 2)).encode()


def taken(content: bytes, name: str) -> None:
    notes = Notes()
    try:
        with at_most(150_000_000):
            clip = read_clip(content, name, SHAPE, notes)
    except ValueError as error:
        one_sentence(error)
        return
    assert clip.steps is not None
    assert 1 <= clip.modalities["language"].shape[1] <= 200
    assert all(bool(torch.isfinite(x).all()) for x in clip.modalities.values())
    assert all("\n" not in line for line in notes.lines())
    starts = clip.steps.times[0, :, 0]
    assert bool((starts[~starts.isnan()].diff() >= 0).all())


@given(content=damaged_archives(clip_bytes(), HOOK.absolute()))
@door
def test_any_archive_is_a_clip_or_refused_and_nothing_is_unpickled(content: bytes) -> None:
    taken(content, "mine.npz")
    assert not HOOK.exists()


@given(content=damaged(table()), name=st.sampled_from(["mine.csv", f"{HTML}.csv", "../../x.csv", "a\nb.csv"]))
@door
def test_any_table_is_a_clip_or_refused(content: bytes, name: str) -> None:
    taken(content, name)


def picture(kind: str, mode: str) -> bytes:
    buffer = io.BytesIO()
    pixels = (np.add.outer(np.arange(40), np.arange(40)) % 256).astype(np.uint8)
    Image.fromarray(pixels).convert(mode).save(buffer, kind)
    return buffer.getvalue()


PICTURES = [
    picture("PNG", "L"),
    picture("PNG", "RGBA"),
    picture("PNG", "P"),
    picture("JPEG", "RGB"),
    picture("GIF", "L"),
]


@pytest.mark.filterwarnings("ignore")  # Pillow tells of what it can still read
@given(content=st.sampled_from(PICTURES).flatmap(damaged), channels=st.sampled_from([1, 3]))
@door
def test_any_picture_is_taken_or_refused(content: bytes, channels: int) -> None:
    try:
        with at_most(150_000_000):
            made = take(content, (channels, 28, 28))
    except UnreadablePictureError as error:
        one_sentence(error)
        return
    assert made.shape == (channels, 28, 28)
    assert 0 <= made.min() <= made.max() <= 1
