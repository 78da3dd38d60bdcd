"""Pickles of numbers and text, read without running what they say.

A pickle is a program. This reader knows the few instructions that build numbers, text, lists, tuples, dictionaries and
NumPy arrays, and refuses a file that contains any other before it runs the first. Even NumPy's own functions are not
called: the few names that pickles of arrays refer to stand for functions of this module, which check what they are
given. It is for files that users have on their own disk; no page offers it.
"""

from __future__ import annotations

import math
import mmap
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mfm_core.files.npz import Array
from mfm_core.problems import reason

MAX_FILE_BYTES = 8_000_000_000
MAX_INSTRUCTIONS = 5_000_000
_MAX_DEPTH = 8
_MAX_NDIM = 4
_PLAIN = {
    *("PROTO", "FRAME", "STOP", "MARK"),
    *("NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    *("EMPTY_LIST", "LIST", "APPEND", "APPENDS", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("EMPTY_DICT", "DICT", "SETITEM", "SETITEMS"),
    *("GET", "BINGET", "LONG_BINGET", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"),
    *("GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"),
}
_STORES = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
_FETCHES = {"GET", "BINGET", "LONG_BINGET"}


def read_pickle(path: Path) -> Any:  # noqa: ANN401 - whatever plain content the file has
    """Read a pickle of plain containers, numbers, text and arrays.

    Arrays of objects come back as arrays of text or numbers if all objects are text, bytes or real numbers, else as
    :class:`Unread`, which refuses no file: perhaps nobody asks for them.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no pickle, is too large, or refers to anything but NumPy arrays.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if not 0 < (size := path.stat().st_size) <= MAX_FILE_BYTES:
        raise ValueError(f"{path}: expected a pickle of at most {MAX_FILE_BYTES} bytes, got {size}")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        _check_instructions(content, path)
        content.seek(0)
        try:
            # Text of Python 2, in which arrays kept their bytes, has to be read as Latin-1.
            tree = _Unpickler(content, encoding="latin1").load()
        except _Refusal as refusal:
            raise ValueError(f"{path}: {refusal}") from None
        except Exception as error:  # what a damaged pickle may raise has no common class
            raise ValueError(f"{path}: expected a whole pickle: {type(error).__name__}: {reason(error)}") from None
    try:
        return _resolved(tree, {}, 0)
    except _Refusal as refusal:
        raise ValueError(f"{path}: {refusal}") from None


class Unread:
    """Stand in for an array of objects that is neither text nor numbers.

    Attributes:
        reason: Why it was not read.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason


class _Refusal(Exception):
    """Describe the fault of a file."""


def _check_instructions(content: Any, path: Path) -> None:  # noqa: ANN401 - a memory map, which is no IO[bytes]
    stored, tuples, last = set[int](), set[int](), ""
    try:
        for n, (instruction, argument, _) in enumerate(pickletools.genops(content)):
            name = instruction.name
            if name not in _PLAIN:
                raise _Refusal(f"expected numbers, text and containers only, got the instruction {name}")
            if name == "GLOBAL" and tuple(str(argument).split(" ")) not in _ADMITTED:
                raise _Refusal(_named(str(argument).replace(" ", ".")))
            place = len(stored) if name == "MEMOIZE" else int(argument or 0) if name in _STORES | _FETCHES else 0
            # The interpreter would reserve memory for all places below the one stored to.
            if n > MAX_INSTRUCTIONS or (name in _STORES and place > n):
                raise _Refusal(f"expected at most {MAX_INSTRUCTIONS} instructions in order")
            # Tuples of twice the same tuple, and so on, take exponential time as the key of a dictionary.
            if name in _FETCHES and place in tuples:
                raise _Refusal("expected no tuple to be in two places")
            if name in _STORES:
                stored.add(place)
                (tuples.add if last.startswith("TUPLE") else tuples.discard)(place)
            elif name not in ("PROTO", "FRAME"):
                last = name
    except _Refusal as refusal:
        raise ValueError(f"{path}: {refusal}") from None
    except Exception as error:  # as above
        raise ValueError(f"{path}: expected a whole pickle: {type(error).__name__}: {reason(error)}") from None


def _named(name: str) -> str:
    return f"expected NumPy arrays and plain containers only, got {name[:100]!r}, which was not loaded"


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as in the standard library
        if (module, name) not in _ADMITTED:
            raise _Refusal(_named(f"{module}.{name}"))
        return _ADMITTED[module, name]


class _Closed:
    """Something that a pickle can hold or call, but not change."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        raise _Refusal("expected an array to be built, got another object")


class _Function(_Closed):
    """A function that a pickle may call; unlike a Python function it has no attributes that a pickle could set."""

    __slots__ = ("_function",)
    _function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any]) -> None:
        object.__setattr__(self, "_function", function)

    def __setattr__(self, name: str, value: object) -> None:
        raise _Refusal("expected functions to stay as they are")

    def __call__(self, *args: object) -> Any:  # noqa: ANN401
        return self._function(*args)


class _ArrayClass(_Closed):
    """Stands for ``numpy.ndarray``, which pickles name but need not call."""

    __slots__ = ()


class _DType(_Closed):
    """Stands for a NumPy type, until its byte order is known."""

    __slots__ = ("kind", "order")

    def __init__(self, kind: str) -> None:
        self.kind, self.order = kind, "|"

    def __setstate__(self, state: object) -> None:
        fields = state if isinstance(state, tuple) else ()
        # Version, order, and five fields that only structured types have; then, for text, size and alignment.
        if len(fields) < 8 or fields[1] not in ("<", ">", "|", "=") or any(field is not None for field in fields[2:5]):
            raise _Refusal("expected arrays of numbers or text, got another type")
        self.order = fields[1]

    def real(self) -> np.dtype[Any]:
        return np.dtype(self.order + self.kind)


class _Array(_Closed):
    """Stands for an array, until its content is known."""

    __slots__ = ("content",)

    def __init__(self) -> None:
        self.content: Array | Unread | None = None

    def __setstate__(self, state: object) -> None:
        fields = state if isinstance(state, tuple) else ()
        if len(fields) == 4:  # the version is left out where it is 0
            fields = (0, *fields)
        if len(fields) != 5:
            raise _Refusal("expected the five fields of an array")
        _, shape, dtype, is_fortran, data = fields
        self.content = _array(data, dtype, shape, "F" if is_fortran is True else "C")


def _array(data: object, dtype: object, shape: object, order: str) -> Array | Unread:
    if not isinstance(dtype, _DType) or not isinstance(shape, tuple) or len(shape) > _MAX_NDIM:
        raise _Refusal(f"expected an array with a type and at most {_MAX_NDIM} dimensions")
    if not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        raise _Refusal("expected the dimensions of an array to be sizes")
    if dtype.kind == "O":
        return _of_objects(data, shape)
    if isinstance(data, str):
        data = data.encode("latin1")
    if not isinstance(data, bytes | bytearray) or len(data) != math.prod(shape) * dtype.real().itemsize:
        raise _Refusal(f"expected the bytes of an array of shape {shape} of {dtype.kind}")
    return np.frombuffer(data, dtype=dtype.real()).reshape(shape, order="F" if order == "F" else "C")


def _of_objects(data: object, shape: tuple[int, ...]) -> Array | Unread:
    """An array of objects as one of text or numbers, where all of them are."""
    if not isinstance(data, list) or len(data) != math.prod(shape):
        raise _Refusal("expected an array of objects to list them")
    if data and all(type(x) in (bool, int, float) for x in data):
        try:
            return np.array(data, dtype=np.float64).reshape(shape)
        except OverflowError:
            return Unread("numbers too large")
    if not all(isinstance(x, str | bytes) for x in data):
        return Unread("an array of objects")
    texts = [x.decode("utf-8", "replace") if isinstance(x, bytes) else x for x in data]
    width = max(map(len, texts), default=1)
    if width > 100_000 or width * len(texts) > 1_000_000_000:
        return Unread("an array of long texts")
    return np.array(texts, dtype=str).reshape(shape)


def _dtype(kind: object, *_: object) -> _DType:
    # One letter and a size, or one of the old names.
    text = kind if isinstance(kind, str) else ""
    if text == "O8" or text == "O4":
        return _DType("O")
    if text[:1] not in tuple("biufSU") or not text[1:].isdigit() or int(text[1:]) > 100_000:
        raise _Refusal(f"expected arrays of numbers or text, got the type {text[:20]!r}")
    try:
        np.dtype(text)
    except TypeError:
        raise _Refusal(f"expected arrays of numbers or text, got the type {text[:20]!r}") from None
    return _DType(text)


def _reconstruct(subtype: object, shape: object, kind: object) -> _Array:
    if not isinstance(subtype, _ArrayClass) or shape != (0,):
        raise _Refusal("expected an empty array to begin with")
    return _Array()


def _frombuffer(data: object, dtype: object, shape: object, order: object) -> _Array:
    array = _Array()
    array.content = _array(data, dtype, shape, str(order))
    return array


def _scalar(dtype: object, data: object) -> _Array:
    array = _Array()
    array.content = _array(data, dtype, (), "C")
    return array


def _encode(text: object, encoding: object) -> bytes:
    """Bytes, as old protocols spell them."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _Refusal("expected bytes spelt in Latin-1")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """Bytes of length 0, as old protocols spell them."""
    return b""


_ADMITTED: dict[tuple[str, ...], _Closed] = {
    ("numpy", "ndarray"): _ArrayClass(),
    ("numpy", "dtype"): _Function(_dtype),
    ("_codecs", "encode"): _Function(_encode),
    ("__builtin__", "bytes"): _Function(_no_bytes),
}
for _core in ("numpy.core", "numpy._core"):  # NumPy 1 and 2
    _ADMITTED[f"{_core}.multiarray", "_reconstruct"] = _Function(_reconstruct)
    _ADMITTED[f"{_core}.multiarray", "scalar"] = _Function(_scalar)
    _ADMITTED[f"{_core}.numeric", "_frombuffer"] = _Function(_frombuffer)


def _resolved(tree: Any, known: dict[int, Any], depth: int) -> Any:  # noqa: ANN401
    """The same containers with arrays in place of what stands for them; each is visited once."""
    if depth > _MAX_DEPTH:
        raise _Refusal(f"expected containers in at most {_MAX_DEPTH} levels")
    if isinstance(tree, _Array):
        if tree.content is None:
            raise _Refusal("expected every array to have content")
        return tree.content
    if isinstance(tree, _Closed):
        raise _Refusal("expected arrays and containers, got a function or type")
    if not isinstance(tree, dict | list | tuple):
        return tree
    if id(tree) not in known:
        if isinstance(tree, dict):
            known[id(tree)] = {key: _resolved(value, known, depth + 1) for key, value in tree.items()}
        else:
            known[id(tree)] = type(tree)(_resolved(value, known, depth + 1) for value in tree)
    return known[id(tree)]
