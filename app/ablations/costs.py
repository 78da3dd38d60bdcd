"""Tables of the page Ablations: what each variant has and what it costs, made once for all visitors.

They are not in the page's own file, which Streamlit runs anew for each visitor, and with it would read the text of each
function that it caches.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import pandas as pd
import pyarrow as pa
import streamlit as st

from app.claims import results
from app.claims.view import ALL
from mfm_core.evaluation.figures import shown
from mfm_core.evaluation.paper import paper_values
from mfm_core.evaluation.quantities import QUANTITIES
from mfm_core.evaluation.standing import LEVEL, standing
from mfm_core.evaluation.table_verdicts import MFM, samples_of
from mfm_core.experiments.variants import VARIANTS
from mfm_core.networks.ablation import DESIGN_OF_MFM, TABLE_2
from mfm_core.reports.systems import with_interval

KEYS = ("a2", "f1", "a7", "mae", "r")
"""Metrics of Table 2, in its order."""
OURS = ("accuracy", *KEYS)
"""Metrics of ours: also that of classes."""


@st.cache_resource(max_entries=64, show_spinner=False)
def design(names: tuple[str, ...]) -> pa.Table:
    """The design choices of Table 2, and whether each variant has them."""
    words = {True: "yes", False: "no", None: "does not apply"}
    choices = {name: TABLE_2[name].choices() for name in names}
    rows = [
        {"design choice": choice} | {results.title_of_system(n): words[has[choice]] for n, has in choices.items()}
        for choice in DESIGN_OF_MFM.choices()
    ]
    return pa.Table.from_pylist(rows)


@st.cache_resource(max_entries=64, show_spinner=False)
def papers(names: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    """The paper's figures of the variants, a column each."""
    paper = {(value.system, value.key): value for value in paper_values() if value.table == "Table 2"}
    columns = {"figure": [_titled(key) for key in KEYS]}
    for name in names:
        values = [paper[name, key] for key in KEYS]
        columns[results.title_of_system(name)] = [shown(value.value, value.unit) for value in values]
    return columns


@st.cache_resource(max_entries=64, show_spinner=False)
def ours(stamp: Hashable, table: str, names: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    """Our figures of the variants, a column each; empty where none of them is in the table."""
    del stamp  # a changed file makes another key
    means = _means(results.comparisons(), table)
    measured = [key for key in OURS if any((name, key) in means for name in names)]
    if not measured:
        return {}
    columns = {"figure": [_titled(key) for key in measured]}
    for name in names:
        columns[results.title_of_system(name)] = [means.get((name, key), "not measured") for key in measured]
    return columns


@st.cache_resource(max_entries=64, show_spinner=False)
def concluded(stamp: Hashable, table: str) -> str:
    """Say what leaving the parts out costs by our figures, in sentences; empty where MFM or all variants lack there.

    Args:
        stamp: Of the stored tables, see :func:`app.claims.results.stamp`.
        table: Name of the table.
    """
    del stamp  # a changed file makes another key
    return conclusion(_rows(results.comparisons(), table, VARIANTS), results.title_of_system)


def conclusion(rows: pd.DataFrame, title: Callable[[str], str]) -> str:
    """Conclude from comparisons with MFM, in sentences; empty where MFM or all variants lack.

    Args:
        rows: Comparisons of one table, MFM's own among them, one a system and key.
        title: Of a system.
    """
    places: list[str] = []
    apart: dict[tuple[str, str], list[str]] = {}
    for key, of_key in rows.groupby("key", sort=False):
        place = standing(of_key, MFM)
        if place is None or place.systems == 1:
            continue
        quantity, means = QUANTITIES[str(key)], of_key.set_index("system")["mean"]
        called = quantity.title.partition(",")[0]
        first = f" ({title(place.best)} has {shown(float(means[place.best]), quantity.unit)})"
        value = shown(float(means[MFM]), quantity.unit)
        places.append(f"{called} {value}, number {place.place} of {place.systems}{first if place.place > 1 else ''}")
        for how, who in (("better", place.better), ("worse", place.worse)):
            for one in who:
                apart.setdefault((title(one), how), []).append(called)
    if not places:
        return ""
    tests = "; ".join(f"{who} is {how} by {' and '.join(by)}" for (who, how), by in apart.items()) or "none"
    found = {how for _, how in apart}
    return (
        f"MFM among all variants: {'; '.join(places)}. "
        f"Told apart from MFM (p below {LEVEL:g} after Holm's correction for the variants, each figure by itself): "
        f"{tests}. "
        + (
            "So it does cost something."
            if "worse" in found
            else "So no cost of leaving a part out can be told here: where a difference can be told, it helped."
            if found
            else "So no cost of leaving any of these parts out can be told here."
        )
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def counted(stamp: Hashable, table: str, names: tuple[str, ...]) -> str:
    """Of how many seeds and samples our figures are, and what their intervals are over, in a sentence."""
    del stamp  # a changed file makes another key
    rows = _rows(results.comparisons(), table, names)
    return (
        f"Mean of {results.seeds_of(rows['seeds'])}. The 95 % interval is over {samples_of(rows)}, and not "
        "over seeds. All variants read the same samples, and the test is paired: it can tell two apart whose intervals "
        "overlap."
    )


def _rows(ours: pd.DataFrame, table: str, names: Sequence[str]) -> pd.DataFrame:
    """Our figures of these variants in a table, one row a system and metric, in the order of ``KEYS``."""
    if ours.empty:
        return ours
    rows = ours[(ours["table"] == table) & (ours["subject"] == ALL) & ours["system"].isin(names)]
    rows = rows[rows["key"].isin(OURS)].drop_duplicates(["system", "key"])
    return rows.sort_values("key", key=lambda keys: keys.map(OURS.index), kind="stable")


def _titled(key: str) -> str:
    """Title of a metric, and where less is better, that."""
    return results.METRICS[key] + ("" if QUANTITIES[key].higher_is_better else " (lower is better)")


def _means(ours: pd.DataFrame, table: str) -> dict[tuple[str, str], str]:
    """Our mean of each system and metric of a table, with its interval."""
    if ours.empty:
        return {}
    rows = _rows(ours, table, VARIANTS).to_dict("records")
    return {(str(row["system"]), str(row["key"])): with_interval(row) for row in rows}
