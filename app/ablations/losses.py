"""Which loss makes it factorize? One real pair through several stored models, and the figures of each objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from app.ablations.pairs import donor_pairs, in_all_digits
from app.ablations.view import MOST_COMPARED, AblationsView
from app.claims import results
from app.elements.element import Data
from app.elements.wall import wall
from app.generate import digit_model
from app.shared import charts, names, prose, state, stored_models
from app.shared.picture_grid import PictureGrid
from mfm_core.evaluation.figures import shown, shown_with_interval
from mfm_core.experiments.losses import LOSSES, OBJECTIVES, read_losses

ASKED = {
    ("swap_accuracy", "svhn"): "Swap, house number: higher is better",
    ("swap_accuracy", "mnist"): "Swap, handwriting: higher is better",
    ("probe_accuracy", "svhn"): "Digit read from house-number Z_a: lower is better",
    ("probe_accuracy", "mnist"): "Digit read from handwriting Z_a: lower is better",
    ("joint_coherence", ""): "Coherence of the prior: higher is better",
}
HOW_TO_READ = (
    "**Swap**: after Z_y is exchanged, how often an independent judge reads the digit that gave Z_y. **Digit read from "
    "Z_a**: by the best of a family of probes, on codes it was not trained on. **Coherence**: how often both pictures "
    "drawn from the prior show the same digit. The dashed line is chance at ten equal digits."
)
ALL_SEEDS = "all"


def pictures(available: tuple[str, ...]) -> None:
    """One held-out pair through every chosen model: rebuilt, then with its style in all ten digits.

    Args:
        available: Names of the stored models that can be compared, see ``app.ablations.pairs``.
    """
    st.subheader("The same real pair through each model", anchor=False)
    prose.write(
        "Each row is one model. It rebuilds the pair, then keeps the pair's Z_a and takes Z_y from a pair of each "
        "digit. Where the model factorizes, the digit changes along the row and the style stays."
    )
    if not available:
        st.info("No stored model of images has codes of held-out pairs.")
        return
    chosen = _choose(available)
    models = [digit_model.load(stored_models.stored_as(name)) for name in chosen]
    with st.container(width=420):
        state.slide("Held-out pair", "pair", len(models[0].codes) - 1)
    pair, donors = state.seen(AblationsView).pair, donor_pairs(models[0])
    grids = [in_all_digits(one, pair, donors) for one in models]
    titles = [stored_models.title(name) for name in chosen]
    wanted = [models[0].digit(one) for one in (pair, *donors)]
    wall.show_once(_panels, tuple(grids), tuple(titles), tuple(wanted), key="wall_losses")
    prose.caption(
        f"Held-out pair {pair}, a {wanted[0]}. A dashed frame: the independent judge reads another digit than the one "
        "that gave Z_y. " + " ".join(_count(title, grid, wanted) for title, grid in zip(titles, grids, strict=True))
    )


def _choose(available: tuple[str, ...]) -> tuple[str, ...]:
    known = [name for name in state.seen(AblationsView).stored if name in available] or list(available[:MOST_COMPARED])
    chosen = tuple(name for name in available if name in known)
    state.choose_several("Models", "models", available, known, MOST_COMPARED, stored_models.title)
    return chosen


def _panels(
    sheet: wall.Sheet, grids: tuple[PictureGrid, ...], titles: tuple[str, ...], wanted: tuple[int, ...]
) -> list[Data]:
    """A panel for each modality of the first model."""
    return [_panel(sheet, name, grids, titles, wanted) for name in grids[0].pictures]


def _panel(
    sheet: wall.Sheet,
    modality: str,
    grids: tuple[PictureGrid, ...],
    titles: tuple[str, ...],
    wanted: tuple[int, ...],
) -> Data:
    """One modality: a row a model, a column a digit."""
    rows: list[Data] = []
    for title, grid in zip(titles, grids, strict=True):
        cells: list[Data] = []
        for column, digit in enumerate(wanted):
            alt = f"{title}: {names.title(modality)}, " + (f"a {digit} rebuilt" if column == 0 else f"Z_y of a {digit}")
            wrong = False
            if modality in grid.judged:
                seen = int(grid.judged[modality][0, column].argmax())
                wrong = seen != digit
                alt += f"; the judge reads {seen}"
            shot = sheet.shot(modality, grid.pictures[modality][0, column], alt)
            cells.append(wall.cell(shot, mark="wrong" if wrong else ""))
        rows.append({"head": title, "cells": cells})
    columns = ["rebuilt", *map(str, wanted[1:])]
    return {
        "title": names.title(modality),
        "across": len(columns),
        "columns": columns,
        "rows": rows,
        "gap": "5px",
        "head": "minmax(6rem, 1.8fr)",
        "least": "34rem",
        "stacked": True,
    }


def _count(title: str, grid: PictureGrid, wanted: list[int]) -> str:
    """How many pictures of a row the judges read as the digit that gave Z_y."""
    counts = [
        f"{int((seen[0, 1:].argmax(-1) == wanted[1:]).sum())} of {len(wanted) - 1} {names.title(name)}"
        for name, seen in grid.judged.items()
    ]
    return f"**{title}**: as wanted in {' and '.join(counts)} pictures." if counts else ""


@dataclass(frozen=True)
class LossFigures:
    """The shown figures of small models that differ in their objective alone.

    Attributes:
        answer: The answer to the question, counted from the figures.
        groups: Bars of each figure, by its title.
        columns: The numbers, by the name of their column.
        measured: How and when they were measured, sentences.
    """

    answer: str
    groups: Mapping[str, Sequence[charts.Bar]]
    columns: charts.Table
    measured: str


def figures() -> None:
    """The figures of small models that differ in their objective alone."""
    st.subheader("Which loss makes it factorize?", anchor=False)
    try:
        found = _stored()
    except ValueError as error:
        st.error(prose.harmless(str(error)))
        return
    if found is None:
        st.info("Not measured here yet. Measure it with: `python -m mfm_core losses --results FOLDER/losses.csv`")
        return
    prose.write(found.answer)
    hues = dict(zip(found.groups, ("a0", "a1", "a0", "a1", "y"), strict=False))
    charts.show(
        charts.bars(found.groups, hues, charts.palette(), most=1.0, mark=0.1, across="share"),
        found.columns,
        key="losses",
        alt="Swap accuracy, probes and coherence of small models of digits by their objective",
    )
    prose.caption(HOW_TO_READ)
    prose.caption(found.measured)


def _stored() -> LossFigures | None:
    """The stored figures, read once for all visitors until their file changes; None where there are none."""
    path = results.folder() / LOSSES
    return _read(path, path.stat().st_mtime_ns) if path.is_file() else None


@st.cache_resource(max_entries=2, show_spinner=False)
def _read(path: Path, changed: int) -> LossFigures | None:
    del changed  # a changed file makes another key
    table = read_losses(path)
    return None if table.empty else _of_table(table)


def _of_table(table: pd.DataFrame) -> LossFigures:
    merged = _all_seeds(table)
    groups: dict[str, list[charts.Bar]] = {}
    for (key, subject), title in ASKED.items():
        rows = merged[(merged["key"] == key) & (merged["subject"] == subject)]
        if len(rows):
            groups[title] = [_bar(row) for _, row in rows.iterrows()]
    seeds = sorted({str(seed) for seed in table["seed"]} - {ALL_SEEDS})
    return LossFigures(
        _answer(merged),
        groups,
        {column: merged[column].tolist() for column in ("objective", "key", "subject", "value", "low", "high", "n")},
        f"One small MFM of SVHN and MNIST for each objective, trained alike; seeds {', '.join(seeds)}; 95 % intervals "
        "over pairs, photographs and seeds; a probe's interval spans its seeds. "
        f"n = {' and '.join(f'{n:,}' for n in sorted(set(merged['n'].astype(int))))} pairs. "
        f"Measured {table['date'].max()}. Again with: python -m mfm_core losses",
    )


def _all_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """The rows over all seeds of each objective, or those of its one seed, in the order of ``OBJECTIVES``."""
    order = list(OBJECTIVES)
    parts = []
    for objective in sorted(table["objective"].unique(), key=order.index):
        rows = table[table["objective"] == objective]
        whole = rows[rows["seed"].astype(str) == ALL_SEEDS]
        parts.append(whole if len(whole) else rows)
    return pd.concat(parts, ignore_index=True)


def _bar(row: pd.Series) -> charts.Bar:
    value, low, high = (float(row[part]) for part in ("value", "low", "high"))
    said = shown_with_interval(value, low, high, row["unit"])
    return charts.Bar(OBJECTIVES[row["objective"]].title, value, low, high, said)


def _answer(merged: pd.DataFrame) -> str:
    """The answer to the question, counted from the figures."""
    swaps = merged[merged["key"] == "swap_accuracy"].groupby("objective", sort=False)["value"].min()
    parts = [f"{OBJECTIVES[name].title} {shown(float(value), 'share')}" for name, value in swaps.items()]
    return (
        "How often the judges read the digit that gave Z_y after a swap, in the modality where it works less well: "
        + "; ".join(parts)
        + "."
    )
