"""Figures of small models of digits side by side, by their objective or by their structure, once for all visitors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from app.ablations.conclusions import conclusion
from app.claims import results
from app.shared import charts, prose
from mfm_core.config import ModelConfig
from mfm_core.data.registry import modality_info
from mfm_core.evaluation.figures import shown, shown_with_interval
from mfm_core.evaluation.quantities import exact, figure
from mfm_core.evaluation.quantities import title as title_of_figure
from mfm_core.experiments.losses import ALL_SEEDS, LOSSES, OBJECTIVES, read_losses
from mfm_core.experiments.variants import VARIANTS, VARIANTS_FILE, read_variants
from mfm_core.storage.origin import Origin, origin

BOTH = "svhn+mnist"
"""Subject of figures of the one Z_a of both modalities that M_A has."""
ASKED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Swap, house number: higher is better": (("swap_accuracy", "svhn"),),
    "Swap, handwriting: higher is better": (("swap_accuracy", "mnist"),),
    "Digit read from house-number Z_a: lower is better": (("probe_accuracy", "svhn"), ("probe_accuracy", BOTH)),
    "Digit read from handwriting Z_a: lower is better": (("probe_accuracy", "mnist"), ("probe_accuracy", BOTH)),
    "Coherence of the prior: higher is better": (("joint_coherence", ""),),
}
"""Keys and subjects of the bars of each group, the first that a model has."""
COUNTED: Mapping[str, str] = {
    "swap_accuracy": "photographs for the swaps",
    "probe_accuracy": "photographs without a picture in common for the probes",
    "joint_coherence": "draws of the prior for the coherence",
}
"""Units that n counts, by the key of the figure."""
HUES = ("a0", "a1", "a0", "a1", "y")
SWAPS, PROBES, COHERENCE = tuple(ASKED)[:2], tuple(ASKED)[2:4], tuple(ASKED)[4]
HOW_TO_READ = (
    "**Swap**: after Z_y is exchanged, how often an independent judge reads the digit that gave Z_y. **Digit read from "
    "Z_a**: by the best of a family of probes, on codes it was not trained on. **Coherence**: how often both pictures "
    "drawn from the prior show the same digit; a model that always paints one digit has 100 %, so it says little alone."
)


class BySeed(NamedTuple):
    """A share.

    Attributes:
        value: Over all seeds.
        seeds: Of each seed.
    """

    value: float
    seeds: tuple[float, ...]


@dataclass(frozen=True)
class Compared:
    """The shown figures of small models that differ in one thing.

    Attributes:
        answer: The answer to the question, counted from the figures.
        concluded: What the figures say of the best, sentences; empty where there are not two to compare.
        augmented: Whether pictures were augmented while training: ``not augmented``, or of what; empty if unknown.
        groups: Bars of each figure, by its title.
        marks: What is reached without any knowledge, by the title of the group; of some or none.
        shared: Why one figure stands in two groups, a sentence; empty where none does.
        eq4: Of MFM by Eq. 4 alone, each figure by the title of its group.
        columns: The numbers, by the name of their column.
        measured: Seeds, intervals, n and date, sentences.
    """

    answer: str
    concluded: str
    augmented: str
    groups: Mapping[str, Sequence[charts.Bar]]
    marks: Mapping[str, float]
    shared: str
    eq4: Mapping[str, BySeed]
    columns: charts.Table
    measured: str


def show(file: str, models: str, *, command: str, alt: str) -> None:
    """Show the stored figures of a file of results, or how to compute them.

    Args:
        file: ``LOSSES`` or ``VARIANTS_FILE``.
        models: What was trained, for the sentence on how it was measured.
        command: That computes the file.
        alt: Of the chart.
    """
    try:
        found = _stored(file)
    except ValueError as error:
        st.error(prose.harmless(str(error)))
        return
    if found is None:
        st.info(f"Not measured here yet. Measure it with: `{command} --results FOLDER/{file}`")
        return
    prose.write(found.answer)
    hues = dict(zip(ASKED, HUES, strict=True))
    charts.show(
        charts.bars(
            found.groups,
            {name: hues[name] for name in found.groups},
            charts.palette(),
            most=1.0,
            mark=found.marks,
            across="share",
        ),
        found.columns,
        key=file.removesuffix(".csv"),
        alt=alt,
    )
    if found.concluded:
        prose.write(f"**In sum.** {found.concluded}")
    prose.caption(f"{HOW_TO_READ} {dashed(found.marks)}")
    if found.shared:
        prose.caption(found.shared)
    prose.caption(f"{models}; {found.measured} Again with: {command}")
    with suppress(ValueError):  # the section of the other file says so
        if told := beside(found, _stored(LOSSES if file == VARIANTS_FILE else VARIANTS_FILE)):
            prose.caption(told)


def beside(found: Compared, other: Compared | None) -> str:
    """Why the MFM of Eq. 4 alone has other figures in the other chart, a sentence; empty where that is not known."""
    if other is None or not (found.augmented and other.augmented) or found.augmented == other.augmented:
        return ""
    return (
        "The MFM of Eq. 4 alone stands in two charts with different figures. Its sizes, steps and seeds are the same, "
        f"but while training the pictures are {found.augmented} here and {other.augmented} there."
        + "".join(_coincidence(title, one, other.eq4.get(title)) for title, one in found.eq4.items())
    )


def _coincidence(title: str, one: BySeed, other: BySeed | None) -> str:
    """That a figure of two models is the same though those of their seeds are not, a sentence after a space."""
    if other is None or shown(one.value, "share") != shown(other.value, "share") or one.seeds == other.seeds:
        return ""
    here, there = (", ".join(shown(value, "share") for value in each.seeds) for each in (one, other))
    return (
        f" “{title.partition(':')[0]}” is {shown(one.value, 'share')} in both by coincidence: the seeds have {here} "
        f"here and {there} there, hence the different intervals."
    )


def dashed(marks: Mapping[str, float]) -> str:
    """Say what the dashed lines of a chart mark, in sentences; empty where there are none."""
    said = []
    if guessed := dict.fromkeys(shown(marks[name], "share") for name in (*SWAPS, *PROBES) if name in marks):
        said.append(
            f"The dashed line of swaps and probes, {' or '.join(guessed)}, is the share of the most frequent digit: "
            "always painting it, or always naming it, reaches that."
        )
    if COHERENCE in marks:
        said.append(
            f"That of coherence, {shown(marks[COHERENCE], 'share')}, is how often two digits agree that have nothing "
            "to do with each other, all being equally frequent."
        )
    return " ".join(said)


def origin_of(objective: str) -> Origin | None:
    """The origin of the small models of an objective; None where they were not measured, or that was not stored.

    Raises:
        ValueError: If the file of the figures is damaged.
    """
    path = results.folder() / LOSSES
    return _origin(path, path.stat().st_mtime_ns, objective) if path.is_file() else None


@st.cache_resource(max_entries=4, show_spinner=False)
def _origin(path: Path, changed: int, objective: str) -> Origin | None:
    del changed  # a changed file makes another key
    table = read_losses(path)
    configuration = _configuration(table[table["objective"] == objective])
    if "model" not in configuration:
        return None
    return origin(ModelConfig.model_validate(configuration["model"]), {"configuration": configuration})


def _stored(file: str) -> Compared | None:
    """The stored figures, read once for all visitors until their file changes; None where there are none."""
    path = results.folder() / file
    return _read(path, path.stat().st_mtime_ns) if path.is_file() else None


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(path: Path, changed: int) -> Compared | None:
    del changed  # a changed file makes another key
    if path.name == LOSSES:
        table, column = read_losses(path), "objective"
        order, title = tuple(OBJECTIVES), lambda name: OBJECTIVES[name].title
    else:
        table, column = read_variants(path), "system"
        order, title = VARIANTS, results.title_of_system
    return None if table.empty else of_table(table, column, order, title)


def of_table(table: pd.DataFrame, column: str, order: Sequence[str], title: Callable[[str], str]) -> Compared:
    """The figures of a table as they are shown.

    Args:
        table: Of :func:`read_losses` or :func:`read_variants`, with a row at least.
        column: Name of the column of what is compared.
        order: All that may be in it, in the order of the bars.
        title: Of one of them.
    """
    merged = _all_seeds(table, column, order)
    groups: dict[str, list[charts.Bar]] = {}
    for group, wanted in ASKED.items():
        for name in order:
            rows = merged[merged[column] == name]
            found = (rows[(rows["key"] == key) & (rows["subject"] == subject)] for key, subject in wanted)
            if (row := next((one.iloc[0] for one in found if len(one)), None)) is not None:
                groups.setdefault(group, []).append(_bar(row, title(name)))
    marks = _marks(merged, table)
    seeds = sorted({str(seed) for seed in table["seed"]} - {ALL_SEEDS})
    return Compared(
        _answer(merged, column, title),
        conclusion(groups, SWAPS, PROBES, COHERENCE, marks),
        _augmented(table),
        groups,
        marks,
        _shared(merged, column, title),
        _eq4(table, column),
        _numbers(merged, column, title),
        f"seeds {', '.join(seeds)}; 95 % intervals over pairs, photographs and seeds; a probe's interval spans its "
        f"seeds. {_counted(merged)}Measured {table['date'].max()}.",
    )


def _numbers(merged: pd.DataFrame, column: str, title: Callable[[str], str]) -> charts.Table:
    """The figures as a table, each called by its title; what has no interval has no ends."""
    measured = [
        figure(row["key"], row["subject"], exact(row["value"], row["n"]))
        for row in merged.fillna({"subject": ""}).to_dict("records")
    ]
    return {
        column: [title(name) for name in merged[column]],
        "figure": [title_of_figure(one) for one in measured],
        **{name: merged[name].tolist() for name in ("value", "low", "high", "n")},
    }


def _marks(merged: pd.DataFrame, table: pd.DataFrame) -> dict[str, float]:
    """Share that is reached without any knowledge, by the title of the group, where the table tells.

    Of swaps and probes it is the rate of the most frequent digit: both are measured on the same pairs.
    """
    found = {}
    rates = merged[merged["key"] == "probe_chance"]
    for group in (*SWAPS, *PROBES):
        here = rates[rates["subject"].isin([subject for _, subject in ASKED[group]])]
        if here["value"].nunique() == 1:
            found[group] = float(here["value"].iloc[0])
    match _configuration(table):
        case {"model": {"label": {"kind": "classes", "size": int(size)}}}:
            found[COHERENCE] = 1 / size
    return found


def _shared(merged: pd.DataFrame, column: str, title: Callable[[str], str]) -> str:
    """Of whom the two probes are one, a sentence; empty where each Z_a is of one modality."""
    rows = merged[(merged["key"] == "probe_accuracy") & (merged["subject"] == BOTH)]
    if rows.empty:
        return ""
    names = " and ".join(title(name) for name in rows[column])
    return f"{names} has but one Z_a, of both modalities: its bar is the same figure in both groups of probes."


def _eq4(table: pd.DataFrame, column: str) -> dict[str, BySeed]:
    """The figures of MFM by Eq. 4 alone, over all its seeds and of each, by the title of their group."""
    rows = table[table[column] == {"objective": "joint", "system": "mfm"}[column]]
    found = {}
    for group, wanted in ASKED.items():
        here = rows[(rows["key"] == wanted[0][0]) & (rows["subject"] == wanted[0][1])]
        values = dict(zip(here["seed"].astype(str), here["value"].astype(float), strict=True))
        if ALL_SEEDS in values:
            found[group] = BySeed(values.pop(ALL_SEEDS), tuple(values.values()))
    return found


def _counted(merged: pd.DataFrame) -> str:
    """The n of each kind of figure, a sentence with a space behind; empty where none of these is in the table."""
    said = []
    for key, counts in COUNTED.items():
        if n := sorted({int(one) for one in merged.loc[merged["key"] == key, "n"]}):
            said.append(f"{' or '.join(f'{one:,}' for one in n)} {counts}")
    return f"n: {'; '.join(said)}. " if said else ""


def _augmented(table: pd.DataFrame) -> str:
    """Whether the pictures of these models were augmented while training, and of which modalities."""
    if not (configuration := _configuration(table)):
        return ""
    changed = configuration.get("augmentation") or {}
    names = [modality_info(name).title for name, each in changed.items() if any(each.values())]
    return f"augmented ({' and '.join(names)})" if names else "not augmented"


def _configuration(table: pd.DataFrame) -> dict[str, Any]:
    """Configuration that the first of these models was trained with; empty where the table does not tell."""
    return dict(json.loads(table["configuration"].iloc[0])) if "configuration" in table and len(table) else {}


def _all_seeds(table: pd.DataFrame, column: str, order: Sequence[str]) -> pd.DataFrame:
    """The rows over all seeds of each name, or those of its one seed, in order."""
    parts = []
    for name in sorted(table[column].unique(), key=list(order).index):
        rows = table[table[column] == name]
        whole = rows[rows["seed"].astype(str) == ALL_SEEDS]
        parts.append(whole if len(whole) else rows)
    return pd.concat(parts, ignore_index=True)


def _bar(row: pd.Series, title: str) -> charts.Bar:
    value, low, high = (float(row[part]) for part in ("value", "low", "high"))
    return charts.Bar(title, value, low, high, shown_with_interval(value, low, high, row["unit"]))


def _answer(merged: pd.DataFrame, column: str, title: Callable[[str], str]) -> str:
    """The answer to the question, counted from the figures."""
    swaps = merged[merged["key"] == "swap_accuracy"].groupby(column, sort=False)["value"].min()
    parts = [f"{title(name)} {shown(float(value), 'share')}" for name, value in swaps.items()]
    drawn = set(merged.loc[merged["key"].isin([key for wanted in ASKED.values() for key, _ in wanted]), column])
    lacks = [name for name in dict.fromkeys(merged[column]) if name not in swaps.index]
    some, none = ([title(name) for name in lacks if (name in drawn) == here] for here in (True, False))
    return (
        "How often the judges read the digit that gave Z_y after a swap, in the modality where it works less well: "
        + "; ".join(parts)
        + "."
        + (f" No style to keep, hence no swap: {', '.join(some)}." if some else "")
        + (f" Nothing is generated, hence no bar: {', '.join(none)}." if none else "")
    )
