"""One modality given, the other imagined."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.elements.diagram import diagram
from app.elements.diagram.diagram import Role
from app.elements.element import Data
from app.elements.pad import pad
from app.elements.wall import wall
from app.generate import cache, caption_row, pair_picker, resample
from app.generate.digit_model import DigitModel
from app.generate.figures import translate
from app.generate.view import View
from app.shared import names, prose, state
from app.shared.picture_grid import PictureGrid
from app.shared.pictures import UnreadablePictureError
from app.shared.section_header import section_header

LIKE_MNIST = (
    "It is treated as MNIST's digits were: turned light on dark, scaled with antialiasing into 20 x 20 pixels, and "
    "laid into 28 x 28 with its centre of mass in the middle."
)
FROM = {"pair": "a held-out pair", "draw": "draw it", "upload": "upload it", "camera": "photograph it"}
UNLIKE = 0.01
"""Share of real pairs as unusual, up to which a picture is called unlike them."""
ORIGINS = {
    "original": "The given picture is a real one, from your copy of the data.",
    "reconstruction": "The given picture is the model's reconstruction from a stored code; no real one is stored.",
    "visitor": "The given picture is yours, as the model is shown it.",
}


def show(shown: DigitModel) -> None:
    """The section."""
    left, right = section_header(
        "See one, imagine the other",
        "The model is given one modality only. It infers Z_y from that, and the other picture is made in a style "
        "that it infers, then in styles that are drawn.",
    )
    with left:
        with st.container(horizontal=True):
            given = state.choose("Given", "given", {name: names.title(name) for name in shown.model.modalities})
            shape = shown.model.config.images[given].shape
            way = state.choose("The picture", "from_", _ways(shape[0]))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            resample.source("Draw styles from")
            resample.show()
    with right:
        roles = {
            "y": Role("inferred", f"inferred from {names.title(given)}"),
            given: Role("inferred", f"inferred from {names.title(given)}"),
        }
        roles |= {name: Role("drawn", "inferred, then drawn") for name in shown.model.modalities if name != given}
        order = ("y", *shown.model.modalities)
        diagram.show({name: roles[name] for name in order}, shown.label, given=given, selectable=False)
    if way == "pair":
        pair_picker.show(shown, "a", "Pair")
    elif way == "draw":
        pad.draw(shape, names.shown_in(shown.label))
    elif way == "camera":
        pad.camera(given, shape, names.shown_in(shown.label))
    else:
        pad.upload(given, shape, names.shown_in(shown.label))
    if way != "pair" and shape[0] == 1:
        prose.caption(LIKE_MNIST)
    _pictures(shown, given)


def _ways(channels: int) -> dict[str, str]:
    """Where a given picture may come from; a photograph cannot be drawn."""
    return FROM if channels == 1 else {way: said for way, said in FROM.items() if way != "draw"}


def _pictures(shown: DigitModel, given: str) -> None:
    view = state.seen(View)
    try:
        start = translate.start(shown, view)
    except UnreadablePictureError as error:
        st.warning(str(error))
        return
    if start is None:
        what = names.shown_in(shown.label)
        st.info(f"Draw, upload or photograph one {what}, and what the model imagines appears here.")
        return
    grid = cache.cached_grid(translate.make, shown, view)
    wall.show_once(_panels, grid, given, start.picture, key="wall_translate")
    typical = translate.typical(shown, given, start)
    if typical is not None and typical <= UNLIKE:
        st.warning(_unlike(grid, typical, shown.label))
    title = f"From {names.title(given)} alone, seed {view.seed}"
    caption_row.show(
        " ".join(_sentences(shown, given, start.origin, typical)),
        grid,
        "translate",
        title,
        lambda: translate.script(shown, view),
    )


def _sentences(shown: DigitModel, given: str, origin: str, typical: float | None) -> Iterator[str]:
    """Sentences on what is shown, and on how unusual the given picture is where that is known."""
    yield f"{ORIGINS[origin]} Under it: the {shown.label} that the label head reads from the inferred F_y."
    imagined = [name for name in shown.model.modalities if name != given]
    yield wall.how_to_read(shown.judges, imagined, shown.label, what="an imagined picture")
    if typical is not None:
        yield (
            f"Of real pairs, {100 * typical:.1f} % are at least as unusual as this one, by how far their code lies "
            f"from those of other pairs or by how badly they are painted again."
        )


def _panels(sheet: wall.Sheet, grid: PictureGrid, given: str, picture: NDArray[np.float32]) -> list[Data]:
    """The given picture, and what is imagined of it."""
    shot = sheet.shot(given, picture, f"the given {names.title(given)} picture")
    said = wall.reading("the label head", grid.label[0, 0])
    return [
        {
            "title": f"Given: {names.title(given)}",
            "across": 1,
            "rows": [{"cells": [wall.cell(shot, read=said)]}],
            "least": "9rem",
            "widest": "12rem",
        },
        *(_imagined(grid, name, sheet) for name in grid.pictures if name != given),
    ]


def _unlike(grid: PictureGrid, typical: float, label: str) -> str:
    """Warn that a certain label head is worth little where the picture is unlike any real one."""
    said = grid.label[0, 0]
    return (
        f"This picture is unlike those that the model knows: of real pairs, {100 * typical:.1f} % are as unusual, by "
        f"their code or by how badly they are painted again. Yet the label head says {int(said.argmax())} with "
        f"{100 * float(said.max()):.0f} %. It has to share out 100 % among {len(said)} classes and has no way to say "
        f"“none of them”: how certain it is does not tell whether any {label} is there at all."
    )


def _imagined(grid: PictureGrid, name: str, sheet: wall.Sheet) -> Data:
    cells = [
        wall.judged_cell(
            grid, name, (0, j), sheet.shot(name, grid.pictures[name][0, j], f"{names.title(name)}, style {column}")
        )
        for j, column in enumerate(grid.columns)
    ]
    half = (len(cells) + 1) // 2
    rows: list[Data] = [{"cells": cells[:half]}, {"cells": cells[half:]}]
    return {
        "title": f"Imagined: {names.title(name)}, first in the inferred style",
        "across": half,
        "rows": rows,
        "share": "4",
    }
