"""Runs that are shown: how far each is, what it has learnt so far, and what can be done with it."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st
from torch import Tensor

import mfm_core as mfm
from app.elements.element import Data
from app.elements.wall import wall
from app.lab import charts
from app.lab.ending import too_short
from app.lab.view import LabView
from app.shared import charts as shared_charts
from app.shared import job_store, names, prose, state, stored_figures, stored_models
from mfm_core.evaluation.figures import shown_with_interval
from mfm_core.files.tensors import read_header, read_tensors
from mfm_core.jobs.state import WAITING
from mfm_core.jobs.store import Job
from mfm_core.lab.settings import MODEL, SNAPSHOT, model_name
from mfm_core.storage.folder import CONFIG
from mfm_core.storage.models import CARD, CODES, METRICS, WEIGHTS
from mfm_core.storage.scaling import SCALING

EVERY = 2.0
"""Seconds between two looks at a run that goes on."""
MARKS = {
    "queued": "blue", "running": "green", "paused": "orange", "stopped": "gray",
    "finished": "gray", "failed": "red", "interrupted": "orange",
}  # fmt: skip
MODEL_FILES = (CONFIG, WEIGHTS, CODES, SCALING, METRICS, CARD)


def show() -> None:
    """The run of the link, and the one beside it, refreshed while one of them goes on."""
    view = state.seen(LabView)
    jobs = [found(name) for name in (view.job, view.beside) if name]
    active = any(job is not None and job.status in WAITING for job in jobs)
    st.fragment(_panels, run_every=EVERY if active else None)(active=active)
    ended = [job for job in jobs if job is not None and (job.folder / MODEL).is_dir()]
    if len(jobs) > 1 and len(ended) > 1:
        _compare(ended)


def found(name: str) -> Job | None:
    """A run by its name; None where there is none any more."""
    try:
        return job_store.job_store().job(name)
    except KeyError:
        return None


def _panels(*, active: bool) -> None:
    """Every run in a column of its own; the whole page follows when nothing goes on any longer."""
    view = state.seen(LabView)
    shown_names = [name for name in (view.job, view.beside) if name]
    job_store.runner().ensure(job_store.job_store())
    jobs = [found(name) for name in shown_names]
    if active != any(job is not None and job.status in WAITING for job in jobs):
        st.rerun()
    job_store.tell_refusal()
    for column, name, job in zip(st.columns(len(shown_names), gap="medium"), shown_names, jobs, strict=True):
        with column:
            if job is None:
                st.info("This run is not here any more: old runs are deleted unless they are kept.")
            else:
                _panel(job, name, wide=len(jobs) == 1)


def _panel(job: Job, name: str, *, wide: bool) -> None:
    st.markdown(f"**{prose.harmless(job.request.title)}** :{MARKS[job.status]}-badge[{job.status}]")
    _progress(job)
    _buttons(job)
    if (job.folder / MODEL).is_dir():
        _model(job)
        _ended(job)
    reports = job.reports()
    if not reports:
        return
    found = charts.figures(reports)
    modalities, classes = charts.read_of(found)
    total = job.state.total if job.state else 0
    left, right = st.columns(2, gap="medium") if wide else (st.container(), st.container())
    with left:
        _curves(reports, found, name, total)
    with right:
        tensors = snapshot(job.folder / SNAPSHOT)
        if tensors:
            _codes(tensors, modalities, name, classes=classes)


def _curves(
    reports: Sequence[charts.Report], found: Mapping[tuple[str, str], charts.Series], name: str, total: int
) -> None:
    """Curves of what is learnt, and of the cost, by step."""
    colours = shared_charts.palette()
    figure, table = charts.learnt(found, colours, total)
    alt = "; ".join(f"{what}: {now}" for what, now in zip(table["figure"], table["now"], strict=True))
    shared_charts.show(figure, table, key=f"learnt_{name}", alt=f"What is learnt, by step. Now {alt}")
    prose.caption(FOLLOWED[charts.read_of(found)[1]])
    figure, table = charts.costs(reports, colours, total)
    shared_charts.show(figure, table, key=f"costs_{name}", alt="The cost and its largest terms by step")
    prose.caption(
        "Each term with its weight: of Eq. 4 the errors of what is rebuilt, the label and the MMD; then those "
        "that were ticked."
    )


def _codes(tensors: dict[str, Tensor], modalities: list[str], name: str, *, classes: bool) -> None:
    """Swaps, and maps of the codes."""
    colours = shared_charts.palette()
    _matrix(tensors, modalities, name, colours, classes=classes)
    figure, table = charts.maps(tensors, modalities, colours, classes=classes)
    shared_charts.show(figure, table, key=f"maps_{name}", alt="Maps of held-out codes: Z_y, then each Z_a, by label")


def _progress(job: Job) -> None:
    if job.status == "queued":
        place = job_store.job_store().place(job.id)
        st.info("It is next." if place == 0 else f"{place} {'run is' if place == 1 else 'runs are'} before this one.")
    if job.state is None:
        return
    done, total = job.state.done, job.state.total
    if job.status == "failed":
        st.warning(prose.harmless(job.state.message))
    elif job.status == "interrupted":
        st.info("The process that worked on it ended. It goes on from its last checkpoint.")
    elif job.status in ("running", "paused"):
        left = "" if job.state.seconds_left is None else f", about {job.state.seconds_left:.0f} s left"
        counted = f"{done:,} of {total:,} {job.state.unit}{left}"
        text = counted if done < total else f"{job.state.message[:1].upper()}{job.state.message[1:]}"
        if job.wish.wanted == "stop":
            text = f"Stopping: {done:,} {job.state.unit} are done, and what it has learnt is measured."
        st.progress(min(done / total, 1.0) if total else 0.0, text=text)
    else:
        prose.caption(f"{done:,} of {total:,} steps in {job.state.seconds:.0f} s.")


def _buttons(job: Job) -> None:
    """Buttons for what its owner can do with a run."""
    if not job.of(job_store.token()):
        return
    offered = {
        "queued": ("pause", "stop"), "running": ("pause", "stop"), "interrupted": ("pause", "stop"),
        "paused": ("run", "stop"), "failed": ("run",),
    }.get(job.status, ())  # fmt: skip
    labels = {"pause": "Pause", "run": "Resume", "stop": "Stop and keep what it has"}
    with st.container(horizontal=True):
        for wanted in offered:
            st.button(labels[wanted], key=f"{wanted}_{job.id}", on_click=job_store.want, args=(job.id, wanted))
        if job.status in ("finished", "stopped"):
            label = "Keep no longer" if job.wish.kept else "Keep"
            st.button(label, key=f"keep_{job.id}", on_click=job_store.keep, args=(job.id, not job.wish.kept), help=KEEP)


FOLLOWED = {
    True: "Where it factorizes, the swapped samples show the label of their Z_y (lines rise to the top), and from Z_a "
    "no more is read than always naming the most frequent class gets (dots fall to the dashed line).",
    False: "Where it factorizes, what is read in swapped samples follows the score of their Z_y (lines rise to 1), and "
    "from Z_a nothing is read of it (dots fall to an R² of 0).",
}
"""How to read the chart, of classes and of scores."""
KEEP = "Runs that are not kept are deleted when newer ones need their place."


def _model(job: Job) -> None:
    """The way to the other pages, and the download."""
    name = model_name(job.id)
    with st.container(horizontal=True, vertical_alignment="center"):
        if stored_models.model(stored_models.stored_as(name)).config.images:
            st.page_link("generate/page.py", label="Open in Generate", query_params={"lab": job.id})
        else:
            st.page_link("dependency/page.py", label="Open in Dependency", query_params={"models": name})
            st.page_link("flow/page.py", label="Open in Flow", query_params={"model": name})
        st.page_link("about/page.py", label="Its card", query_params={"model": name})
        st.download_button(
            "Download",
            lambda: packed(job.folder / MODEL),
            f"{name}.zip",
            "application/zip",
            key=f"take_{job.id}",
            on_click="ignore",
            type="tertiary",
            help="What mfm_core.load_pretrained reads: safetensors and JSON.",
        )


def _ended(job: Job) -> None:
    """A sentence where the run was too short to learn what it was to show."""
    settings = job.request.settings
    minutes = settings.get("minutes")
    if job.status not in ("finished", "stopped") or job.state is None or settings.get("steps") is not None:
        return
    usual = round(job.state.total * LabView().minutes / minutes) if isinstance(minutes, int | float) else 0
    if told := too_short(stored_figures.of_model(model_name(job.id)).figures, job.state.done, usual):
        st.info(prose.harmless(told))


def packed(folder: Path) -> bytes:
    """A stored model in a ZIP archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in MODEL_FILES:
            if (folder / name).is_file():
                archive.write(folder / name, f"{folder.parent.name}/{name}")
    return buffer.getvalue()


