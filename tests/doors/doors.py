"""Questions to every door: any bytes and any text end as they should or in one sentence, within memory and folder.

``MFM_DOOR_CASES`` is how many cases a door is tried with: few without it, 10,000 in a nightly run, whose report says
how many each door was tried with and how many processor seconds they took.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

FEW = 25
CASES = int(os.environ.get("MFM_DOOR_CASES", FEW))
door = settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
HTML = "<script>alert(1)</script>"
STREAMS = ("language", "visual", "words", "times", "y_train")


def one_sentence(error: BaseException) -> None:
    """Fail unless an error is one line, short enough to be read."""
    message = str(error)
    assert message
    assert "\n" not in message
    assert len(message) < 2_000
    assert "Traceback" not in message


@contextmanager
def at_most(n_bytes: int) -> Iterator[None]:
    """Fail if the largest memory that the process ever held grows by more meanwhile."""
    before = _peak()
    yield
    grown = _peak() - before
    assert grown < n_bytes, f"{grown:,} bytes"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class Touches:
    """An object whose pickle, if anybody runs it, makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """A file with some bytes replaced, added or cut off; or other bytes altogether."""
    edit = st.tuples(st.integers(0, max(len(whole) - 1, 0)), st.integers(0, 8), st.binary(max_size=8))

    def apply(edits: list[tuple[int, int, bytes]]) -> bytes:
        content = whole
        for at, cut, new in edits:
            content = content[:at] + new + content[at + cut :]
        return content

    return st.one_of(
        st.lists(edit, min_size=1, max_size=4).map(apply),
        st.integers(0, len(whole)).map(lambda n: whole[:n]),
        st.binary(max_size=300),
    )


def damaged_archives(whole: bytes, hook: Path, named: Sequence[str] = STREAMS) -> st.SearchStrategy[bytes]:
    """NumPy archives that lie: about their shapes and types, with odd members, bombs, and pickled objects.

    Args:
        whole: An archive that is as it should be.
        hook: A file that is made if a pickle of it is run.
        named: What arrays of it are called.
    """
    shapes = st.lists(st.sampled_from([0, 1, 4, 6, 201, 10**6, 10**12]), max_size=5).map(tuple)
    kinds = st.sampled_from(["<f4", "<f8", ">f4", "<i8", "|b1", "<U3", "|O", "<c16", "<M8[s]", "|V8", "<f2"])
    names = st.sampled_from([*named, "../../x", HTML, "a" * 300, ""])
    member = st.one_of(
        st.builds(header, kinds, shapes, st.integers(0, 2_000)),
        st.builds(lambda n: bytes(n), st.sampled_from([0, 100, 40_000_000])),
        st.just(_pickled(hook)),
        st.binary(max_size=60),
    )

    def archive(members: list[tuple[str, bytes]]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in members:
                file.writestr(f"{name}.npy", content)
        return buffer.getvalue()

    parts = st.lists(st.tuples(names, member), max_size=3, unique_by=lambda part: part[0])
    return st.one_of(parts.map(archive), damaged(whole))


def header(kind: str, shape: tuple[int, ...], n: int) -> bytes:
    text = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    text += b" " * (63 - (len(text) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(n)


def _pickled(hook: Path) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Touches(hook)], dtype=object), allow_pickle=True)
    return buffer.getvalue()


numbers = st.sampled_from([-1, 0, 1, 2, 3, 7, 0.5, -1.5, 1e308, 10**6, 10**12, 2**70, float("nan"), float("inf")])
values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), numbers, st.text(max_size=12), st.sampled_from([HTML, "../../etc/passwd", "mfm"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=4,
)


def damaged_json(whole: object) -> st.SearchStrategy[bytes]:
    """JSON in which some values are others, or keys are missing or added; or bytes that are no JSON."""
    places = list(_places(whole))

    def change(edits: list[tuple[tuple[str | int, ...], str, object]]) -> bytes:
        text = json.loads(json.dumps(whole))
        for place, way, value in edits:
            _change(text, place, way, value)
        return json.dumps(text).encode()

    edit = st.tuples(st.sampled_from(places), st.sampled_from(["replace", "remove", "add"]), values)
    return st.one_of(st.lists(edit, min_size=1, max_size=3).map(change), damaged(json.dumps(whole).encode()))


def _places(tree: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        yield (*at, key)
        yield from _places(value, (*at, key))


def _change(tree: Any, place: tuple[str | int, ...], way: str, value: object) -> None:
    *parents, last = place
    for key in parents:
        fits = (
            key in tree
            if isinstance(tree, dict)
            else isinstance(tree, list) and isinstance(key, int) and key < len(tree)
        )
        if not fits:
            return
        tree = tree[key]
    if isinstance(tree, dict):
        if way == "remove":
            tree.pop(last, None)
        else:
            tree[last if way == "replace" else f"{last}_"] = value
    elif isinstance(tree, list) and isinstance(last, int) and last < len(tree):
        tree[last] = value
