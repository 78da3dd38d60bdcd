"""Tidy results of tables as CSV: figures one a row, and comparisons with a reference."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mfm_core.experiments.cells import read_cells
from mfm_core.experiments.summary import comparisons, figures_table
from mfm_core.files.writing import write_whole
from mfm_core.storage.folder import PRETRAINED

FIGURES, COMPARISONS = ".figures.csv", ".comparisons.csv"
TEXTS = ("subject", "modalities", "reason")
"""Columns that may be empty."""


def results_folder() -> Path:
    """Where the results that come with the project lie."""
    return PRETRAINED / "results"


def write_results(table: Path, folder: Path) -> tuple[Path, ...]:
    """Write the results of a table's finished cells.

    Args:
        table: Folder of the table; its name is that of the files.
        folder: Where to; made if need be.

    Returns:
        The files: figures, one row a cell and figure; comparisons, one row a system and figure. None without cells.

    Raises:
        ValueError: If a cell is damaged.
    """
    cells = read_cells(table)
    if not cells:
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    name = table.absolute().name
    written = []
    for suffix, frame in ((FIGURES, figures_table(cells)), (COMPARISONS, comparisons(cells))):
        path = folder / f"{name}{suffix}"
        write_whole(path, frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
        written.append(path)
    return tuple(written)


def read_figures(folder: Path | None = None) -> pd.DataFrame:
    """The figures of all tables in a folder, one row a cell and figure; empty where there are none.

    Args:
        folder: Of the results; those that come with the project without it.

    Raises:
        ValueError: If a file is damaged.
    """
    return _read(folder or results_folder(), FIGURES)


def read_comparisons(folder: Path | None = None) -> pd.DataFrame:
    """The comparisons of all tables in a folder, one row a system and figure; see :func:`read_figures`."""
    return _read(folder or results_folder(), COMPARISONS)


def _read(folder: Path, suffix: str) -> pd.DataFrame:
    frames = []
    for path in sorted(folder.glob(f"*{suffix}")):
        try:
            frame = pd.read_csv(path, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False, na_values=[""])
        except (ValueError, pd.errors.ParserError) as error:
            raise ValueError(f"{path}: expected a table as python -m mfm_core table writes it ({error})") from None
        frame.insert(0, "table", path.name.removesuffix(suffix))
        frames.append(frame.fillna({name: "" for name in TEXTS if name in frame}))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