def snapshot(path: Path) -> dict[str, Tensor]:
    """The newest pictures of a run; nothing where there are none yet."""
    try:
        return read_tensors(path, read_header(path).specs)
    except OSError:
        return {}
    except ValueError as error:
        logging.getLogger(__name__).warning("%s", error)
        return {}


def _matrix(
    tensors: dict[str, Tensor], modalities: list[str], name: str, colours: shared_charts.Palette, *, classes: bool
) -> None:
    """Every content with every style: pictures, or for sequences what the judge reads."""
    rows = tensors["rows"].tolist()
    heads = [f"{value:.0f}" if classes else f"{value:.2f}" for value in rows]
    pictured = [one for one in modalities if f"swap.{one}" in tensors]
    for one in modalities:
        if one not in pictured and f"seen.{one}" in tensors:
            values = tensors[f"seen.{one}"].numpy()
            reach = max(float(abs(values).max()), 1e-6)
            figure = shared_charts.heat(
                values,
                heads,
                heads,
                colours,
                title=f"{names.title(one)}: what the judge reads",
                reach=reach,
                height=260,
                across="Z<sub>a</sub> of the clip with this label",
                down="Z<sub>y</sub> of",
            )
            table = {"Z_y of": heads} | {f"Z_a of {head} ({j})": values[:, j].tolist() for j, head in enumerate(heads)}
            shared_charts.show(figure, table, key=f"seen_{one}_{name}", alt=f"Readings in swapped {one}: rows Z_y")
    if not pictured:
        return
    sheet = wall.Sheet()
    wall.show(sheet, [_block(tensors, one, heads, sheet) for one in pictured], key=f"matrix_{name}")
    prose.caption(
        "Top row: real held-out samples, which give Z_a. Below: each of their styles with the Z_y of another sample, "
        "whose label stands in front. Dashed: an independent judge reads another label."
    )


