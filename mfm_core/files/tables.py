"""Tables of results as CSV: read with every column of the kind that it has to be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "number", "whole", "truth"]
"""Kind of a column: text, a number or nothing, a whole number, or ``True`` or ``False``."""
MAX_BYTES = 100_000_000
_EXPECTED: Mapping[Kind, str] = {
    "text": "text",
    "number": "a number",
    "whole": "a whole number",
    "truth": "True or False",
}


def read_table(
    path: Path, columns: Mapping[str, Kind], optional: Mapping[str, Kind] | None = None, *, source: str = ""
) -> pd.DataFrame:
    """Read a CSV file; its size is checked before it is read.

    Args:
        path: The file.
        columns: Kinds of the columns that it must have, by name; others are kept as text.
        optional: Kinds of columns that it may lack; they are NaN then.
        source: The command that writes such a table, for messages.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is too large, is no table, lacks a column, or holds a value of another kind, in one sentence.
    """
    import pandas as pd

    wanted = f"a table as {source} writes it" if source else "a table"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if (size := path.stat().st_size) > MAX_BYTES:
        raise ValueError(f"{path}: expected at most {MAX_BYTES} bytes, got {size}")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, OverflowError) as error:  # pandas' own errors of damaged files are of this kind
        told = next(iter(str(error).splitlines()), "it is damaged")[:200]
        raise ValueError(f"{path}: expected {wanted} ({told})") from None
    if missing := [name for name in columns if name not in table]:
        names = ", ".join(columns)
        raise ValueError(f"{path}: expected {wanted}, with the columns {names}, got none named {missing[0]}")
    for name, kind in {**columns, **(optional or {})}.items():
        table[name] = _converted(table[name], kind, path) if name in table else math.nan
    return table


def _converted(column: pd.Series, kind: Kind, path: Path) -> pd.Series:
    """A column of texts as values of its kind."""
    import pandas as pd

    if kind == "text":
        return column
    if kind == "truth":
        found = column.map({"True": True, "False": False})
        wrong = found.isna()
    else:
        found = pd.to_numeric(column, errors="coerce").astype(float)
        wrong = found.isna() & ~column.isin(("", "nan", "NaN"))
        if kind == "whole":
            wrong |= found.isna() | (found % 1 != 0) | (found.abs() > 2**53)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        given = str(column.iloc[row])[:40]
        raise ValueError(f"{path}: row {row + 1}: {column.name}: expected {_EXPECTED[kind]}, got {given!r}")
    return found.astype({"truth": bool, "whole": "int64", "number": float}[kind])
