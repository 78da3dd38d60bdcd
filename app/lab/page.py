"""The page Lab: train a small MFM on digits, clips or a set of one's own, and see whether it factorizes."""

from __future__ import annotations

import streamlit as st

from app.lab.sections import run, start
from app.lab.view import LabLinks, LabView
from app.shared import job_store, prose, sidebar, state
from mfm_core.jobs.store import Job
from mfm_core.lab.data import offered
from mfm_core.lab.settings import UPLOAD

MOST_LISTED = 12


def main() -> None:
    """The page."""
    offers = offered()
    state.open_view(LabLinks((*(offer.name for offer in offers), UPLOAD)), "Lab")
    view = state.seen(LabView)
    st.header("Train one, and watch whether it factorizes", anchor=False)
    prose.write(
        "A small MFM is trained on this server while you look: do swapped samples show the label of their Z_y, and can "
        "the label still be read from Z_a? One run at a time, the others wait; a reload or a closed tab loses nothing, "
        "for the link of this page leads back to it."
    )
    for notice in state.notices():
        st.warning(notice)
    with st.expander("A new run", expanded=not view.job):
        start.show(offers)
    _runs()
    if state.seen(LabView).job:
        run.show()
    sidebar.show("**Lab**", "one training at a time")
    state.write_link()


def _runs() -> None:
    """The visitor's runs and those that are kept, to show one or two of them."""
    view = state.seen(LabView)
    jobs = [job for job in job_store.job_store().jobs() if job.request.kind == "train"]
    mine = [job for job in jobs if job.of(job_store.token()) or job.wish.kept or job.id in (view.job, view.beside)]
    if not mine:
        return
    titles = {job.id: _title(job) for job in reversed(mine[-MOST_LISTED:])}
    with st.container(horizontal=True):
        state.select("Run", "job", {"": "none"} | titles)
        state.select("Beside it", "beside", {"": "nothing"} | {n: t for n, t in titles.items() if n != view.job})


def _title(job: Job) -> str:
    return f"{job.request.title} (kept)" if job.wish.kept else job.request.title


main()
