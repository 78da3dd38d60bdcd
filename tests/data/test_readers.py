"""Readers of users' files: what was written is what is read, and what is damaged or hostile is refused."""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import pickle
import re
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mfm_core.data.importing.alignment import expected_values
from mfm_core.data.importing.csd import read_aligned, split_videos
from mfm_core.data.importing.h5 import read_tensors_of
from mfm_core.data.importing.pickles import read_pickled
from mfm_core.files.npz import UPLOAD, Limits, read_archive
from mfm_core.files.restricted_pickle import read_pickle
from tests.data import features, videos

# Pickles: what plain content there is comes back, in every protocol.

PLAIN: dict[str, Any] = {
    "nothing": None,
    "numbers": [1, -1, 2**40, 1.5, True, False],
    "text": ("a", "ä", ""),
    "bytes": b"\x00\xff",
    "levels": {"a": {"b": [{"c": ()}]}},
    "float32": np.arange(6, dtype=np.float32).reshape(2, 3),
    "big endian": np.arange(6, dtype=">f8"),
    "column order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "booleans": np.array([True, False]),
    "letters": np.array(["x", "yy"]),
    "bytes in an array": np.array([b"x", b"yy"]),
    "empty": np.zeros((0, 4), np.int16),
    "scalar": np.float32(2.5),
    "objects that are text": np.array([["a", "b"], ["c", "dd"]], dtype=object),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_content_comes_back(tmp_path: Path, protocol: int) -> None:
    read = read_pickle(features.write_pickle(tmp_path / "x.pkl", PLAIN, protocol))
    assert list(read) == list(PLAIN)
    for key, expected in PLAIN.items():
        if isinstance(expected, np.ndarray | np.generic):
            np.testing.assert_array_equal(read[key], expected)
            assert read[key].shape == expected.shape
            assert read[key].dtype == expected.dtype or key == "objects that are text"
        else:
            assert read[key] == expected


def test_names_of_numpy_1_are_known_too(tmp_path: Path) -> None:
    for protocol in (2, 5):
        content = pickle.dumps(np.arange(3.0), protocol=protocol)
        if protocol == 2:
            content = content.replace(b"numpy._core", b"numpy.core")
        else:
            # A length byte precedes the name, and the frame's length precedes all.
            content = content.replace(b"\x13numpy._core.numeric", b"\x12numpy.core.numeric")
            content = content[:3] + struct.pack("<Q", len(content) - 11) + content[11:]
        (tmp_path / "x.pkl").write_bytes(content)
        assert read_pickle(tmp_path / "x.pkl").tolist() == [0, 1, 2]


class Runs:
    """What a hostile pickle asks for, by ``__reduce__``."""

    def __init__(self, *reduce: object) -> None:
        self.reduce = reduce

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduce


def touch(tmp_path: Path) -> str:
    return f"touch {tmp_path}/was_run"


class Plain:
    """An ordinary class of somebody's."""


def raw(*parts: bytes) -> bytes:
    return b"\x80\x04" + b"".join(parts) + b"."


def name(text: str) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text.encode()


def stack_global(module: str, attribute: str) -> bytes:
    return name(module) + name(attribute) + b"\x93"


ARRAY_STATE_8TB = (1, (10**6, 10**6), np.dtype("f8"), False, b"12345678")
REFUSED = "which was not loaded"
HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "os.system": (lambda p: Runs(os.system, (touch(p),)), "got 'posix.system', which was not loaded"),
    "builtins.eval": (
        lambda p: Runs(builtins.eval, (f"__import__('os').system('{touch(p)}')",)),
        "got 'builtins.eval'",
    ),
    "nested reduce": (
        lambda p: {"train": [{"text": (1, Runs(getattr, (Runs(__import__, ("os",)), "system")))}]},
        "got 'builtins.getattr', which was not loaded",
    ),
    "a class of somebody's": (
        lambda p: Plain(),
        "expected numbers, text and containers only, got the instruction NEWOBJ",
    ),
    "a container of another kind": (lambda p: OrderedDict(a=1), "got 'collections.OrderedDict'"),
    "a set": (lambda p: {1, 2}, "got the instruction EMPTY_SET"),
    "an array of objects": (lambda p: np.array([{"a": 1}, None], dtype=object), "got an array of objects"),
    "an object array that runs": (
        lambda p: np.array([Runs(os.system, (touch(p),))], dtype=object),
        "got 'posix.system', which was not loaded",
    ),
    "a structured type": (lambda p: np.zeros(2, dtype=[("a", "f4")]), "expected arrays of numbers or text, got"),
    "dates": (lambda p: np.array(["2020-01-01"], dtype="M8[D]"), "got the type 'M8'"),
    "another function of numpy": (lambda p: Runs(np.zeros, ((10**9,),)), "got 'numpy.zeros'"),
}


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_pickles_are_refused_and_not_run(tmp_path: Path, kind: str, protocol: int) -> None:
    make, message = HOSTILE[kind]
    path = features.write_pickle(tmp_path / "x.pkl", make(tmp_path), protocol)
    with pytest.raises(ValueError, match=re.escape(f"{path}: expected")) as error:
        read_pickle(path)
    if protocol == 4:
        assert message in str(error.value)
    assert not (tmp_path / "was_run").exists()


