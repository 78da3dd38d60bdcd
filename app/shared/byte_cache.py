"""A cache of what was loaded, bounded by bytes: each thing is loaded once for all threads that ask for it."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from itertools import chain
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from torch import Tensor, nn

V = TypeVar("V")
NOT_OWN = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)


class ByteCache:
    """Values by key, the least recently used of them dropped where all together hold too many bytes.

    Attributes:
        most_bytes: What the values may hold together. The one asked for last is kept even if it holds more.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._held = 0
        self._loading: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, load: Callable[[], V]) -> V:
        """The value of a key, loaded if it is not kept; threads that ask meanwhile wait for it.

        Args:
            key: What tells the value from every other.
            load: Loads it. What it raises goes to the caller, and nothing is kept.
        """
        with self._lock:
            if key in self._kept:
                return self._used(key)
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:
            with self._lock:
                if key in self._kept:
                    return self._used(key)
            try:
                value = load()
                size = n_bytes(value)
            finally:
                with self._lock:
                    self._loading.pop(key, None)
            with self._lock:
                self._kept[key] = (value, size)
                self._held += size
                while len(self._kept) > 1 and self._held > self.most_bytes:
                    self._held -= self._kept.popitem(last=False)[1][1]
        return value

    @property
    def held(self) -> int:
        """Bytes of the values that are kept."""
        with self._lock:
            return self._held

    def __len__(self) -> int:
        return len(self._kept)

    def _used(self, key: Hashable) -> V:  # type: ignore[type-var]
        self._kept.move_to_end(key)
        return cast(V, self._kept[key][0])


def n_bytes(value: object) -> int:
    """Bytes that a value holds: its arrays, tables, networks, texts and bytes, and the objects that these are in.

    What is referred to twice is counted once. Functions, classes and modules are no value's own, and count nothing.
    """
    return _n_bytes(value, set())


def _n_bytes(value: object, counted: set[int]) -> int:
    if id(value) in counted or isinstance(value, NOT_OWN):
        return 0
    counted.add(id(value))
    if isinstance(value, nn.Module):
        return sum(tensor.nbytes for tensor in chain(value.parameters(), value.buffers()))
    if isinstance(value, Tensor | np.ndarray | pa.Table):
        return int(value.nbytes)
    if isinstance(value, pd.DataFrame):
        return int(value.memory_usage(deep=True).sum())
    inner: Iterable[object] = ()
    if isinstance(value, Mapping):
        inner = chain(value.keys(), value.values())
    elif isinstance(value, Collection) and not isinstance(value, bytes | str):
        inner = value
    return (
        sys.getsizeof(value)
        + sum(_n_bytes(part, counted) for part in inner)
        + sum(_n_bytes(part, counted) for part in getattr(value, "__dict__", {}).values())
    )
