"""The page Flow: at which word, tone and face the shared factor speaks (Eq. 7), on clips that are played."""

from __future__ import annotations

import streamlit as st

from app.flow import clip_source, encoded_clips
from app.flow.sections import chosen_score, clip_lanes, controls, own_clip, truth, what_if
from app.flow.view import FlowLinks, FlowView
from app.shared import missing, prose, sidebar, state, stored_models

MISSING = """
## There is no clip to play yet

This page shows models of spoken videos, which are stored in folders of `pretrained`. None is there, or what they need
is missing.

* If you cloned the project, fetch the whole repository: the folders are part of it.
* To train such a model yourself: `python -m mfm_core data make studio-clips --training 10000`, then
  `python -m mfm_core train studio_balanced --store pretrained/studio_balanced`
"""


def main() -> None:
    """The page."""
    models, reasons = clip_source.playable()
    if not models:
        missing.show("; ".join(reasons.values()) or "no model of sequences is stored", MISSING)
        return
    codec = FlowLinks(clip_source.ordered(models), lambda name: clip_source.load(name).limits, clip_source.clips_of)
    try:
        state.open_view(codec, "Flow")
    except clip_source.MissingClipsError as reason:
        missing.show(reason, MISSING)
        return
    shown = clip_source.load(state.seen(FlowView).model)
    row = controls.show(codec, shown)
    for notice in state.notices():
        st.warning(notice)
    view = state.seen(FlowView)
    clip, before = (own_clip.taken(shown), None) if view.from_ == "upload" else encoded_clips.clip(shown, view)
    if clip is not None:
        if before is not None and shown.what_if is not None:
            clip = what_if.aloud(clip, shown.what_if)
        with row:
            revealed = controls.truth(clip)
        strips = clip_lanes.strips_of(codec, shown, clip, before)
        if view.from_ == "stored" and shown.what_if is not None:
            left, right = st.columns([2.6, 1], gap="medium")
            with left:
                clip_lanes.show(strips, shown, revealed)
            with right:
                what_if.controls(shown)
                what_if.answer(strips[0], shown)
        else:
            clip_lanes.show(strips, shown, revealed)
        clip_lanes.explain(strips, shown, revealed)
        if view.from_ == "stored" and shown.what_if is not None:
            what_if.reconstruction(strips[0], shown)
            chosen_score.show(shown)
    own_clip.offer(shown)
    truth.show(shown)
    for name in reasons:
        if told := clip_source.missing_data(name):
            prose.caption(told)
    sidebar.show(f"**Model** {shown.name}", f"{stored_models.title(shown.name)}, {len(shown.titles):,} held-out clips")
    state.write_link()


main()
