"""Grids of pictures that were made before: decoded once for all visitors who look at the same thing.

What tells one grid from another is every field of the view that was read while it was made, recorded as it is read: no
list of fields is kept by hand, so none can be forgotten.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import cast

import streamlit as st

from app.generate import digit_model
from app.generate.view import View
from app.shared import stored_models
from app.shared.picture_grid import PictureGrid, decode_grid
from mfm_core.data.registry import data_folder

Make = Callable[[digit_model.DigitModel, View], PictureGrid]
KEPT = 64
"""Grids that are kept."""


class ReadRecorder:
    """A view that notes which of its fields are read, and what was found there.

    Attributes:
        read: Each field that was read, with its value.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self.read: dict[str, object] = {}

    def __getattr__(self, name: str) -> object:
        value = getattr(self._view, name)
        self.read[name] = value
        return value


@dataclass(frozen=True)
class Made:
    """A grid that was made.

    Attributes:
        of: Of what, apart from the view.
        read: The fields of the view that were read, with their values.
        grid: The grid.
    """

    of: Hashable
    read: Mapping[str, object]
    grid: PictureGrid

    def is_of(self, of: Hashable, view: View) -> bool:
        """Whether making it anew for a view would read the same values."""
        return self.of == of and all(getattr(view, name) == value for name, value in self.read.items())


class GridCache:
    """The grids that were asked for last; safe to share between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Made] = OrderedDict()
        self._lock = threading.Lock()
        self._count = 0

    def get(self, of: Hashable, view: View, make: Callable[[View], PictureGrid]) -> PictureGrid:
        """The grid of a view.

        Args:
            of: What it depends on apart from the view.
            view: The view.
            make: Makes it; it depends on nothing but ``of`` and the fields that it reads.
        """
        with self._lock:
            for place, made in self._kept.items():
                if made.is_of(of, view):
                    self._kept.move_to_end(place)
                    return made.grid
        recorder = ReadRecorder(view)
        grid = make(cast(View, recorder))
        with self._lock:
            self._count += 1
            self._kept[self._count] = Made(of, dict(recorder.read), grid)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return grid


@st.cache_resource
def grid_cache() -> GridCache:
    """The grids of this server."""
    return GridCache()


def cached_grid(make: Make, shown: digit_model.DigitModel, view: View) -> PictureGrid:
    """The grid that ``make`` makes of a view, decoded anew only where a field that it reads has changed."""
    of = (make.__module__, make.__qualname__, stored_models.version(shown.name), str(data_folder()))
    return grid_cache().get(of, view, lambda seen: make(shown, seen))


def cached_reconstructions(shown: digit_model.DigitModel, pairs: tuple[int, ...]) -> PictureGrid:
    """Held-out pairs as the model reconstructs them, in one row."""

    def rebuild() -> PictureGrid:
        titles = tuple(str(pair) for pair in pairs)
        return decode_grid(shown.model, shown.codes.latents[list(pairs)], ("",), titles, {})

    return stored_models.kept("reconstructions", shown.name, rebuild, pairs)
