"""Samples of all of Z, and how often those who read them agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from app.generate.digit_model import DigitModel
from app.generate.figures.draws import draw
from app.generate.figures.script import DRAWS, compose
from app.generate.view import Source, View
from app.shared.picture_grid import PictureGrid, decode_grid

if TYPE_CHECKING:
    from mfm_core.evaluation.statistics import Estimate

SHOWN = 5
COUNTED = 200
"""Samples that an agreement is counted over."""
COUNTED_SEED = 0
"""Their seed: whatever a visitor draws, the rate is that of the model."""


def make(shown: DigitModel, view: View) -> PictureGrid:
    """A row of samples; nothing is fixed."""
    return _draw(shown, view, SHOWN)


def agreement(shown: DigitModel, source: Source) -> dict[str, Estimate]:
    """Over many samples of a fixed seed, how often each judge reads the digit that the label head says, by modality."""
    from mfm_core.evaluation.statistics import share  # scikit-learn comes with it, and takes a second

    grid = _draw(shown, View(source=source, seed=COUNTED_SEED), COUNTED)
    said = grid.label.argmax(-1).ravel()
    return {name: share(torch.from_numpy(read.argmax(-1).ravel() == said)) for name, read in grid.judged.items()}


def script(shown: DigitModel, view: View) -> str:
    """Python that makes the same pictures."""
    return compose(
        f"Samples of all of Z (seed {view.seed}).",
        shown.name,
        f"""
        generator = torch.Generator().manual_seed({view.seed})
        {DRAWS[view.source]}
        rows = [source.sample({SHOWN}, generator=generator)]
        """,
    )


def _draw(shown: DigitModel, view: View, n: int) -> PictureGrid:
    names = tuple(f"sample {i + 1}" for i in range(n))
    return decode_grid(shown.model, draw(shown, view.source, view.seed, n), ("",), names, shown.judges)
