"""Charts, tables, walls and sprites that were made before: once for all visitors who look at the same content."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from app.shared import presenter
from app.shared.byte_cache import ByteCache
from app.shared.legible import legible
from app.shared.pictures import Sprite, sprite

MOST_BYTES = 16_000_000
"""Bytes that all things that are kept may hold together."""

P = ParamSpec("P")
V = TypeVar("V")


def made_once(make: Callable[[], V], *content: object) -> V:
    """Make a thing only where none of the same content was made before.

    Args:
        make: Makes it; nobody changes it afterwards.
        content: What it is made of, and a name that tells what is made of that: texts, numbers, arrays, dataclasses.
    """
    return cache().get(identity(*content), make)


def identity(*content: object) -> str:
    """Digest that tells content from every other: texts, numbers, arrays, dataclasses."""
    return hashlib.sha256(pickle.dumps(content, protocol=5)).hexdigest()


@st.cache_resource
def cache() -> ByteCache:
    """All things of this server that were made once."""
    return ByteCache(MOST_BYTES)


@dataclass(frozen=True)
class DrawnChart:
    """A chart as it is shown: its description, which takes an eighth of the memory of plotly's own objects.

    Attributes:
        description: JSON as plotly reads it.
        identity: What tells it from every other chart that visitors share; nothing where it is one visitor's.
    """

    description: str
    identity: str = ""

    @property
    def figure(self) -> go.Figure:
        """The chart as plotly's object, made anew."""
        return pio.from_json(self.description)

    def shown(self) -> go.Figure:
        """Figure that ``st.plotly_chart`` takes, which asks it for its description, checked when it was drawn."""
        return _Described(self.description)


class _Described(go.Figure):  # type: ignore[misc]
    """A figure that knows its description alone."""

    def __init__(self, description: str) -> None:
        super().__init__()
        self._description = description

    def to_dict(self) -> dict[str, Any]:
        """The description of the chart, as plotly reads it."""
        described: dict[str, Any] = json.loads(self._description)
        return described


def finished(figure: go.Figure, scale: float, identity: str = "") -> DrawnChart:
    """A chart as it is shown: its type legible at a scale, and the page scrolled by a finger on it."""
    figure = legible(figure, scale)
    figure.update_layout(dragmode=False, modebar={"orientation": "h"})  # the bar zooms
    return DrawnChart(figure.to_json(validate=False), identity)


def drawn_once(draw: Callable[P, go.Figure]) -> Callable[P, DrawnChart]:
    """Draw a chart only where its numbers, colours and titles were not drawn before.

    Args:
        draw: Draws a chart of its arguments and of nothing else.
    """

    @wraps(draw)
    def drawn(*args: P.args, **more: P.kwargs) -> DrawnChart:
        scale = presenter.scale()
        key = identity(draw.__module__, draw.__qualname__, args, more, scale)
        return cache().get(key, lambda: finished(draw(*args, **more), scale, key))

    return drawn


def sprite_once(pictures: NDArray[np.float32]) -> Sprite:
    """Pictures ``(N, channels, height, width)`` in one sprite, made only where the same were not before."""
    return made_once(lambda: sprite(pictures), "sprite", pictures)


def table_once(table: Mapping[str, Sequence[object]]) -> pa.Table:
    """Columns by name, as a table that browsers are sent; converted only where it was not before."""
    columns = dict(table)
    return made_once(lambda: pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False), "table", columns)
