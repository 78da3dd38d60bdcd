"""A new run: its data, its switches, and where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

import streamlit as st

from app.elements.own_tab import own_tab
from app.lab.view import NO_TERMS, LabView
from app.shared import job_store, prose, state
from mfm_core.lab.data import FILE, LIMITS, LIMITS_SAID, Offer, read_upload
from mfm_core.lab.settings import UPLOAD, switches

INDEPENDENCE = {
    "joint": "one MMD on the joint Z (Eq. 4)",
    "per_block": "an MMD for each block",
    "published_code": "as the published code has it",
    "none": "none",
}
PLAIN = {
    "same_label": "Decode with the Z_y of another pair of the same label, so that Z_y can keep little but the label",
    "flow": "Take the label out of each Z_a, by a flow that is told the label",
    "label_balance": "Let draws from the prior show clear labels, each as often as real pairs do",
    "conditional_mmd": "Spread the Z_a of every label alike, by an MMD",
    "adversary": "Take out of each Z_a what a network finds there of the score",
}
"""Use of a switch, by its key; the terms themselves stand in its help. A term from elsewhere has its own words."""
TRY = (
    "A lesson in two runs: start it as it is; then take all ticks away, which leaves Eq. 4 alone, and start again. "
    "Beside each other: do swapped samples still follow their Z_y?"
)
EXAMPLE = """
import numpy as np

images = np.random.default_rng(0).random((500, 2, 16, 16))  # two grey images of each sample
np.savez_compressed("own.npz", left=images[:, :1], right=images[:, 1:], labels=np.arange(500) % 5)
"""


def show(offers: tuple[Offer, ...]) -> None:
    """The settings of a new run, and the button that asks for it."""
    view = state.seen(LabView)
    titles = {offer.name: offer.title for offer in offers} | {UPLOAD: "A set of your own"}
    left, right = st.columns(2, gap="medium")
    with left:
        data = state.select("Data", "data", titles)
        if data == UPLOAD:
            _own()
        else:
            prose.caption(next(offer.about for offer in offers if offer.name == data))
        with st.container(horizontal=True):
            state.number(
                "Minutes",
                "minutes",
                description="Steps are planned to fit, by timing a few at the start; a busier server takes longer.",
            )
            state.number("Seed", "seed")
    with right:
        with st.container(horizontal=True):
            state.number("λ", "weight", description="Weight of the distance of Q_Z to N(0, I) in Eq. 4.")
            state.number("Size of shared Z", "d_y", description="How many numbers Z_y has: d_y.")
            state.number("Size of own Z", "d_a", description="How many numbers each Z_a has: d_a.")
        state.select("Distance to the prior", "independence", INDEPENDENCE)
        _terms(view)
    st.button("Start", type="primary", on_click=_start, args=(titles,), key="start_run")


def _own() -> None:
    prose.caption(f"{LIMITS_SAID} It is deleted with its run, and nobody is shown it.")
    own_tab.offer("set")
    st.file_uploader(
        "The file",
        type=["npz"],
        key="own_set",
        max_upload_size=LIMITS.file_bytes // 1_000_000,
        label_visibility="collapsed",
    )
    with st.expander("How to write such a file"):
        st.code(EXAMPLE.strip(), language="python")


def _terms(view: LabView) -> None:
    """A switch for each term; without any it is Eq. 4 alone."""
    if not state.offered("terms", "Terms added to Eq. 4"):
        return
    for served, group in groupby(sorted(switches().values(), key=lambda one: one.serves), key=lambda one: one.serves):
        prose.caption(f"Added to Eq. 4, for {served}:")
        for switch in group:
            key, sentence = f"term_{switch.key}", switch.sentence[0].upper() + switch.sentence[1:]
            st.session_state[key] = switch.key in view.terms.split(".")
            st.checkbox(
                prose.label(PLAIN.get(switch.key, sentence)),
                key=key,
                on_change=_take_terms,
                disabled=state.held("terms"),
                help=prose.label(f"{sentence}.") if switch.key in PLAIN else None,
            )
    prose.caption(TRY)


def _take_terms() -> None:
    chosen = [term for term in switches() if st.session_state[f"term_{term}"]]
    state.change(terms=".".join(chosen) or NO_TERMS)


def _start(titles: Mapping[str, str]) -> None:
    """Ask for the run that the settings describe."""
    view = state.seen(LabView)
    files: dict[str, bytes] = {}
    try:
        if view.data == UPLOAD:
            file = st.session_state.get("own_set")
            if file is None:
                raise ValueError("Choose a file first, as described beside it.")
            read = read_upload(file.getvalue(), file.name)
            state.notices().extend(prose.harmless(line) for line in read.notes)
            files = {FILE: file.getvalue()}
        job = job_store.submit("train", title_of(view, titles), view.settings.model_dump(mode="json"), files)
    except ValueError as error:
        state.notices().append(prose.harmless(str(error)))
    else:
        state.change(job=job.id, beside=view.job)


def title_of(view: LabView, titles: Mapping[str, str]) -> str:
    """Title of a run: first what runs are compared by, for lists cut what is long."""
    n_terms = 0 if view.terms == NO_TERMS else len(view.terms.split("."))
    terms = f"Eq. 4 and {n_terms} {'term' if n_terms == 1 else 'terms'}" if n_terms else "Eq. 4 alone"
    return f"{terms}, λ {view.weight}, d_y {view.d_y}, seed {view.seed}: {titles[view.data].partition(',')[0]}"
