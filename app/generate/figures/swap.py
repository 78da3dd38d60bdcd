"""Two pairs and their swap, and every content with every style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

import mfm_core as mfm
from app.generate.digit_model import DigitModel
from app.generate.figures.script import compose
from app.generate.view import View
from app.shared.picture_grid import PictureGrid, decode_grid, stack

if TYPE_CHECKING:
    from mfm_core.evaluation.statistics import Estimate

COUNTED = 400
"""Pairs that a rate is counted over."""
COUNTED_SEED = 0
"""Their seed: whatever a visitor draws, the rate is that of the model."""


def make(shown: DigitModel, view: View) -> PictureGrid:
    """Above the two pairs as the model reconstructs them, below the same with one Z exchanged."""
    pairs = shown.codes.latents[[view.a, view.b]]
    swapped = mfm.swap(pairs, with_=pairs[[1, 0]], factor=view.factor)
    return decode_grid(shown.model, stack([pairs, swapped]), ("reconstructed", "swapped"), ("A", "B"), shown.judges)


def script(shown: DigitModel, view: View) -> str:
    """Python that makes the same pictures."""
    return compose(
        f"Held-out pairs {view.a} and {view.b}, reconstructed above and with one Z exchanged below.",
        shown.name,
        f"""
        pairs = codes.latents[[{view.a}, {view.b}]]
        rows = [pairs, mfm.swap(pairs, with_=pairs[[1, 0]], factor={view.factor!r})]
        """,
    )


def donors(shown: DigitModel, view: View) -> tuple[list[int], list[int]]:
    """Pairs that give content, one a digit in order, and pairs that give style, of any digit; the seed chooses."""
    generator = torch.Generator().manual_seed(view.seed)
    digits = [pairs for pairs in shown.digits if pairs][: view.size]
    content = [pairs[int(torch.randint(len(pairs), (), generator=generator))] for pairs in digits]
    style = torch.randperm(len(shown.codes), generator=generator)[: view.size].tolist()
    return content, style


def make_matrix(shown: DigitModel, view: View) -> PictureGrid:
    """Row i has the Z_y of one pair, column j every Z_a of another."""
    content, style = donors(shown, view)
    latents = mfm.combine(shown.codes.latents[content], shown.codes.latents[style])
    rows = tuple(f"{shown.digit(i)}" for i in content)
    return decode_grid(shown.model, latents, rows, tuple(f"style {j + 1}" for j in range(len(style))), shown.judges)


def digits_read(grid: PictureGrid) -> list[int]:
    """The digit of each row of a matrix as the label head reads it from F_y, which is the same along a row."""
    return [int(digit) for digit in grid.label[:, 0].argmax(-1)]


def rates(shown: DigitModel) -> dict[str, Estimate]:
    """Over many pairs of one content and one style, how often each judge reads the content's true digit."""
    from mfm_core.evaluation.crossed_bootstrap import mean_over, picture_clusters  # SciPy takes a second

    generator = torch.Generator().manual_seed(COUNTED_SEED)
    content, style = (torch.randint(len(shown.codes), (COUNTED,), generator=generator) for _ in range(2))
    latents = mfm.swap(shown.codes.latents[content], with_=shown.codes.latents[style], factor=shown.model.modalities)
    columns = tuple(str(i) for i in range(COUNTED))
    read = decode_grid(shown.model, latents, ("",), columns, shown.judges).judged
    wanted, pair = shown.codes.labels[content], picture_clusters(shown.codes)
    units = [pair[content], pair[style]]
    return {name: mean_over(torch.from_numpy(seen[0].argmax(-1)) == wanted, units) for name, seen in read.items()}


def matrix_script(shown: DigitModel, view: View) -> str:
    """Python that makes the same matrix."""
    content, style = donors(shown, view)
    return compose(
        "Every content (rows: Z_y) with every style (columns: all Z_a) of held-out pairs.",
        shown.name,
        f"""
        content = codes.latents[{content}]
        style = codes.latents[{style}]
        rows = [mfm.combine(content[[i]], style) for i in range(len(content))]
        """,
    )
