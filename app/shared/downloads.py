"""Downloads: the figure, the numbers, and the script that makes the picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import streamlit as st
from matplotlib.figure import Figure
from numpy.typing import NDArray

from app.shared import names
from app.shared.picture_grid import PictureGrid
from app.shared.pictures import to_bytes

CELL = 0.62
"""Inches of a picture in the figure."""
ACROSS = 15
"""Pictures of a single row that a figure shows at most, evenly chosen: it is to fit a page."""


def figure(grid: PictureGrid, title: str) -> Figure:
    """The grid as a figure: one block a modality, with the labels of rows and columns.

    Blocks stand side by side; those of a single row below each other, of which every second, third, ... picture is
    shown where there are too many for a page.
    """
    n_rows, n_columns = grid.shape
    single, every = n_rows == 1, -(-n_columns // ACROSS) if n_rows == 1 else 1
    labels, n_blocks = grid.columns[::every], len(grid.pictures)
    n_columns = len(labels)
    wide, high = (1, n_blocks) if single else (n_blocks, 1)
    size = (CELL * n_columns * wide + 1.6, (CELL + 0.5 * single) * n_rows * high + 1.2)
    drawn = Figure(figsize=size, layout="constrained")
    drawn.suptitle(title if every == 1 else f"{title}, one picture in {every}", fontsize=9)
    blocks = np.atleast_1d(drawn.subplots(high, wide))
    for axes, (name, every_picture) in zip(blocks, grid.pictures.items(), strict=True):
        pictures = every_picture[:, ::every]
        height, width = pictures.shape[-2:]
        mosaic = to_bytes(pictures).transpose(0, 2, 1, 3, 4).reshape(n_rows * height, n_columns * width, 3)
        axes.imshow(mosaic, interpolation="nearest")
        axes.set_title(names.title(name), fontsize=9)
        axes.set_xticks([width * (i + 0.5) for i in range(n_columns)], labels, fontsize=6, rotation=90)
        axes.set_yticks([height * (i + 0.5) for i in range(n_rows)], grid.rows, fontsize=6)
        axes.tick_params(length=0)
    return drawn


def to_file(drawn: Figure, kind: Literal["png", "svg"]) -> bytes:
    """A figure as a file."""
    buffer = io.BytesIO()
    drawn.savefig(buffer, format=kind, dpi=200)
    return buffer.getvalue()


def packed(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Arrays as NPZ, without pickled objects."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **dict(arrays))
    return buffer.getvalue()


def numbers(grid: PictureGrid) -> bytes:
    """Every number behind the grid, as NPZ."""
    arrays: dict[str, NDArray[np.generic]] = {
        "rows": np.array(grid.rows),
        "columns": np.array(grid.columns),
        "label": grid.label,
    }
    arrays |= dict(grid.pictures) | {f"judged_{name}": read for name, read in grid.judged.items()}
    return packed(arrays)


def table(grid: PictureGrid) -> str:
    """Readings of each picture, as CSV."""
    readers = {"label head": grid.label} | {f"judge of {name}": read for name, read in grid.judged.items()}
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(["row", "column", "reader", *(f"p{digit}" for digit in range(grid.label.shape[-1]))])
    for i, row in enumerate(grid.rows):
        for j, column in enumerate(grid.columns):
            for reader, read in readers.items():
                writer.writerow([row, column, reader, *(f"{p:.6f}" for p in read[i, j])])
    return page.getvalue()


def offer(grid: PictureGrid, name: str, title: str, script: Callable[[], str]) -> None:
    """A small menu of downloads; nothing is made before it is asked for.

    Args:
        grid: The pictures that are shown.
        name: Of the files.
        title: Of the figure.
        script: Makes the script.
    """
    menu(
        name,
        draw=lambda: figure(grid, title),
        arrays=("Pictures and numbers, NPZ", lambda: numbers(grid)),
        rows=("What was read, CSV", lambda: table(grid)),
        script=script,
    )


def menu(
    name: str,
    *,
    draw: Callable[[], Figure],
    arrays: tuple[str, Callable[[], bytes]],
    rows: tuple[str, Callable[[], str]],
    script: Callable[[], str],
) -> None:
    """The same menu for what is no grid.

    Args:
        name: Of the files.
        draw: Draws the figure.
        arrays: What the NPZ is called, and what makes it.
        rows: What the CSV is called, and what makes it.
        script: Makes the script.
    """
    with st.popover("Downloads", type="tertiary"):
        button("Figure, PNG", f"{name}.png", "image/png", lambda: to_file(draw(), "png"))
        button("Figure, SVG", f"{name}.svg", "image/svg+xml", lambda: to_file(draw(), "svg"))
        button(arrays[0], f"{name}.npz", "application/octet-stream", arrays[1])
        button(rows[0], f"{name}.csv", "text/csv", rows[1])
        button("The Python that makes it", f"{name}.py", "text/x-python", script)


def button(label: str, file: str, mime: str, make: Callable[[], str | bytes]) -> None:
    """A quiet button of one download, which is made when it is pressed."""
    st.download_button(label, make, file, mime, key=f"take_{file}", on_click="ignore", type="tertiary")
