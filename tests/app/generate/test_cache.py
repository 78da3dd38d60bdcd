"""The cache of grids: what is shown is what would be made anew, whichever fields of the view change."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

import mfm_core as mfm
from app.generate import cache, digit_model, slider_models
from app.generate.cache import GridCache
from app.generate.digit_model import DigitModel
from app.generate.figures import read, sample, slide, swap, translate
from app.generate.sections import slide as slide_section
from app.generate.view import View
from app.lessons import answers
from app.shared.byte_cache import n_bytes
from app.shared.picture_grid import PictureGrid
from app.shared.stored_models import stored_as
from mfm_core.lessons.digits import SwapCount
from mfm_core.networks.classifier import Discriminative

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


def test_another_judge_in_the_place_of_a_judge_is_seen_by_all_that_reads_it(
    models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = shutil.copytree(models, tmp_path / "own")
    monkeypatch.setenv("MFM_PRETRAINED", str(own))

    def seen() -> tuple[PictureGrid, object, object, str]:
        shown = digit_model.load(stored_as(digit_model.MODEL))
        bundle = slider_models.load(digit_model.MODEL).bundle
        layout = slide_section.map_of(shown.name)
        return cache.cached_grid(swap.make, shown, START), bundle, layout, answers.key_of(SwapCount(reader="mnist"))

    first, again = seen(), seen()
    assert first[0] is again[0]
    assert first[1:] == again[1:]
    judge = mfm.load_discriminative(own / "judge_mnist")
    torch.manual_seed(5)
    mfm.save_model(Discriminative(judge.config), own / "judge_mnist", run={}, card="Another judge.")
    other = seen()
    assert np.array_equal(other[0].pictures["mnist"], first[0].pictures["mnist"])
    assert not np.allclose(other[0].judged["mnist"], first[0].judged["mnist"])
    assert all(new != old for new, old in zip(other[1:], first[1:], strict=True))


def grid(number: float) -> PictureGrid:
    return PictureGrid({"mnist": np.full((1, 1, 1, 2, 2), number, np.float32)}, ("",), ("",), np.zeros((1, 1, 10)))


def test_only_what_was_read_tells_grids_apart() -> None:
    kept, made = GridCache(), []

    def make(view: View) -> PictureGrid:
        made.append((view.seed, view.a if view.seed == 1 else None))
        return grid(view.a if view.seed == 1 else 0.0)

    assert kept.get("of", View(seed=2, a=3), make) is kept.get("of", View(seed=2, a=4), make)
    assert kept.get("of", View(seed=1, a=3, b=1), make) is kept.get("of", View(seed=1, a=3, b=8), make)
    assert kept.get("of", View(seed=1, a=4), make).pictures["mnist"].max() == 4
    assert kept.get("of", View(seed=2, a=3), make).pictures["mnist"].max() == 0
    assert kept.get("other", View(seed=2, a=3), make) is not kept.get("of", View(seed=2, a=3), make)
    assert made[:4] == [(2, None), (1, 3), (1, 4), (2, None)]


def test_what_several_threads_ask_for_at_once_is_made_once_and_each_gets_its_own() -> None:
    kept, made = GridCache(), []

    def make(view: View) -> PictureGrid:
        made.append(view.seed)
        time.sleep(0.05)
        return grid(view.seed)

    kept.get("of", View(seed=9), make)  # that the seed is read is now known
    seeds = [3, 4] * 6
    with ThreadPoolExecutor(len(seeds)) as threads:
        found = list(threads.map(lambda seed: kept.get("of", View(seed=seed), make), seeds))
    assert [one.pictures["mnist"].max() for one in found] == seeds
    assert sorted(made) == [3, 4, 9]


def test_threads_that_are_the_first_to_ask_do_not_get_each_others_grids() -> None:
    kept, seeds = GridCache(), list(range(12))

    def make(view: View) -> PictureGrid:
        time.sleep(0.02)
        return grid(view.seed)

    with ThreadPoolExecutor(len(seeds)) as threads:
        found = list(threads.map(lambda seed: kept.get("of", View(seed=seed), make), seeds))
    assert [one.pictures["mnist"].max() for one in found] == seeds


def test_the_grids_asked_for_last_are_kept() -> None:
    each = n_bytes(grid(0.0))
    kept, made = GridCache(4 * each), []

    def make(view: View) -> PictureGrid:
        made.append(view.seed)
        return grid(view.seed)

    for seed in (0, 1, 2, 3, 0, 4, 0, 1):
        kept.get("of", View(seed=seed), make)
    assert made[1:] == [1, 2, 3, 4, 1]
