"""A sweep along a direction of one Z, or from one pair to another, decoded at once."""

from __future__ import annotations

import torch

import mfm_core as mfm
from app.generate import digit_model
from app.generate.figures.script import compose
from app.generate.view import FRAMES, View
from app.shared.picture_grid import PictureGrid, decode_grid
from mfm_core import Latents

MINUS = "\N{MINUS SIGN}"
REACH = 3.0


def amounts() -> torch.Tensor:
    """How far each frame of a sweep is from the pair itself, in standard deviations of the prior."""
    return torch.linspace(-REACH, REACH, FRAMES)


def values(path: str) -> tuple[str, ...]:
    """Label of each frame of a sweep."""
    if path == "pair":
        return tuple(f"{round(100 * i / (FRAMES - 1))} %" for i in range(FRAMES))
    return tuple(f"{amount:+.1f}".replace("-", MINUS) if abs(amount) > 1e-3 else "0" for amount in amounts().tolist())


def own(path: str) -> int:
    """The frame that shows the pair itself."""
    return 0 if path == "pair" else FRAMES // 2


def latents(shown: digit_model.DigitModel, view: View) -> Latents:
    """Z of every frame."""
    start = shown.pair(view.a)
    if view.path == "pair":
        return mfm.interpolate(start, shown.pair(view.b), FRAMES, factor=view.factor)
    kind, _, number = view.path.partition("-")
    if kind == "direction":
        direction = digit_model.ranked(shown.name, view.factor).vectors[int(number) - 1]
    else:
        direction = torch.eye(shown.model.sizes[view.factor])[int(number) - 1]
    return mfm.traverse(start, factor=view.factor, direction=direction, amounts=amounts())


def make(shown: digit_model.DigitModel, view: View) -> PictureGrid:
    """All frames in one row."""
    return decode_grid(shown.model, latents(shown, view), (f"pair {view.a}",), values(view.path), shown.judges)


def script(shown: digit_model.DigitModel, view: View) -> str:
    """Python that makes the same sweep."""
    title = f"A sweep of one Z of held-out pair {view.a}, in {FRAMES} frames."
    start = f"start = codes.latents[[{view.a}]]"
    if view.path == "pair":
        return compose(
            title,
            shown.name,
            f"{start}\nrows = [mfm.interpolate(start, codes.latents[[{view.b}]], {FRAMES}, factor={view.factor!r})]",
        )
    kind, _, number = view.path.partition("-")
    if kind == "direction":
        at, n = f"codes.latents[:{digit_model.RANKED_AT}]", min(digit_model.RANKED, shown.model.sizes[view.factor])
        direction = f"mfm.directions(model, {at}, factor={view.factor!r}, n_directions={n}).vectors[{int(number) - 1}]"
    else:
        direction = f"torch.eye(start.blocks()[{view.factor!r}].shape[1])[{int(number) - 1}]"
    code = f"""
        {start}
        direction = {direction}
        amounts = torch.linspace(-{REACH}, {REACH}, {FRAMES})
        rows = [mfm.traverse(start, factor={view.factor!r}, direction=direction, amounts=amounts)]
        """
    return compose(title, shown.name, code)
