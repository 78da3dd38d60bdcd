"""Charts, tables and sprites that were made before: once for all visitors who look at the same content."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from app.shared import presenter
from app.shared.legible import legible
from app.shared.pictures import Sprite, sprite

KEPT = 256
"""Things that are kept, those asked for last."""

P = ParamSpec("P")
V = TypeVar("V")


def made_once(make: Callable[[], V], *content: object) -> V:
    """Make a thing only where none of the same content was made before.

    Args:
        make: Makes it; nobody changes it afterwards.
        content: What it is made of, and a name that tells what is made of that: texts, numbers, arrays, dataclasses.
    """
    return cast(V, _kept(hashlib.sha256(pickle.dumps(content, protocol=5)).hexdigest(), make))


class DrawnChart(go.Figure):  # type: ignore[misc]
    """A chart that is shared between visitors: its description is made once, and nobody changes it any more."""

    def __init__(self, figure: go.Figure) -> None:
        super().__init__(figure)
        self._description: dict[str, Any] = super().to_dict()

    def to_dict(self) -> dict[str, Any]:
        """The description of the chart, as plotly reads it."""
        return self._description


def finished(figure: go.Figure, scale: float) -> DrawnChart:
    """A chart as it is shown: its type legible at a scale, and the page scrolled by a finger on it."""
    figure = legible(figure, scale)
    figure.update_layout(dragmode=False, modebar={"orientation": "h"})  # the bar zooms
    return DrawnChart(figure)


def drawn_once(draw: Callable[P, go.Figure]) -> Callable[P, DrawnChart]:
    """Draw a chart only where its numbers, colours and titles were not drawn before.

    Args:
        draw: Draws a chart of its arguments and of nothing else.
    """

    @wraps(draw)
    def drawn(*args: P.args, **more: P.kwargs) -> DrawnChart:
        scale = presenter.scale()
        content = (draw.__module__, draw.__qualname__, args, more, scale)
        return made_once(lambda: finished(draw(*args, **more), scale), *content)

    return drawn


def sprite_once(pictures: NDArray[np.float32]) -> Sprite:
    """Pictures ``(N, channels, height, width)`` in one PNG, made only where the same were not before."""
    return made_once(lambda: sprite(pictures), "sprite", pictures)


def table_once(table: Mapping[str, Sequence[object]]) -> pa.Table:
    """Columns by name, as a table that browsers are sent; converted only where it was not before."""
    columns = dict(table)
    return made_once(lambda: pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False), "table", columns)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _kept(key: str, _make: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is made
    return _make()