RAW: dict[str, tuple[bytes, str]] = {
    "an attribute of what is admitted": (
        raw(stack_global("numpy", "ndarray.__class__"), b")R"),
        f"got 'numpy.ndarray.__class__', {REFUSED}",
    ),
    "a name made of another module": (
        raw(stack_global("numpy.core.multiarray", "array")),
        f"multiarray.array', {REFUSED}",
    ),
    "changing a function": (
        raw(stack_global("numpy", "dtype"), b"N}", name("__defaults__"), b"Ns\x86b"),
        "expected an array to be built, got another object",
    ),
    "a function as content": (
        raw(stack_global("numpy", "dtype")),
        "expected arrays and containers, got a function or type",
    ),
    "another code": (
        raw(stack_global("_codecs", "encode"), name("a"), name("rot13"), b"\x86R"),
        "expected bytes spelt in Latin-1",
    ),
    "an array that is larger than its bytes": (
        raw(
            *(stack_global("numpy._core.multiarray", "_reconstruct"), stack_global("numpy", "ndarray")),
            *(b"K\x00\x85C\x01b\x87R(K\x01J", struct.pack("<i", 10**9), b"\x85"),
            *(stack_global("numpy", "dtype"), name("f8"), b"\x89\x88\x87R\x89C\x0812345678tb"),
        ),
        "expected the bytes of an array of shape (1000000000,) of f8",
    ),
    "an array without content": (
        raw(
            *(stack_global("numpy._core.multiarray", "_reconstruct"), stack_global("numpy", "ndarray")),
            b"K\x00\x85C\x01b\x87R",
        ),
        "expected every array to have content",
    ),
    "memory for a far place": (raw(b"Nr\xff\xff\xff\x7f"), "instructions in order"),
    "an object of another process": (raw(b"NQ"), "got the instruction BINPERSID"),
    "a registered extension": (raw(b"\x82\x01"), "got the instruction EXT1"),
    "a text longer than the file": (raw(b"\x8d" + struct.pack("<Q", 2**40) + b"a"), "expected a whole pickle"),
    "tuples of twice the same tuple": (
        raw(b"})\x94", b"".join(b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86\x94" for i in range(60)), b"K\x01s"),
        "expected no tuple to be in two places",
    ),
    "too many levels": (raw(b"]" * 30 + b"a" * 29), "expected containers in at most 8 levels"),
    "nothing": (b"", "expected a pickle of at most"),
    "noise": (b"noise" * 100, "expected a whole pickle"),
    "cut short": (pickle.dumps(np.arange(100.0))[:-50], "expected a whole pickle"),
}


@pytest.mark.parametrize("kind", RAW)
def test_pickles_that_no_program_writes_are_refused(tmp_path: Path, kind: str) -> None:
    content, message = RAW[kind]
    (tmp_path / "x.pkl").write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(message)):
        read_pickle(tmp_path / "x.pkl")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused_but_nothing_else(tmp_path: Path, place: int, byte: int) -> None:
    content = bytearray(pickle.dumps({"train": {"text": np.arange(4.0), "id": ["a", "b"]}}, protocol=4))
    content[place % len(content)] = byte
    (tmp_path / "x.pkl").write_bytes(content)
    with contextlib.suppress(ValueError):
        assert type(read_pickle(tmp_path / "x.pkl")) in (dict, list, tuple, str, bytes, np.ndarray, int, float, bool)


# Pickled dictionaries of tensors.


def test_the_multimodal_transformers_dictionary_becomes_parts(tmp_path: Path) -> None:
    content = features.multimodal_transformer()
    parts = read_pickled(features.write_pickle(tmp_path / "mosi_data.pkl", content), None)
    for split, key in {"train": "train", "validation": "valid", "test": "test"}.items():
        part = parts[split]  # type: ignore[index]
        np.testing.assert_array_equal(part.modalities["language"], content[key]["text"])
        expected = content[key]["audio"].astype(np.float32)
        expected[1, 3, 0] = 0
        np.testing.assert_array_equal(part.modalities["acoustic"], expected)
        np.testing.assert_array_equal(part.labels[:, 0], content[key]["labels"].ravel())
        assert part.ids is not None
        assert part.ids[2] == f"{key}v2_0.0_1.5"


def test_emotions_given_as_pairs_become_zero_and_one(tmp_path: Path) -> None:
    content = features.multimodal_transformer(emotions=6)
    parts = read_pickled(features.write_pickle(tmp_path / "iemocap_data.pkl", content), None)
    np.testing.assert_array_equal(parts["train"].labels, content["train"]["labels"][:, :, 1])


def test_mmsas_padding_becomes_zero_and_the_last_steps_are_kept(tmp_path: Path) -> None:
    content = features.mmsa()
    path = features.write_pickle(tmp_path / "aligned_50.pkl", content)
    whole, last = read_pickled(path, None)["test"], read_pickled(path, 3)["test"]
    real = content["test"]["text_bert"][:, 1] == 1
    for name, key in {"language": "text", "acoustic": "audio", "visual": "vision"}.items():
        x = content["test"][key].astype(np.float32)
        np.testing.assert_array_equal(whole.modalities[name][real], x[real])
        assert (whole.modalities[name][~real] == 0).all()
        np.testing.assert_array_equal(last.modalities[name], whole.modalities[name][:, -3:])
    np.testing.assert_allclose(whole.labels[:, 0], content["test"]["regression_labels"], rtol=1e-6)


def edited(**changes: object) -> Callable[[dict[str, dict[str, Any]]], object]:
    """Replace or, with None, remove keys of the validation split."""

    def edit(content: dict[str, dict[str, Any]]) -> object:
        content["valid"] = {k: v for k, v in (content["valid"] | changes).items() if v is not None}
        return content

    return edit


TENSOR_DAMAGE: dict[str, tuple[Callable[[dict[str, dict[str, Any]]], object], str]] = {
    "no dictionary": (lambda c: [1, 2], "expected the keys train, valid and test, got no keys; see the data links"),
    "a split missing": (lambda c: {"train": c["train"]}, "expected the keys train, valid and test, got train; see"),
    "a modality missing": (edited(vision=None), "valid: expected the key vision, got text, audio, labels, id; see"),
    "labels missing": (edited(labels=None), "valid: expected the key labels, got text, audio, vision, id; see"),
    "a list": (edited(text=[[1.0]]), "valid: text: expected numbers of shape (N, T, d), got list"),
    "flat": (edited(text=np.zeros((6, 5))), "valid: text: expected numbers of shape (N, T, d), got shape (6, 5)"),
    "text": (edited(text=np.full((6, 5, 4), "a")), "valid: text: expected numbers of shape (N, T, d), got shape"),
    "not aligned": (edited(audio=np.ones((6, 40, 3))), "one N and T in all modalities, as aligned files have, got {"),
    "NaN": (edited(vision=np.full((6, 5, 2), np.nan)), "valid: vision: expected finite numbers, got NaN or infinity"),
    "too few labels": (edited(labels=np.ones((5, 1))), "valid: labels: expected 6 labels as numbers, got shape (5, 1)"),
}


@pytest.mark.parametrize("kind", TENSOR_DAMAGE)
def test_dictionaries_of_other_things_are_refused(tmp_path: Path, kind: str) -> None:
    change, message = TENSOR_DAMAGE[kind]
    path = features.write_pickle(tmp_path / "x.pkl", change(features.multimodal_transformer()))
    with pytest.raises(ValueError, match=re.escape(message)):
        read_pickled(path, None)


# HDF5.


def test_published_tensors_come_back_and_a_split_may_lack_a_modality(tmp_path: Path) -> None:
    arrays = videos.published("ict_mmmo")
    parts = read_tensors_of(features.write_h5(tmp_path, arrays))
    assert set(parts["train"].modalities) == {"acoustic", "visual"}
    np.testing.assert_array_equal(parts["validation"].modalities["language"], arrays["text_valid"])
    np.testing.assert_array_equal(parts["test"].modalities["visual"], arrays["visual_test"])
    np.testing.assert_array_equal(parts["train"].labels, arrays["y_train"])


def external_link(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["d1"] = h5py.ExternalLink("/etc/passwd", "d1")


def external_storage(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("d1", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def huge(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("d1", (10**6, 10**6), "f4", chunks=(64, 64), compression="gzip")


def objects(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("d1", (2,), h5py.string_dtype())


def group(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("d1")


H5_DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda p: p.unlink(), "no such file"),
    "empty": (lambda p: p.write_bytes(b""), "expected a whole HDF5 file"),
    "noise": (lambda p: p.write_bytes(b"noise" * 100), "expected a whole HDF5 file"),
    "cut short": (lambda p: p.write_bytes(p.read_bytes()[:-300]), "expected a whole HDF5 file"),
    "other key": (
        lambda p: features.write_h5(p.parent, {"y_test": np.ones(3)}, "data"),
        "expected the key 'd1', got data",
    ),
    "a group": (group, "expected the table 'd1', got a group"),
    "a link to another file": (external_link, "d1: expected a part of the file itself, got a link"),
    "numbers in another file": (external_storage, "expected a table in the file itself, got one that refers to other"),
    "too large": (huge, "d1: expected at most 1000000000 bytes, got 4000000000000"),
    "objects": (objects, "d1: expected numbers or text, got object of shape (2,)"),
    "NaN": (lambda p: features.write_h5(p.parent, {"y_test": np.full(6, np.nan)}), "expected finite numbers"),
    "text": (lambda p: features.write_h5(p.parent, {"y_test": np.array([b"a"])}), "expected numbers, got |S1"),
}


@pytest.mark.parametrize("kind", H5_DAMAGE)
def test_damaged_hdf5_is_refused(tmp_path: Path, kind: str) -> None:
    inflict, message = H5_DAMAGE[kind]
    paths = features.write_h5(tmp_path, videos.published("pom"))
    inflict(tmp_path / "y_test.h5")
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(message)):
        read_tensors_of(paths)


def test_tensors_under_other_names_or_without_labels_are_refused(tmp_path: Path) -> None:
    paths = features.write_h5(tmp_path, videos.published("pom"))
    with pytest.raises(ValueError, match=r"expected y_valid.h5 among the files, got audio_test, audio_train"):
        read_tensors_of([path for path in paths if path.stem != "y_valid"])
    with pytest.raises(ValueError, match=r"expected a name such as audio_train.h5"):
        read_tensors_of([paths[0].rename(tmp_path / "sound.h5")])


# Computational sequences.


@given(st.data())
def test_the_expected_value_is_the_mean_over_time(data: st.DataObject) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    # Frames and words on a grid of 10 ms, in any order, overlapping or with gaps: counting the grid is an oracle.
    frames = np.sort(random.integers(0, 60, (data.draw(st.integers(0, 12)), 2)), axis=1)
    words = np.sort(random.integers(0, 60, (data.draw(st.integers(1, 4)), 2)), axis=1)
    values = random.normal(size=(len(frames), 3))
    values[random.random(values.shape) < 0.1] = -np.inf
    given_values = expected_values(values, frames / 100, words / 100)
    for t, (begin, end) in enumerate(words):
        for k in range(3):
            seen = [
                values[i, k]
                for tick in range(begin, end)
                for i, (start, stop) in enumerate(frames)
                if start <= tick < stop and np.isfinite(values[i, k])
            ]
            assert given_values[t, k] == pytest.approx(np.mean(seen) if seen else 0, abs=1e-5)


def test_computational_sequences_are_aligned_to_words_and_cut_into_segments(tmp_path: Path) -> None:
    parts = read_aligned(features.write_mosi_csd(tmp_path), length=4)
    assert {split: len(part.labels) for split, part in parts.items()} == {"train": 12, "validation": 2, "test": 6}
    test = parts["test"]
    assert test.ids is not None
    assert test.words is not None
    assert test.times is not None
    assert test.ids.tolist()[:2] == ["v07_0", "v07_1"]
    assert test.words.tolist()[:2] == [["", "", "it", "was"], ["", "a", "good", "film"]]
    assert test.times[0, 2:].tolist() == [[0, 0.5], [0.5, 1]]
    with h5py.File(tmp_path / "CMU_MOSI_COVAREP.csd") as file:
        sound = file["CMU_MOSI_COVAREP/data/v07/features"][()]
    np.testing.assert_allclose(test.modalities["acoustic"][1, 3], sound[50:60].mean(0), rtol=1e-5, atol=1e-6)
    with h5py.File(tmp_path / "CMU_MOSI_Opinion_Labels.csd") as file:
        np.testing.assert_allclose(test.labels[:2], file["CMU_MOSI_Opinion_Labels/data/v07/features"][()], rtol=1e-6)


def test_93_videos_are_split_as_officially() -> None:
    split = split_videos([f"{i:02d}" for i in range(93)])
    assert [len(names) for names in split.values()] == [52, 10, 31]
    assert split["validation"][0] == "52"


def rewrite_csd(stem: str, change: Callable[[h5py.File], object]) -> Callable[[Path], object]:
    def inflict(folder: Path) -> None:
        with h5py.File(folder / f"{stem}.csd", "a") as file:
            change(file)

    return inflict


def replace(key: str, value: object) -> Callable[[h5py.File], object]:
    def change(file: h5py.File) -> None:
        del file[key]
        if value is not None:
            file[key] = value

    return change


COVAREP, WORDS = "CMU_MOSI_COVAREP", "CMU_MOSI_TimestampedWords"
CSD_DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda f: (f / f"{COVAREP}.csd").unlink(), "no such file; get it with CMU-MultimodalSDK"),
    "no data": (rewrite_csd(COVAREP, replace(f"{COVAREP}/data", None)), "expected the key 'data', got metadata"),
    "two contents": (
        rewrite_csd(COVAREP, lambda f: f.create_group("more")),
        "expected one group that names the content",
    ),
    "no times": (rewrite_csd(COVAREP, replace(f"{COVAREP}/data/v03/intervals", None)), "expected the key 'intervals'"),
    "fewer times": (
        rewrite_csd(COVAREP, replace(f"{COVAREP}/data/v03/intervals", np.zeros((5, 2)))),
        "v03: expected features (n, d) and intervals (n, 2), got (60, 3) and (5, 2)",
    ),
    "backwards": (
        rewrite_csd(COVAREP, replace(f"{COVAREP}/data/v03/intervals", np.tile([2.0, 1.0], (60, 1)))),
        "v03: intervals: expected each to end after it starts",
    ),
    "other d": (
        rewrite_csd(COVAREP, replace(f"{COVAREP}/data/v03/features", np.zeros((60, 7)))),
        "v03: acoustic: expected 3 numbers a frame, got (60, 7)",
    ),
    "words as numbers": (
        rewrite_csd(WORDS, replace(f"{WORDS}/data/v03/features", np.zeros((6, 1)))),
        "v03: expected words as text (n, 1) and labels as numbers, got float64",
    ),
}


@pytest.mark.parametrize("kind", CSD_DAMAGE)
def test_damaged_computational_sequences_are_refused(tmp_path: Path, kind: str) -> None:
    inflict, message = CSD_DAMAGE[kind]
    paths = features.write_mosi_csd(tmp_path)
    inflict(tmp_path)
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(message)):
        read_aligned(paths, length=4)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (("COVAREP", "Labels"), "expected a .csd file of words among the files; get it with CMU-MultimodalSDK"),
        (("COVAREP", "Words"), "expected a .csd file of labels among the files; get it with CMU-MultimodalSDK"),
        (("Labels", "Words"), "expected a .csd file of language, acoustic or visual features; get it with"),
    ],
)
def test_missing_computational_sequences_are_named(tmp_path: Path, kept: tuple[str, ...], message: str) -> None:
    paths = [path for path in features.write_mosi_csd(tmp_path) if any(part in path.stem for part in kept)]
    with pytest.raises(ValueError, match=re.escape(message)):
        read_aligned(paths, length=4)


