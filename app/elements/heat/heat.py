"""Matrices as heat maps: features over steps, and Gram matrices."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.elements.element import Data, define

mount = define("heat")
Array = NDArray[np.floating]
REACH = 3.0
"""Standard deviations at which the colour of a standardised feature is full."""


def of_features(
    title: str, values: Array, rows: Sequence[str], columns: Sequence[str], alt: str, reach: float = REACH
) -> Data:
    """Standardised features ``(n, d)`` with a row a feature and a column a step; 0 has the colour of the paper."""
    bytes_ = np.rint(128 + 127 * np.clip(np.nan_to_num(values.T) / reach, -1, 1)).astype(np.uint8)
    named = {"names_rows": list(rows), "names_columns": list(columns)}
    return _map(title, bytes_, alt) | named | {"diverging": True, "low": -reach, "high": reach}


def of_gram(title: str, values: Array, names: Sequence[str], alt: str, *, hue: str, ends: tuple[str, str]) -> Data:
    """A Gram matrix ``(n, n)`` with values in [0, 1]."""
    bytes_ = np.rint(255 * np.clip(np.nan_to_num(values), 0, 1)).astype(np.uint8)
    made = _map(title, bytes_, alt) | {"names_rows": list(names), "names_columns": list(names), "hue": hue}
    return made | {"diverging": False, "low": 0.0, "high": 1.0, "square": True, "left": ends[0], "right": ends[1]}


def show(maps: Sequence[Data], *, key: str, wide: bool = False, hint: str = "") -> None:
    """Hang the maps side by side."""
    data: Data = {"maps": list(maps), "wide": wide, "hint": hint}
    data["version"] = hashlib.sha256(json.dumps(data).encode()).hexdigest()[:16]
    mount(data=data, key=key)


def _map(title: str, bytes_: NDArray[np.uint8], alt: str) -> Data:
    return {
        "title": title,
        "rows": bytes_.shape[0],
        "columns": bytes_.shape[1],
        "bytes": base64.b64encode(np.ascontiguousarray(bytes_).tobytes()).decode(),
        "alt": alt,
    }
