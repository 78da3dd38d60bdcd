"""Pickles of plain content: what was written is what is read, and what is hostile is refused and never run."""

from __future__ import annotations

import builtins
import contextlib
import os
import pickle
import re
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mfm_core.files.restricted_pickle import Unread, read_pickle
from tests.data import features

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
    """Call that a hostile pickle asks for, by ``__reduce__``."""

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
    "tuples of tuples behind places stored to again and again": (
        raw(
            b"N" + b"q\x00" * 61,
            b"})\x94",
            b"".join(b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86\x94" for i in range(1, 61)),
            b"K\x01s",
        ),
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


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_arrays_of_objects_that_nobody_asks_for_refuse_no_file(tmp_path: Path, protocol: int) -> None:
    content = {"odd": np.array([{"a": 1}, None], dtype=object), "ids": np.array([b"a", b"bc"], dtype=object)}
    content["numbers"] = np.array([1, 2.5, True], dtype=object)
    read = read_pickle(features.write_pickle(tmp_path / "x.pkl", content, protocol))
    assert isinstance(read["odd"], Unread)
    assert read["ids"].tolist() == ["a", "bc"]
    assert read["numbers"].tolist() == [1, 2.5, 1]
