"""A small table of systems that a visitor asks for: its choices, its progress by cell, and its rows."""

from __future__ import annotations

import time

import pandas as pd
import streamlit as st
from pydantic import ValidationError

import mfm_core as mfm
from app.claims import results
from app.shared import job_store, prose, state
from mfm_core.config import first_problem
from mfm_core.data.registry import dataset_info, dataset_infos
from mfm_core.evaluation.table_verdicts import span
from mfm_core.experiments.results import read_comparisons
from mfm_core.experiments.small_table import MAX_TABLE_MINUTES, SmallTable, results_of
from mfm_core.experiments.table import duration
from mfm_core.jobs.state import WAITING
from mfm_core.jobs.store import STATE, Job
from mfm_core.reports.systems import with_interval

EVERY = 2.0
MOST_SYSTEMS = 8
FIRST = {"sequence": ("majority", "rf", "ef_lstm", "mfm"), "image": ("mfm", "m_a", "m_c", "m_e")}


def show(first: tuple[str, ...] = ()) -> None:
    """The choices of a small table, and the last one that this visitor asked for.

    Args:
        first: Systems that are chosen to begin with, where the data set can be read by them.
    """
    st.subheader("Run a small table", anchor=False)
    prose.write(
        "The server fits the systems you choose, each cell once, chosen on validation data and read on test data once. "
        "It goes on when you reload or close the page, and after a restart of the server."
    )
    with st.expander("Choose and start"):
        _choices(first)
    mine = [job for job in job_store.job_store().jobs() if job.request.kind == "table" and job.of(job_store.token())]
    if mine:
        active = mine[-1].status in WAITING
        st.fragment(_panel, run_every=EVERY if active else None)(mine[-1].id, active=active)


def present() -> dict[str, str]:
    """Titles of the data sets of this server, by name."""
    return {info.name: info.title or info.name for info in dataset_infos() if info.in_tables and info.is_here}


def _choices(first: tuple[str, ...]) -> None:
    sets = present()
    with st.container(horizontal=True):
        name = st.selectbox("Data set", list(sets), format_func=lambda one: sets[one], key="table_data")
        _number("Seeds", "table_seeds", 1, 5, 1)
        _number("Training samples", "table_samples", 40, 2_000, 300, step=20)
        _number("Minutes", "table_minutes", 1, int(MAX_TABLE_MINUTES), 10, about="No cell is begun after that.")
    kind = dataset_info(name).kind
    known = [
        one for one in mfm.system_names() if kind in mfm.system_info(one).reads and not mfm.system_info(one).unimodal
    ]
    begin = [one for one in first or FIRST[kind] if one in known]
    st.multiselect(
        "Systems",
        known,
        begin,
        format_func=results.title_of_system,
        max_selections=MOST_SYSTEMS,
        key=f"table_of_{kind}",
    )
    st.button("Start", type="primary", key="start_table", on_click=_start, args=(f"table_of_{kind}",))


def _number(
    label: str, key: str, least: int, most: int, first: int, *, step: int = 1, about: str | None = None
) -> None:
    """A whole number whose label says which are taken, for what is out of range is marked without a word."""
    st.number_input(f"{label}, {least:,} to {most:,}", least, most, first, step=step, key=key, help=about)


def _start(systems: str) -> None:
    chosen = st.session_state
    try:
        table = SmallTable.model_validate(
            {
                "dataset": chosen["table_data"],
                "systems": tuple(chosen[systems]),
                "seeds": chosen["table_seeds"],
                "train_samples": chosen["table_samples"],
                "minutes": chosen["table_minutes"],
            }
        )
        title = f"{table.dataset}: {', '.join(table.systems)}"
        job_store.submit("table", title, table.model_dump(mode="json"))
    except ValidationError as error:
        state.notices().append(prose.harmless(first_problem(error)))
    except ValueError as error:
        state.notices().append(prose.harmless(str(error)))


def _panel(name: str, *, active: bool) -> None:
    """How far the table is, and its rows so far."""
    job_store.runner().ensure(job_store.job_store())
    try:
        job = job_store.job_store().job(name)
    except KeyError:
        st.info("This table is not here any more.")
        return
    if active != (job.status in WAITING):
        st.rerun()
    job_store.tell_refusal()
    st.markdown(f"**{prose.harmless(job.request.title)}** :gray-badge[{job.status}]")
    _progress(job)
    _buttons(job)
    cells = [report for report in job.reports() if report.get("cell")]
    if cells:
        rows = [{"cell": one["cell"], "seconds": one["seconds"], "failed": one["error"] or ""} for one in cells]
        with st.expander(f"{len(cells)} cells"):
            st.dataframe(pd.DataFrame(rows), hide_index=True)
    frame = rows_of(job)
    if not frame.empty:
        st.dataframe(frame, hide_index=True, key=f"rows_{name}")
        prose.caption(
            "Mean over the seeds, with the 95 % interval over n test samples. A small table: few training samples, no "
            "search beyond the default configuration. It does not enter the verdicts."
        )


def _progress(job: Job) -> None:
    if job.status == "queued":
        st.info(f"It waits; {job_store.job_store().place(job.id)} before it.")
    if job.state is None:
        return
    if job.status == "failed":
        st.warning(prose.harmless(job.state.message))
    elif job.status in WAITING or job.status == "paused":
        done, total = job.state.done, max(job.state.total, 1)
        left = "" if job.state.seconds_left is None else f", about {job.state.seconds_left:.0f} s left"
        text = f"{done} of {job.state.total} cells, {elapsed(job, time.time())}{left}. {job.state.message}"
        st.progress(min(done / total, 1.0), text=text)


def elapsed(job: Job, now: float) -> str:
    """How long a table has been computed, ``40 s so far``; while a cell is computed its job's state is not written.

    Args:
        job: Of the table.
        now: The time, in seconds since the epoch.
    """
    if job.state is None:
        return "not begun"
    since = max(now - (job.folder / STATE).stat().st_mtime, 0) if job.status == "running" else 0
    return f"{duration(job.state.seconds + since)} so far"


def _buttons(job: Job) -> None:
    if job.status in WAITING:
        st.button(
            "Cancel",
            key=f"cancel_{job.id}",
            on_click=job_store.want,
            args=(job.id, "stop"),
            help="After the cell that runs.",
        )
    elif job.status in ("stopped", "failed", "paused"):
        st.button("Go on with it", key=f"resume_{job.id}", on_click=job_store.want, args=(job.id, "run"))


def rows_of(job: Job) -> pd.DataFrame:
    """A row a system, a column a figure with its interval and, in its title, n; empty before the first cell."""
    found = read_comparisons(results_of(job.folder))
    if found.empty:
        return found
    found = found[found["subject"] == ""]
    wide = found.assign(
        told=[with_interval(row) for _, row in found.iterrows()],
        system=found["system"].map(results.title_of_system),
        seeds=found["seeds"].map(lambda n: results.seeds_of([n])),
    )
    titles = {key: f"{results.METRICS.get(str(key), key)} (n = {span(rows['n'])})" for key, rows in wide.groupby("key")}
    return wide.pivot(index=["system", "seeds"], columns="key", values="told").rename(columns=titles).reset_index()
