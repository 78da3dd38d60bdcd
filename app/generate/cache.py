"""Grids of pictures that were made before: decoded once for all visitors who look at the same thing.

What tells one grid from another is every field of the view that was read while it was made, recorded as it is read: no
list of fields is kept by hand, so none can be forgotten.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import cast

import streamlit as st

from app.generate import digit_model
from app.generate.view import View
from app.shared import stored_models
from app.shared.byte_cache import ByteCache
from app.shared.picture_grid import PictureGrid, decode_grid

Make = Callable[[digit_model.DigitModel, View], PictureGrid]
MOST_BYTES = 16_000_000
"""Bytes that all grids may hold together."""


class ReadRecorder:
    """A view that notes which of its fields are read.

    Attributes:
        read: Names of the fields that were read.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> object:
        self.read.add(name)
        return getattr(self._view, name)


class GridCache:
    """The grids that were asked for last; safe to share between threads, of which one makes what several ask for.

    Args:
        most_bytes: What the grids may hold together.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._kept = ByteCache(most_bytes)
        self._read: dict[Hashable, frozenset[str]] = {}
        self._lock = threading.Lock()

    def get(self, of: Hashable, view: View, make: Callable[[View], PictureGrid]) -> PictureGrid:
        """The grid of a view.

        Args:
            of: What it depends on apart from the view.
            view: The view.
            make: Makes it; it depends on nothing but ``of`` and the fields that it reads.
        """
        made: list[PictureGrid] = []

        def load() -> PictureGrid:
            recorder = ReadRecorder(view)
            made.append(make(cast(View, recorder)))
            with self._lock:
                self._read[of] = self._read.get(of, frozenset()) | recorder.read
            return made[-1]

        key = self._key(of, view)
        grid = self._kept.get(key, load)
        while key != (key := self._key(of, view)):  # a field that the key lacked was read meanwhile
            grid = self._kept.get(key, (lambda: made[-1]) if made else load)
        return grid

    def _key(self, of: Hashable, view: View) -> Hashable:
        """Identity of a grid: each field that any grid of its kind was seen to read, with its value."""
        with self._lock:
            read = sorted(self._read.get(of, ()))
        return of, tuple((name, getattr(view, name)) for name in read)


@st.cache_resource
def grid_cache() -> GridCache:
    """The grids of this server."""
    return GridCache()


def cached_grid(make: Make, shown: digit_model.DigitModel, view: View) -> PictureGrid:
    """The grid that ``make`` makes of a view, decoded anew only where a field that it reads has changed."""
    of = (make.__module__, make.__qualname__, shown.version, stored_models.data_version())
    return grid_cache().get(of, view, lambda seen: make(shown, seen))


def cached_reconstructions(shown: digit_model.DigitModel, pairs: tuple[int, ...]) -> PictureGrid:
    """Held-out pairs as the model reconstructs them, in one row."""

    def rebuild() -> PictureGrid:
        titles = tuple(str(pair) for pair in pairs)
        return decode_grid(shown.model, shown.codes.latents[list(pairs)], ("",), titles, {})

    return stored_models.kept("reconstructions", shown.name, rebuild, pairs)
