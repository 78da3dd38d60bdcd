"""Fix one Z, sample the rest: Figure 5(c)."""

from __future__ import annotations

import mfm_core as mfm
from app.generate.digit_model import DigitModel
from app.generate.figures.draws import draw
from app.generate.figures.script import DRAWS, compose
from app.generate.view import View
from app.shared.picture_grid import PictureGrid, decode_grid, stack

N_FIXED = 2
DRAWN = 8


def make(shown: DigitModel, view: View) -> PictureGrid:
    """Each row holds one value of a Z; across a row the other Z are drawn, the same draws in every row."""
    drawn = draw(shown, view.source, view.seed, N_FIXED + DRAWN)
    fixed, others = drawn[:N_FIXED], drawn[N_FIXED:]
    rows = [mfm.fix(fixed[[i]], others, view.factor) for i in range(N_FIXED)]
    names = tuple(f"fixed value {i + 1}" for i in range(N_FIXED))
    return decode_grid(shown.model, stack(rows), names, tuple(f"draw {i + 1}" for i in range(DRAWN)), shown.judges)


def script(shown: DigitModel, view: View) -> str:
    """Python that makes the same pictures."""
    return compose(
        f"One Z fixed in each row, the others drawn anew (seed {view.seed}).",
        shown.name,
        f"""
        N_FIXED, DRAWN = {N_FIXED}, {DRAWN}
        generator = torch.Generator().manual_seed({view.seed})
        {DRAWS[view.source]}
        drawn = source.sample(N_FIXED + DRAWN, generator=generator)
        rows = [mfm.fix(drawn[[i]], drawn[N_FIXED:], {view.factor!r}) for i in range(N_FIXED)]
        """,
    )
