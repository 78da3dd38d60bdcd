"""The page Flow: at which word, tone and face the shared factor speaks (Eq. 7), on clips that are played."""

from __future__ import annotations

import streamlit as st

from app import collection, theatre
from app.components import missing, projector, prose, sidebar, state
from app.flow_view import FlowBook, FlowView
from app.sections import flow_stage, flow_truth, own_clip, what_if

MISSING = """
### There is no clip to play yet

This page shows models of spoken videos, which are stored in folders of `pretrained`. None is there, or what they need
is missing.

* If you cloned the project, fetch the whole repository: the folders are part of it.
* To train such a model yourself: `python -m mfm_core train studio_balanced`
"""


def main() -> None:
    """The page."""
    models, reasons = theatre.playable()
    if not models:
        missing.show("; ".join(reasons.values()) or "no model of sequences is stored", MISSING)
        return
    book = FlowBook(theatre.ordered(models), lambda name: theatre.load(name).limits)
    state.open_view(book, "Flow")
    shown = theatre.load(state.seen(FlowView).model)
    flow_stage.controls(book, shown)
    for notice in state.notices():
        st.warning(notice)
    own_clip.offer(shown)
    view = state.seen(FlowView)
    reel, before = (own_clip.taken(shown), None) if view.from_ == "upload" else projector.clip(shown, view)
    if reel is not None:
        strips = flow_stage.strips_of(book, shown, reel, before)
        flow_stage.show(strips, shown)
        if view.from_ == "stored":
            what_if.controls(shown)
            what_if.answer(strips[0], shown)
    flow_truth.show(shown)
    if any(name in theatre.WORDS_OF_THE_DATA for name in reasons):
        prose.caption(theatre.WITHOUT_MOSI)
    sidebar.show(f"**Model** {shown.name}", f"{collection.title(shown.name)}, {len(shown.titles):,} held-out clips")
    state.write_link()


main()
