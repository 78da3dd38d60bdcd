"""Tables of the page Ablations: what each variant has and what it costs, made once for all visitors.

They are not in the page's own file, which Streamlit runs anew for each visitor, and with it would read the text of each
function that it caches.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd
import pyarrow as pa
import streamlit as st

from app.claims import results
from app.claims.view import ALL
from mfm_core.evaluation.figures import shown
from mfm_core.evaluation.paper import paper_values
from mfm_core.experiments.variants import VARIANTS
from mfm_core.networks.ablation import DESIGN_OF_MFM, TABLE_2

KEYS = ("a2", "f1", "a7", "mae", "r")
"""Metrics of Table 2, in its order."""


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
    columns = {"figure": [results.METRICS[key] for key in KEYS]}
    for name in names:
        values = [paper[name, key] for key in KEYS]
        columns[results.title_of_system(name)] = [shown(value.value, value.unit) for value in values]
    return columns


@st.cache_resource(max_entries=64, show_spinner=False)
def ours(stamp: Hashable, table: str, names: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    """Our figures of the variants, a column each; empty where none of them is in the table."""
    del stamp  # a changed file makes another key
    means = _means(results.comparisons(), table)
    measured = [key for key in KEYS if any((name, key) in means for name in names)]
    if not measured:
        return {}
    columns = {"figure": [results.METRICS[key] for key in measured]}
    for name in names:
        columns[results.title_of_system(name)] = [means.get((name, key), "not measured") for key in measured]
    return columns


def _means(ours: pd.DataFrame, table: str) -> dict[tuple[str, str], str]:
    """Our mean of each system and metric of a table, with its interval."""
    if ours.empty:
        return {}
    rows = ours[(ours["table"] == table) & (ours["subject"] == ALL) & ours["system"].isin(VARIANTS)]
    said: dict[tuple[str, str], str] = {}
    for row in rows.to_dict("records"):
        said.setdefault((str(row["system"]), str(row["key"])), results.with_interval(row))
    return said
