"""The place of a system among the others of a table by one metric, and which of them are told apart from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
"""Of p-values: below it two systems are told apart."""


@dataclass(frozen=True)
class Standing:
    """The place of a system by one metric.

    Attributes:
        place: 1 where no other system has a better mean; equal means share a place.
        systems: How many systems there are, itself included.
        best: The system of the best mean, the first in the table of equal ones.
        better: Systems that are told apart from it and better, the best first.
        worse: Systems that are told apart from it and worse, the best first.
    """

    place: int
    systems: int
    best: str
    better: tuple[str, ...]
    worse: tuple[str, ...]


def standing(rows: pd.DataFrame, system: str) -> Standing | None:
    """The place of a system among those of a table; None where it has no mean there.

    Args:
        rows: Of one table, metric and subject, a row a system: ``mean`` and ``higher_is_better``; and, of what was
            compared with this system, ``difference`` and ``p_holm``, see
            :func:`mfm_core.experiments.summary.comparisons`.
        system: Name of the system.
    """
    rows = best_first(rows.dropna(subset=["mean"]))
    if system not in set(rows["system"]):
        return None
    sign = 1 if rows["higher_is_better"].iloc[0] else -1
    own = float(rows.loc[rows["system"] == system, "mean"].iloc[0])
    ahead = int((sign * (rows["mean"] - own) > 0).sum())
    if "p_holm" not in rows:  # nothing was compared with a reference
        return Standing(1 + ahead, len(rows), str(rows["system"].iloc[0]), (), ())
    apart = rows[(rows["p_holm"] < LEVEL) & (rows["system"] != system)]
    gaps = sign * apart["difference"]
    better, worse = (tuple(map(str, apart.loc[told, "system"])) for told in (gaps > 0, gaps < 0))
    return Standing(1 + ahead, len(rows), str(rows["system"].iloc[0]), better, worse)


def best_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of one table, metric and subject in the order of their means, the best in front."""
    return (
        rows if rows.empty else rows.sort_values("mean", ascending=not rows["higher_is_better"].iloc[0], kind="stable")
    )
