"""The cache of grids: what is shown is what would be made anew, whichever fields of the view change."""

from __future__ import annotations

import numpy as np
import pytest

from app.generate import cache
from app.generate.cache import GridCache
from app.generate.digit_model import DigitModel
from app.generate.figures import read, sample, slide, swap, translate
from app.generate.view import View
from app.shared.picture_grid import PictureGrid

MAKERS = (sample.make, swap.make, swap.make_matrix, slide.make, read.make, translate.make)
START = View(a=4, b=9, given="svhn", size=3)
CHANGES: tuple[dict[str, object], ...] = (
    {"seed": 7},
    {"source": "posterior"},
    {"factor": "mnist"},
    {"a": 11},
    {"b": 12},
    {"size": 2},
    {"path": "pair"},
    {"path": "pair", "b": 12},
    {"given": "mnist"},
)


def same(one: PictureGrid, other: PictureGrid) -> bool:
    return all(np.array_equal(one.pictures[name], other.pictures[name]) for name in other.pictures)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: f"{make.__module__.rsplit('.', 1)[1]}.{make.__name__}")
def test_the_cached_grid_is_the_one_that_would_be_made_anew(make: cache.Make, shown: DigitModel) -> None:
    for change in ({}, *CHANGES, {}):
        view = START.model_copy(update=change)
        assert same(cache.cached_grid(make, shown, view), make(shown, view))


def grid(number: float) -> PictureGrid:
    return PictureGrid({"mnist": np.full((1, 1, 1, 2, 2), number, np.float32)}, ("",), ("",), np.zeros((1, 1, 10)))


def test_only_what_was_read_tells_grids_apart() -> None:
    kept, made = GridCache(), []

    def make(view: View) -> PictureGrid:
        made.append(view.seed)
        return grid(view.a if view.seed == 1 else 0.0)

    assert kept.get("of", View(seed=1, a=3, b=1), make) is kept.get("of", View(seed=1, a=3, b=8), make)
    assert kept.get("of", View(seed=1, a=4), make).pictures["mnist"].max() == 4
    assert kept.get("of", View(seed=2, a=3), make) is kept.get("of", View(seed=2, a=4), make)
    assert kept.get("other", View(seed=2, a=3), make) is not kept.get("of", View(seed=2, a=3), make)
    assert made == [1, 1, 2, 2]


def test_the_grids_asked_for_last_are_kept() -> None:
    kept, made = GridCache(), []

    def make(view: View) -> PictureGrid:
        made.append(view.seed)
        return grid(view.seed)

    for seed in [*range(cache.KEPT), 0, cache.KEPT, 0, 1]:
        kept.get("of", View(seed=seed), make)
    assert made == [*range(cache.KEPT), cache.KEPT, 1]