# NumPy archives.


def archive_of(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def bomb() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, x=np.zeros(50_000_000, np.float32))
    return file.getvalue()


def member(content: bytes, file_name: str = "x.npy", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(file_name, content)
    return file.getvalue()


def npy(header: str, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def twice() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", b"")
        archive.writestr("y.npy", b"")
    return file.getvalue().replace(b"y.npy", b"x.npy")


SHAPE = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s,), }\n"
NPZ_DAMAGE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "x.npz: expected a whole NumPy archive (.npz)"),
    "noise": (lambda: b"noise" * 100, "x.npz: expected a whole NumPy archive (.npz)"),
    "cut short": (lambda: archive_of(x=np.ones(99))[:-60], "x.npz: expected a whole NumPy archive (.npz)"),
    "a flipped bit": (
        lambda: archive_of(x=np.zeros(99)).replace(bytes(80), bytes(79) + b"\x01", 1),
        "x.npz: expected a whole NumPy archive (.npz): Bad CRC-32",
    ),
    "a bomb": (bomb, "x.npz: expected at most 32000000 bytes of arrays, got 200000128"),
    "a shape larger than the data": (
        lambda: member(npy(SHAPE % 10**12, b"1234")),
        "x.npz: 'x': expected 4000000000000 bytes for shape (1000000000000,) of float32, got 4",
    ),
    "data larger than the shape": (
        lambda: member(npy(SHAPE % 1, b"12345678")),
        "x.npz: 'x': expected 4 bytes for shape (1,) of float32, got 8",
    ),
    "objects": (lambda: archive_of(x=np.array([{}], dtype=object)), "x.npz: 'x': expected numbers or text, got object"),
    "a structured type": (lambda: archive_of(x=np.zeros(1, [("a", "f4")])), "x.npz: 'x': expected numbers or text"),
    "complex numbers": (lambda: archive_of(x=np.zeros(1, complex)), "expected numbers or text, got complex128"),
    "five dimensions": (lambda: archive_of(x=np.zeros((1,) * 5)), "'x': expected at most 4 dimensions, got 5"),
    "no array": (lambda: member(b"hello", "x.txt"), "x.npz: 'x.txt': expected an array (.npy), got another kind"),
    "no header": (lambda: member(b"hello"), "x.npz: 'x': expected the header of a NumPy array"),
    "a header that calls": (lambda: member(npy("__import__('os')\n")), "x.npz: 'x': expected the header of a NumPy"),
    "another compression": (
        lambda: member(npy(SHAPE % 0), method=zipfile.ZIP_LZMA),
        "stored or deflated, got the method 14",
    ),
    "many arrays": (lambda: archive_of(**{f"x{i}": 1 for i in range(17)}), "x.npz: expected at most 16 arrays, got 17"),
    "one name twice": (twice, "x.npz: expected arrays of different names, got two of one name"),
    "a large file": (lambda: bytes(8_000_001), "x.npz: expected at most 8000000 bytes, got 8000001"),
}


@pytest.mark.parametrize("kind", NPZ_DAMAGE)
def test_damaged_archives_are_refused(kind: str) -> None:
    make, message = NPZ_DAMAGE[kind]
    with pytest.raises(ValueError, match=re.escape(message)):
        read_archive(io.BytesIO(make()), UPLOAD, "x.npz")


def test_archives_come_back_in_any_byte_order(tmp_path: Path) -> None:
    arrays = {"big": np.arange(4, dtype=">f4"), "columns": np.asfortranarray(np.ones((2, 3))), "words": np.array(["a"])}
    (tmp_path / "x.npz").write_bytes(archive_of(**arrays))
    read = read_archive(tmp_path / "x.npz", Limits(10_000, 10_000, 3))
    for key, expected in arrays.items():
        np.testing.assert_array_equal(read[key], expected)
