"""The page Ablations: up to four variants of MFM side by side, what each leaves out, and their figures."""

from __future__ import annotations

from collections.abc import Hashable

import pandas as pd
import pyarrow as pa
import streamlit as st

from app.ablations import losses, structure
from app.ablations.pairs import comparable
from app.ablations.view import MOST, VARIANTS, AblationsLinks, AblationsView
from app.claims import results, small_table
from app.claims.view import ALL
from app.generate import digit_model
from app.shared import prose, sidebar, state, stored_models
from mfm_core.evaluation.figures import shown
from mfm_core.evaluation.paper import DESIGN, SOURCE, paper_values


def main() -> None:
    """The page."""
    tables = tuple(results.links().tables)
    models = comparable()
    state.open_view(_links(tables, models), "Ablations")
    st.header("Which loss, and which part, makes it factorize?", anchor=False)
    for notice in state.notices():
        st.warning(notice)
    losses.pictures(models)
    losses.figures()
    _variants(tables)
    small_table.show(state.seen(AblationsView).names)
    sidebar.show("**Ablations** of Tsai et al. (2019), Table 2")
    state.write_link()


def _variants(tables: tuple[str, ...]) -> None:
    """Parts that each variant of Table 2 leaves out, and the cost of leaving them out."""
    st.subheader("What does each part of MFM buy?", anchor=False)
    prose.write(
        "Each variant leaves one design choice out (Figure 6, Table 2). What it lacks is drawn faint and dashed; a box "
        "with a second one behind it stands for one of each modality."
    )
    _choose()
    names = state.seen(AblationsView).names
    for column, name in zip(st.columns(len(names)), names, strict=True):
        with column:
            st.markdown(f"**{results.title_of_system(name)}**")
            st.plotly_chart(structure.drawing(name), config={"staticPlot": True}, key=f"structure_{name}")
            prose.caption(structure.Structure.of(name).sentence())
    with st.expander("The columns of Table 2"):
        st.dataframe(_design(names), hide_index=True)
    _figures(names, tables)


def _links(tables: tuple[str, ...], models: tuple[str, ...]) -> AblationsLinks:
    if not models:
        return AblationsLinks(tables)
    first = digit_model.load(stored_models.stored_as(models[0]))
    return AblationsLinks(tables, models, len(first.codes), first.shown[0])


def _choose() -> None:
    if not state.offered("variants", "Variants"):
        return
    key = "chosen_variants"
    st.session_state[key] = list(state.seen(AblationsView).names)

    def take() -> None:
        if chosen := st.session_state[key]:
            state.change(variants=".".join(name for name in VARIANTS if name in chosen))

    st.multiselect(
        "Variants",
        VARIANTS,
        format_func=results.title_of_system,
        max_selections=MOST,
        key=key,
        on_change=take,
        disabled=state.held("variants"),
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _design(names: tuple[str, ...]) -> pa.Table:
    """The design choices of Table 2 that each variant has."""
    words = {True: "yes", False: "no", None: "does not apply"}
    rows = [
        {"design choice": choice} | {results.title_of_system(n): words[has.get(n)] for n in names}
        for choice, has in DESIGN.items()
    ]
    return pa.Table.from_pylist(rows)


def _figures(names: tuple[str, ...], tables: tuple[str, ...]) -> None:
    """The paper's figures of the variants, and ours of the chosen table."""
    st.subheader("What it costs", anchor=False)
    table = ""
    if tables:
        with st.container(width=420):
            table = state.select("Ours on", "table", results.titles_of_tables())
    rows, computed = _rows(results.stamp(), table, names)
    st.dataframe(rows, hide_index=True)
    if not computed:
        st.info(
            "None of these variants has been computed on these data here. Compute them with: "
            "`python -m mfm_core table cmu_mosi --systems mfm,m_a,m_b,m_c,m_d,m_e`"
        )
    prose.caption(f"The paper's figures: CMU-MOSI, {SOURCE}, Table 2. Ours: mean of the seeds, 95 % interval.")


@st.cache_resource(max_entries=64, show_spinner=False)
def _rows(stamp: Hashable, table: str, names: tuple[str, ...]) -> tuple[pa.Table, bool]:
    """A row a figure, with the paper's and ours of each variant; and whether any variant is in the table."""
    del stamp  # a changed file makes another key
    ours = results.comparisons()
    means = _means(ours, table)
    paper = {(value.system, value.key): value for value in paper_values() if value.table == "Table 2"}
    rows: list[dict[str, str]] = []
    for key in ("a2", "f1", "a7", "mae", "r"):
        row = {"figure": results.METRICS[key]}
        for name in names:
            value = paper[name, key]
            row[f"{results.title_of_system(name)}, paper"] = shown(value.value, value.unit)
            row[f"{results.title_of_system(name)}, ours"] = means.get((name, key), "")
        rows.append(row)
    computed = not ours.empty and bool(set(names) & set(ours[ours["table"] == table]["system"]))
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


main()
