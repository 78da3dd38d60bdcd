"""Pictures that a visitor has gone past stay with the caches, which are bounded, and nowhere else."""

from __future__ import annotations

import gc
from collections import Counter

import pytest

from app.generate import cache
from app.shared import made_once
from app.shared.picture_grid import PictureGrid
from app.shared.pictures import Sprite
from tests.app.generate.test_page import no_real_data, visit

__all__ = ["no_real_data"]


def alive() -> Counter[str]:
    """Grids and sprites that something holds."""
    gc.collect()
    return Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, PictureGrid | Sprite))


@pytest.mark.parametrize("section", ["sample", "read"])
def test_what_was_drawn_before_is_let_go(section: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for kept in (cache.grid_cache()._kept, made_once.cache()):
        monkeypatch.setattr(kept, "most_bytes", 1)  # what was asked for last is kept even so
    page = visit(section=section, seed="101")
    page.query_params["seed"] = "102"
    page.run()
    before = alive()
    assert before["PictureGrid"]
    for seed in range(103, 108):
        page.query_params["seed"] = str(seed)
        page.run()
        assert page.session_state["view"].seed == seed
    assert alive() == before
