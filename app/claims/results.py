"""Stored results as the page shows them: read once, again when their files change."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import streamlit as st

import mfm_core as mfm
from app.claims.view import ALL, ClaimsLinks
from app.shared import stored_figures, stored_models
from mfm_core.evaluation.claims import CLAIMS, judged
from mfm_core.evaluation.evidence import Evidence, Outcome
from mfm_core.evaluation.quantities import QUANTITIES
from mfm_core.evaluation.table_verdicts import span
from mfm_core.experiments.results import COMPARISONS, PAIRS, read_comparisons, read_pairs, results_folder
from mfm_core.reports.systems import table_title
from mfm_core.systems.registry import find_system

METRICS = {key: QUANTITIES[key].title for key in ("a2", "a3", "a7", "accuracy", "f1", "mae", "r")}


def folder() -> Path:
    """Folder of the stored results: beside the stored models where ``MFM_PRETRAINED`` names their place."""
    return Path(stored_models.stored_as("results")) if stored_models.elsewhere() else results_folder()


def comparisons() -> pd.DataFrame:
    """Every system of every stored table, one row a metric and subject; empty where none is stored, or one is damaged.

    It is read once for all visitors until a file changes; who needs another table makes one of it.
    """
    return _read(folder(), stamp()).comparisons


def damage() -> str:
    """Why the stored tables cannot be read, a sentence; empty where they can."""
    return _read(folder(), stamp()).damage


class _Stored(NamedTuple):
    """The stored tables as they are read: empty, and why, where one is damaged."""

    comparisons: pd.DataFrame
    pairs: pd.DataFrame
    damage: str


@st.cache_resource(max_entries=2, show_spinner=False)  # nobody changes it, so that none is copied
def _read(place: Path, stamp: Hashable) -> _Stored:
    del stamp  # a changed file makes another key
    try:
        found, pairs = read_comparisons(place), read_pairs(place)
    except ValueError as error:
        return _Stored(pd.DataFrame(), pd.DataFrame(), str(error))
    whole = found if found.empty else found.assign(subject=found["subject"].replace("", ALL))
    return _Stored(whole, pairs, "")


def stamp() -> Hashable:
    """Identity of the stored tables as they are now: another after a file has changed."""
    place = folder()
    paths = sorted(path for suffix in (COMPARISONS, PAIRS) for path in place.glob(f"*{suffix}"))
    return str(place), tuple((path.name, path.stat().st_mtime_ns) for path in paths)


def outcomes() -> Mapping[str, Outcome]:
    """The outcome of every claim by its key, judged once for all visitors until a file of the evidence changes."""
    return _outcomes(_identity())


@st.cache_resource(max_entries=2, show_spinner=False)
def _outcomes(identity: Hashable) -> Mapping[str, Outcome]:
    del identity  # a changed file makes another key
    return judged(evidence())


def _identity() -> Hashable:
    """Identity of every file of the evidence as it is now."""
    models = tuple(stored_models.version(stored_models.stored_as(name)) for name in stored_models.models())
    return stamp(), models


def evidence() -> Evidence:
    """Load the evidence of the verdicts: the stored tables, and the metrics of the stored models."""
    metrics = {}
    for name in stored_models.models():
        if stored_figures.of_model(name).damage:
            continue  # the page says so
        with suppress(FileNotFoundError):  # a model that was not measured is no evidence
            metrics[name] = mfm.load_metrics(stored_models.stored_as(name))
    table = comparisons()
    whole = table if table.empty else table.assign(subject=table["subject"].replace(ALL, ""))
    return Evidence(whole, metrics, _read(folder(), stamp()).pairs)


def links() -> ClaimsLinks:
    """Values that links of the page may ask for."""
    return _links(_identity())


@st.cache_resource(max_entries=2, show_spinner=False)
def _links(identity: Hashable) -> ClaimsLinks:
    del identity  # a changed file makes another key
    table = comparisons()
    tables: dict[str, dict[str, tuple[str, ...]]] = {}
    systems: dict[str, tuple[str, ...]] = {}
    if not table.empty:
        for name in titles_of(table):
            rows = table[table["table"] == name]
            tables[name] = {key: tuple(rows[rows["key"] == key]["subject"].unique()) for key in rows["key"].unique()}
            systems[name] = (ALL, *rows["system"].unique())
    return ClaimsLinks(tuple(claim.key for claim in CLAIMS), tables, systems)


def titles_of_tables() -> dict[str, str]:
    """The stored tables and what each is called, the one of most systems first."""
    return dict(_titles(stamp()))


@st.cache_resource(max_entries=2, show_spinner=False)
def _titles(stamp: Hashable) -> Mapping[str, str]:
    del stamp  # a changed file makes another key
    return titles_of(comparisons())


def titles_of(table: pd.DataFrame) -> dict[str, str]:
    """Titles of the tables among these rows: the data set and, where not all were read, its modalities.

    Those of most systems come first. Tables of the same data are told apart by their names.
    """
    if table.empty:
        return {}
    groups = {str(name): rows for name, rows in table.groupby("table")}
    order = sorted(groups, key=lambda name: (-groups[name]["system"].nunique(), name))
    titles = {name: table_title(groups[name].iloc[0]) for name in order}
    alike = Counter(titles.values())
    return {name: title if alike[title] == 1 else f"{title} ({name})" for name, title in titles.items()}


def seeds_of(numbers: Iterable[int]) -> str:
    """Numbers of seeds in words: ``1 seed``, ``2 to 3 seeds``."""
    told = span(numbers)
    return f"{told} seed" if told == "1" else f"{told} seeds"


@st.cache_resource(max_entries=1, show_spinner=False)
def abbreviations() -> Mapping[str, Sequence[str]]:
    """Every registered system: its title, what that stands for, and where it was published, by column."""
    infos = [mfm.system_info(name) for name in mfm.system_names()]
    return {
        "system": [info.title for info in infos],
        "what it is": [_summary(info.name, info.title) for info in infos],
        "published": [info.paper for info in infos],
    }


def _summary(name: str, title: str) -> str:
    """The sentence that heads the file of a system, without its title; empty where it has none."""
    head = (inspect.getdoc(inspect.getmodule(find_system(name))) or "").partition("\n")[0]
    return head.removeprefix(f"{title}: ").rstrip(".")


def title_of_system(name: str) -> str:
    """A system as the paper writes it."""
    if name == ALL:
        return "all systems"
    try:
        return mfm.system_info(name).title
    except ValueError:  # only the paper's tables know it
        return name.upper().replace("_", "-")
