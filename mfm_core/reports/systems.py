"""The stored tables of systems in README.md: of each the best system beside MFM and the most frequent label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfm_core.data.registry import dataset_info
from mfm_core.evaluation.figures import shown_with_interval
from mfm_core.evaluation.quantities import QUANTITIES
from mfm_core.evaluation.standing import LEVEL, standing
from mfm_core.evaluation.table_verdicts import ABLATIONS, MAJORITY, MFM, MIN_BASELINES, samples_of, title_of
from mfm_core.reports.card import markdown_table

if TYPE_CHECKING:
    import pandas as pd

SYSTEMS = "<!-- systems -->", "<!-- /systems -->"
HEADER = (
    *(
        "data",
        "tested on",
        "seeds",
        "configurations tried",
        "systems",
        "metric",
        "best system",
        "MFM",
        "place of MFM",
        "most frequent label",
    ),
    "told apart from MFM",
)
FIRST = ("a2", "accuracy", "mae")
"""Of these metrics a table of systems in README has the first that is stored."""


def readme_systems(comparisons: pd.DataFrame) -> str:
    """Tables of systems as Markdown, a row each: those of at least ``MIN_BASELINES`` systems and MFM.

    Args:
        comparisons: As :func:`mfm_core.experiments.results.read_comparisons` returns them.
    """
    if comparisons.empty:
        return ""
    whole = comparisons[comparisons["subject"] == ""]
    rows = [_row(table) for _, table in whole.groupby("table", sort=True)]
    note = (
        "Mean over the seeds, with the 95 % bootstrap interval over the test samples, or their videos; of "
        "each system the configuration that is best on validation data, of those tried: the default one, and others "
        "drawn from its search space. Told apart: how many systems are better and worse than MFM in this metric, p "
        f"below {LEVEL:g} by a paired bootstrap after Holm's correction. The best system, the place and the counts "
        "leave out MFM's own ablations M_A to M_E."
    )
    return f"{note}\n\n{markdown_table(HEADER, [row for row in rows if row])}"


def _row(table: pd.DataFrame) -> list[str]:
    """Cells of one stored table; none where it has too few systems, or no MFM."""
    key = next((key for key in FIRST if key in set(table["key"])), None)
    rows = table[table["key"] == key].dropna(subset=["mean"]).set_index("system")
    place = standing(rows[~rows.index.isin(ABLATIONS)].reset_index(), MFM)
    if place is None or len(rows) < MIN_BASELINES:
        return []
    mfm = rows.loc[MFM]
    return [
        table_title(mfm),
        samples_of(rows.loc[[MFM]]),
        str(int(mfm["seeds"])),
        str(int(mfm["trials"])),
        str(len(rows)),
        QUANTITIES[str(key)].title,
        f"{title_of(place.best)} {with_interval(rows.loc[place.best])}",
        with_interval(mfm),
        f"{place.place} of {place.systems}",
        with_interval(rows.loc[MAJORITY]) if MAJORITY in rows.index else "",
        f"{len(place.better)} better, {len(place.worse)} worse",
    ]


def table_title(row: Mapping[str, Any] | pd.Series) -> str:
    """Title of a table by one of its rows: the data set and, where not all were read, its modalities."""
    title = dataset_info(str(row["dataset"])).title or str(row["dataset"])
    read = str(row["modalities"]).replace("+", " and ")
    return f"{title}: {read}" if read else title


def with_interval(row: Mapping[str, Any] | pd.Series) -> str:
    """The mean over the seeds of a comparison, with its interval."""
    return shown_with_interval(float(row["mean"]), float(row["low"]), float(row["high"]), row["unit"])
