"""Fix one Z, sample the rest: Figure 5(c)."""

from __future__ import annotations

import mfm_core as mfm
from app.generate.digit_model import DigitModel
from app.generate.figures.draws import draw
from app.generate.figures.picture_grid import PictureGrid, decode_grid, stack
from app.generate.figures.script import DRAWS, compose
from app.generate.view import View

HELD = 2
DRAWN = 8


def make(shown: DigitModel, view: View) -> PictureGrid:
    """Each row holds one value of a Z; across a row the other Z are drawn, the same draws in every row."""
    drawn = draw(shown, view.source, view.seed, HELD + DRAWN)
    held, others = drawn[:HELD], drawn[HELD:]
    rows = [mfm.fix(held[[i]], others, view.factor) for i in range(HELD)]
    names = tuple(f"held value {i + 1}" for i in range(HELD))
    return decode_grid(shown.model, stack(rows), names, tuple(f"draw {i + 1}" for i in range(DRAWN)), shown.judges)


def script(shown: DigitModel, view: View) -> str:
    """Python that makes the same pictures."""
    return compose(
        f"One Z held in each row, the others drawn anew (seed {view.seed}).",
        shown.name,
        f"""
        HELD, DRAWN = {HELD}, {DRAWN}
        generator = torch.Generator().manual_seed({view.seed})
        {DRAWS[view.source]}
        drawn = source.sample(HELD + DRAWN, generator=generator)
        rows = [mfm.fix(drawn[[i]], drawn[HELD:], {view.factor!r}) for i in range(HELD)]
        """,
    )
