"""Two pairs and their swap, and every content with every style."""

from __future__ import annotations

import torch

import mfm_core as mfm
from app.generate.digit_model import DigitModel
from app.generate.figures.picture_grid import PictureGrid, decode_grid, stack
from app.generate.figures.script import compose
from app.generate.view import View

FIELDS = frozenset({"a", "b", "factor"})
MATRIX_FIELDS = frozenset({"seed", "size"})


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
