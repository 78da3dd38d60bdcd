"""Short text for values that hold arrays: what they are, not their numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Set

import numpy as np
from torch import Tensor, nn

MOST = 8
"""Parts of a list or of a mapping beyond which their number is told."""
_LETTERS = 60


def short_repr(shown: object) -> str:
    """Write a dataclass or a named tuple as ``Name(field=value, ...)``, with the type and shape of each array.

    It is made for ``__repr__`` of classes that hold arrays.
    """
    if dataclasses.is_dataclass(shown):
        names = [field.name for field in dataclasses.fields(shown) if field.repr]
    else:
        names = list(getattr(shown, "_fields", ()))
    return f"{type(shown).__name__}({', '.join(f'{name}={brief(getattr(shown, name))}' for name in names)})"


def brief(value: object) -> str:
    """Write any value in a few words; see :func:`short_repr`."""
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}" if value.ndim else f"{value.item():g}"
    if isinstance(value, np.ndarray):
        return f"{'text' if value.dtype.kind == 'U' else value.dtype} {value.shape}"
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, nn.Module):
        return f"a {type(value).__name__}"
    if isinstance(value, Mapping):
        parts = [f"{_cut(repr(key))}: {brief(part)}" for key, part in list(value.items())[:MOST]]
        return "{" + ", ".join(parts + _rest(len(value), MOST)) + "}"
    if type(value) in (list, tuple) or isinstance(value, Set):
        content = list(value)  # type: ignore[call-overload]
        parts = [brief(part) for part in (content if len(content) <= MOST else content[:1])]
        return "[" + ", ".join(parts + _rest(len(content), MOST)) + "]"
    return repr(value) if type(value).__repr__ is short_repr or isinstance(value, tuple) else _cut(repr(value))


def _rest(n: int, most: int) -> list[str]:
    return [f"... {n:,} in all"] if n > most else []


def _cut(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[:_LETTERS]}..."
