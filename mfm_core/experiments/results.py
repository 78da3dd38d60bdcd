"""Tidy results of tables as CSV: cells one a row, their figures one a row, and comparisons with a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from mfm_core.data.registry import dataset_info
from mfm_core.evaluation.figures import Unit
from mfm_core.evaluation.standing import best_first
from mfm_core.experiments.cells import CellResult, read_cells
from mfm_core.experiments.summary import cells_table, comparisons, differences, figures_table
from mfm_core.files.tables import Kind, read_table
from mfm_core.files.writing import write_whole
from mfm_core.networks.ablation import COMPARED, TABLE_2
from mfm_core.storage.folder import PRETRAINED

if TYPE_CHECKING:
    import pandas as pd

CELLS, FIGURES, COMPARISONS, PAIRS = ".cells.csv", ".figures.csv", ".comparisons.csv", ".pairs.csv"
_ROW: Mapping[str, Kind] = {
    **dict.fromkeys(("dataset", "modalities", "system", "key", "subject", "unit"), "text"),
    "higher_is_better": "truth",
    "n": "whole",
    "low": "number",
    "high": "number",
}
_OF_CELLS: Mapping[str, Kind] = {"seed": "whole", "value": "number"}
_OF_SYSTEMS: Mapping[str, Kind] = {"seeds": "whole", "mean": "number", "sd": "number"}
_OF_PAIRS: Mapping[str, Kind] = {"other": "text", "seeds": "whole", "difference": "number", "p": "number"}
_MAY_HAVE: Mapping[str, Kind] = {
    **dict.fromkeys(
        ("difference", "difference_low", "difference_high", "p", "p_holm", "p_mcnemar", "p_mcnemar_holm"), "number"
    ),
    **dict.fromkeys(("trials", "train_samples", "videos"), "number"),
    "date": "text",
}
"""Columns that a table has where its systems were compared with a reference, or since they are written."""


def results_folder() -> Path:
    """Where the results that come with the project lie."""
    return PRETRAINED / "results"


def write_results(table: Path, folder: Path) -> tuple[Path, ...]:
    """Write the results of a table's finished cells.

    Args:
        table: Folder of the table; its name is that of the files.
        folder: Where to; made if need be.

    Returns:
        The files: cells, with the configurations that made them; figures, one row a cell and figure; comparisons, one
        row a system and figure; and pairs, one row a pair and figure: of the models that Table 2 compares, and of the
        best baseline with each other one, by the first metric that the paper reports of the data set. None without
        cells.

    Raises:
        ValueError: If a cell is damaged.
    """
    import pandas as pd

    cells = read_cells(table)
    if not cells:
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    name = table.absolute().name
    written = []
    tables = {CELLS: cells_table(cells), FIGURES: figures_table(cells), COMPARISONS: comparisons(cells)}
    tables[PAIRS] = pd.concat([differences(cells, COMPARED), best_against_others(cells, tables[COMPARISONS])])
    for suffix, frame in tables.items():
        if frame.empty:
            continue
        path = folder / f"{name}{suffix}"
        write_whole(path, frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
        written.append(path)
    return tuple(written)


def best_against_others(cells: Sequence[CellResult], compared: pd.DataFrame) -> pd.DataFrame:
    """The difference of the best baseline and each other one, see :func:`mfm_core.experiments.summary.differences`.

    Args:
        cells: Finished cells of one table.
        compared: Their :func:`mfm_core.experiments.summary.comparisons`.

    Returns:
        By the first metric that the paper reports of the data set, best by the mean over the seeds; empty of other data
        sets. MFM and its ablations are no baselines.
    """
    import pandas as pd

    keys = dataset_info(cells[0].plan.dataset).metrics
    rows = compared[(compared["key"] == keys[0]) & (compared["subject"] == "")] if keys else compared[:0]
    rows = best_first(rows[~rows["system"].isin(TABLE_2)].dropna(subset=["mean"]))
    if rows.empty:
        return pd.DataFrame()
    best, *others = map(str, rows["system"])
    return differences(cells, [(best, other) for other in others], {(keys[0], "")})


def read_figures(folder: Path | None = None) -> pd.DataFrame:
    """The figures of all tables in a folder, one row a cell and figure; empty where there are none.

    Args:
        folder: Of the results; those that come with the project without it.

    Raises:
        ValueError: If a file is damaged.
    """
    return _read(folder or results_folder(), FIGURES, _OF_CELLS)


def read_comparisons(folder: Path | None = None) -> pd.DataFrame:
    """The comparisons of all tables in a folder, one row a system and figure; see :func:`read_figures`.

    What was not compared with a reference has NaN in the columns of the difference.
    """
    return _read(folder or results_folder(), COMPARISONS, _OF_SYSTEMS, _MAY_HAVE)


def read_pairs(folder: Path | None = None) -> pd.DataFrame:
    """The differences of pairs of systems, one row a pair and figure; see :func:`write_results`, `read_figures`."""
    return _read(folder or results_folder(), PAIRS, _OF_PAIRS, {"videos": "number"})


def _read(
    folder: Path, suffix: str, columns: Mapping[str, Kind], optional: Mapping[str, Kind] | None = None
) -> pd.DataFrame:
    import pandas as pd

    frames = []
    for path in sorted(folder.glob(f"*{suffix}")):
        frame = read_table(path, {**_ROW, **columns}, optional, source="python -m mfm_core table")
        check_units(frame, path)
        frame.insert(0, "table", path.name.removesuffix(suffix))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def check_units(table: pd.DataFrame, path: Path) -> None:
    """Check that every figure of a table is of a known unit.

    Raises:
        ValueError: If one is not.
    """
    if unknown := sorted(set(table["unit"]) - set(get_args(Unit))):
        raise ValueError(f"{path}: unit: expected one of {', '.join(get_args(Unit))}, got {unknown[0][:40]!r}")
