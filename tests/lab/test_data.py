"""Sets that visitors bring to the lab: what is taken, and one sentence for everything that is not."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import mfm_core as mfm
from mfm_core.lab.data import FILE, LIMITS, load_lab_data, offered, read_upload

RNG = np.random.default_rng(0)
LABELS = np.arange(80) % 4
IMAGES = {"left": RNG.random((80, 1, 8, 8)), "right": RNG.random((80, 3, 10, 12))}
SERIES = {"words": RNG.normal(size=(80, 5, 6)), "tone": RNG.normal(size=(80, 5, 2))}


def packed(**arrays: object) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def test_images_and_sequences_are_taken() -> None:
    data = read_upload(packed(labels=LABELS, **IMAGES), "own.npz")
    assert {name: tuple(x.shape[1:]) for name, x in data.modalities.items()} == {
        "left": (1, 8, 8),
        "right": (3, 10, 12),
    }
    assert {name: int((data.split == name).sum()) for name in ("train", "validation", "test")} == {
        "train": 56, "validation": 8, "test": 16,
    }  # fmt: skip
    mask = np.arange(5)[None] < (1 + LABELS[:, None])
    series = read_upload(packed(labels=LABELS / 3, mask=mask, **SERIES), "own.npz")
    assert series.labels.shape == (80, 1)
    assert bool((series.modalities["words"][~torch.from_numpy(mask)] == 0).all())


def test_a_file_in_the_layout_of_imported_sets_is_taken(tmp_path: Path) -> None:
    own = mfm.Dataset.from_arrays({"speech": SERIES["words"], "tone": SERIES["tone"]}, LABELS)
    mfm.save_dataset(own, tmp_path / "own.npz")
    data = read_upload((tmp_path / "own.npz").read_bytes(), "own.npz")
    order = np.concatenate([np.flatnonzero(own.split == split) for split in ("train", "validation", "test")])
    assert data.labels.tolist() == own.labels[order].tolist()
    for name, x in own.modalities.items():
        assert torch.equal(data.modalities[name], x[order])
    for few in (own.take(list(range(50))), own.only(("tone",))):
        mfm.save_dataset(few, tmp_path / "own.npz")
        with pytest.raises(
            ValueError, match=r"^own.npz: (labels: expected 60 to 4000 samples|expected labels and 2 to)"
        ):
            read_upload((tmp_path / "own.npz").read_bytes(), "own.npz")


def test_bytes_are_pixels() -> None:
    whole = (IMAGES["left"] * 255).round().astype(np.uint8)
    data = read_upload(packed(labels=LABELS, left=whole, right=IMAGES["right"]), "own.npz")
    assert np.allclose(data.modalities["left"].numpy() * 255, whole, atol=1e-4)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"left": IMAGES["left"], "right": IMAGES["right"]}, "expected labels and 2 to 4 modalities"),
        ({"labels": LABELS, "left": IMAGES["left"]}, "expected labels and 2 to 4 modalities"),
        ({"labels": LABELS[:20], **{k: x[:20] for k, x in IMAGES.items()}}, "expected 60 to 4000 samples, got 20"),
        ({"labels": np.zeros(0), **IMAGES}, "expected 60 to 4000 samples, got 0"),
        ({"labels": np.float64(1), **IMAGES}, "expected 60 to 4000 samples, got 0"),
        ({"labels": LABELS, "left": IMAGES["left"], "right": RNG.random((80, 1, 64, 64))}, "8 to 32 pixels a side"),
        ({"labels": LABELS, "left": IMAGES["left"], "right": RNG.random((80, 2, 8, 8))}, "1 or 3 channels"),
        ({"labels": LABELS, "left": IMAGES["left"], "right": IMAGES["right"][:70]}, "expected 80 samples"),
        ({"labels": LABELS, "left": IMAGES["left"] * 2, "right": IMAGES["right"]}, r"pixels in \[0, 1\]"),
        ({"labels": LABELS, "left": IMAGES["left"], "words": SERIES["words"]}, "all images"),
        ({"labels": LABELS, "words": RNG.random((80, 5, 301)), "tone": SERIES["tone"]}, "1 to 300 features"),
        ({"labels": LABELS, "words": SERIES["words"] * np.nan, "tone": SERIES["tone"]}, "expected a step of finite"),
        ({"labels": LABELS * 0, **IMAGES}, "at least 2 classes"),
        ({"labels": LABELS * 100, **IMAGES}, "at most 30 classes"),
        ({"labels": LABELS - 1, **IMAGES}, "expected classes from 0"),
        ({"labels": LABELS * 0.0, **IMAGES}, "scores that vary"),
        ({"labels": np.array(["a"] * 80), **IMAGES}, "expected an array of numbers"),
        ({"labels": LABELS, "left": IMAGES["left"], "right": np.array(["a"] * 80)}, "expected 80 samples"),
    ],
)
def test_what_cannot_be_taken_is_told_in_a_sentence(arrays: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message) as told:
        read_upload(packed(**arrays), "own.npz")
    assert str(told.value).startswith("own.npz: ")


def test_a_step_that_is_not_finite_is_masked_and_told() -> None:
    words = SERIES["words"].copy()
    words[3, 1, 0] = np.inf
    data = read_upload(packed(labels=LABELS, words=words, tone=SERIES["tone"]), "own.npz")
    assert bool((data.modalities["words"][3, 1] == 0).all())
    assert [line.rpartition("first: ")[2] for line in data.notes] == [
        "modalities.words, sample 3, step 1, feature 0, inf"
    ]


def test_shapes_are_refused_before_anything_is_decompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    huge = packed(labels=np.zeros(2_000_000, np.int8), left=np.zeros((1_000_000, 1)), right=np.zeros((1_000_000, 1)))
    monkeypatch.setattr("mfm_core.files.npz.npy.read_array", lambda *_, **__: pytest.fail("it was decompressed"))
    with pytest.raises(ValueError, match="expected 60 to 4000 samples, got 2000000"):
        read_upload(huge, "own.npz")
    with pytest.raises(ValueError, match="expected at most 4000000 bytes"):
        read_upload(b"0" * 4_000_001, "own.npz")
    bomb = packed(labels=np.zeros(100), left=np.zeros((4_000, 1, 32, 32)), right=np.zeros((4_000, 3, 32, 32)))
    with pytest.raises(ValueError, match="expected at most 24000000 bytes of arrays"):
        read_upload(bomb, "own.npz")


def test_an_upload_that_is_too_large_on_the_disk_is_never_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / FILE).open("wb") as file:
        file.truncate(LIMITS.file_bytes + 1)

    def unread(*_: object) -> None:
        raise AssertionError("the file was read")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", unread)
        patched.setattr(zipfile, "ZipFile", unread)
        with pytest.raises(ValueError, match=r"^data\.npz: expected at most 4000000 bytes, got 4000001$"):
            load_lab_data("upload", tmp_path)
    (tmp_path / FILE).write_bytes(packed(labels=LABELS, **IMAGES))
    assert len(load_lab_data("upload", tmp_path)) == len(LABELS)
    (tmp_path / FILE).unlink()
    with pytest.raises(FileNotFoundError, match=r"data\.npz: no such file$"):
        load_lab_data("upload", tmp_path)


@settings(max_examples=60)
@given(content=st.binary(max_size=300), name=st.text(max_size=80))
def test_any_bytes_are_refused_with_a_sentence_of_one_line(content: bytes, name: str) -> None:
    with pytest.raises(ValueError, match=r".") as told:
        read_upload(content, name)
    assert "\n" not in str(told.value)


@settings(max_examples=60)
@given(data=st.data())
def test_a_file_with_a_changed_byte_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(packed(labels=LABELS, **IMAGES))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        read_upload(bytes(whole), "own.npz")


def test_objects_are_never_unpickled() -> None:
    objects = np.array([{"a": 1}] * 80, dtype=object)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in {"labels": LABELS, "left": objects, "right": IMAGES["right"]}.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, array)
    with pytest.raises(ValueError, match="expected numbers or text"):
        read_upload(buffer.getvalue(), "own.npz")


def test_what_is_offered_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFM_DATA", str(tmp_path))
    assert [offer.name for offer in offered()] == ["digits8", "shipped_clips"]
    for offer in offered():
        data = load_lab_data(offer.name, tmp_path)
        assert all(len(data.part(split)) > 0 for split in ("train", "validation", "test"))
    with pytest.raises(ValueError, match="data: expected one of digits8, shipped_clips or upload, got 'pom'"):
        load_lab_data("pom", tmp_path)


def test_digits8_pairs_share_the_label_and_stay_in_their_split() -> None:
    data = mfm.load_dataset("digits8")
    ink = 1 - (data.modalities["colour"] / data.modalities["colour"].amax((2, 3), keepdim=True)).mean(1)
    plain = data.modalities["plain"][:, 0]
    near = (ink.flatten(1) / 0.9)[:, None] - plain.flatten(1)[None]
    for i in range(0, len(data), 97):
        partner = int(near[i].abs().amax(1).argmin())
        assert float(near[i, partner].abs().max()) < 0.05
        assert (data.labels[partner], data.split[partner]) == (data.labels[i], data.split[i])
