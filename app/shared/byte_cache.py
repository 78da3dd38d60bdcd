"""A cache of what was loaded, bounded by bytes: each thing is loaded once for all threads that ask for it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from itertools import chain
from typing import Any, TypeVar, cast

import numpy as np
import pyarrow as pa
from torch import Tensor, nn

V = TypeVar("V")


class ByteCache:
    """Values by key, the least recently used of them dropped where all together hold too many bytes.

    Attributes:
        most_bytes: What the values may hold together. The one asked for last is kept even if it holds more.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
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
                while len(self._kept) > 1 and self._held() > self.most_bytes:
                    self._kept.popitem(last=False)
        return value

    @property
    def held(self) -> int:
        """Bytes of the values that are kept."""
        with self._lock:
            return self._held()

    def __len__(self) -> int:
        return len(self._kept)

    def _held(self) -> int:
        return sum(size for _, size in self._kept.values())

    def _used(self, key: Hashable) -> V:  # type: ignore[type-var]
        self._kept.move_to_end(key)
        return cast(V, self._kept[key][0])


def n_bytes(value: object) -> int:
    """Bytes of the arrays, tables, networks, texts and byte strings that a value is made of; of anything else 0."""
    if isinstance(value, nn.Module):
        return sum(tensor.nbytes for tensor in chain(value.parameters(), value.buffers()))
    if isinstance(value, Tensor | np.ndarray | pa.Table):
        return int(value.nbytes)
    if isinstance(value, bytes | str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(n_bytes, value.values()))
    if isinstance(value, tuple | list):
        return sum(map(n_bytes, value))
    if is_dataclass(value) and not isinstance(value, type):
        return sum(n_bytes(getattr(value, field.name)) for field in fields(value))
    return 0
