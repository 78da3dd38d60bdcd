"""Tables of the page Ablations: what each variant has and what it costs, made once for all visitors.

They are not in the page's own file, which Streamlit runs anew for each visitor, and with it would read the text of each
function that it caches.
"""

from __future__ import annotations

from collections.abc import Hashable

import pandas as pd
import pyarrow as pa
import streamlit as st

from app.claims import results
from app.claims.view import ALL
from mfm_core.evaluation.figures import shown
from mfm_core.evaluation.paper import paper_values
from mfm_core.experiments.variants import VARIANTS
from mfm_core.networks.ablation import DESIGN_OF_MFM, TABLE_2


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
def figures(stamp: Hashable, table: str, names: tuple[str, ...]) -> tuple[pa.Table, bool]:
    """A row a figure, with the paper's of each variant and, where any is in the table, ours; and whether any is."""
    del stamp  # a changed file makes another key
    ours = results.comparisons()
    means = _means(ours, table)
    computed = not ours.empty and bool(set(names) & set(ours[ours["table"] == table]["system"]))
    paper = {(value.system, value.key): value for value in paper_values() if value.table == "Table 2"}
    rows: list[dict[str, str]] = []
    for key in ("a2", "f1", "a7", "mae", "r"):
        row = {"figure": results.METRICS[key]}
        for name in names:
            value = paper[name, key]
            row[f"{results.title_of_system(name)}, paper"] = shown(value.value, value.unit)
            if computed:
                row[f"{results.title_of_system(name)}, ours"] = means.get((name, key), "")
        rows.append(row)
    return pa.Table.from_pylist(rows), computed


def _means(ours: pd.DataFrame, table: str) -> dict[tuple[str, str], str]:
    """Our mean of each system and metric of a table, with its interval."""
    if ours.empty:
        return {}
    rows = ours[(ours["table"] == table) & (ours["subject"] == ALL) & ours["system"].isin(VARIANTS)]
    said: dict[tuple[str, str], str] = {}
    for row in rows.to_dict("records"):
        said.setdefault((str(row["system"]), str(row["key"])), results.with_interval(row))
    return said