def _block(tensors: dict[str, Tensor], one: str, heads: list[str], sheet: wall.Sheet) -> Data:
    swapped, real = tensors[f"swap.{one}"].float().numpy() / 255, tensors[f"real.{one}"].float().numpy() / 255
    seen, wanted = tensors[f"seen.{one}"].long().tolist(), tensors["rows"].long().tolist()
    title = names.title(one)
    top = [wall.cell(sheet.shot(one, real[j], f"{title}, a real {head}")) for j, head in enumerate(heads)]
    rows: list[Data] = [{"head": "", "cells": top}]
    for i, head in enumerate(heads):
        cells = [
            wall.cell(
                sheet.shot(one, swapped[i, j], f"{title}: Z_y of {head}, style of {other}; read as {seen[i][j]}"),
                mark="wrong" if seen[i][j] != wanted[i] else "",
            )
            for j, other in enumerate(heads)
        ]
        rows.append({"head": head, "cells": cells})
    return {"title": title, "across": len(heads), "rows": rows, "head": "1.25rem", "gap": "2px", "least": "9rem"}


def final_figures(figures: Sequence[mfm.Figure]) -> dict[str, str]:
    """The final figures of a stored model with their intervals, by name."""
    return {
        f"{one.key.replace('_', ' ')} {one.subject}".strip(): (
            f"{shown_with_interval(one.value, one.low, one.high, one.unit)}, n = {one.n}"
            + (f": {one.reason}" if one.reason else "")
        )
        for one in figures
    }


def _compare(jobs: list[Job]) -> None:
    """The final figures of two runs in one table."""
    st.subheader("Both, side by side", anchor=False)
    columns = {}
    for place, job in zip("AB", jobs, strict=True):
        stored = stored_figures.of_model(model_name(job.id))
        if stored.damage:
            st.warning(prose.harmless(stored.damage))
        columns[f"{place}: {job.request.title}"] = final_figures(stored.figures)
    st.dataframe(pd.DataFrame(columns).rename_axis("figure").reset_index(), hide_index=True)
