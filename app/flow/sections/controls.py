"""The question of the page Flow, and the controls above the lanes, in two rows."""

from __future__ import annotations

from contextlib import AbstractContextManager

import streamlit as st

from app.flow.clip_source import ClipSource
from app.flow.clips import Clip
from app.flow.view import UNCHANGED, FlowLinks, FlowView
from app.shared import names, prose, state, stored_models
from mfm_core.interpretation.registry import find_interpretation

AXES = {"step": "a step each", "time": "seconds"}
SCALES = {"own": "each lane its own", "common": "one for all lanes of a reading"}
BESIDE = {"nothing": "nothing", "model": "another model", "clip": "another clip", "reading": "another reading"}
OTHER_CLIP: dict[str, str | int] = {**UNCHANGED, "step": 0}
"""Fields that another clip or model sets back."""


def show(codec: FlowLinks, shown: ClipSource) -> AbstractContextManager[object]:
    """Draw the question and the controls; returns the row that has room for more."""
    question, hint = st.columns(2, gap="medium", vertical_alignment="center")
    question.header("Which word, which tone, which face?", anchor=False)
    with hint:
        prose.caption(
            "If F_y, the shared factor, changed a little, how much would each step that is made from it change? That "
            "is the **flow** (Eq. 7). Attributions ask instead what each step that was given adds to the score."
        )
    view = state.seen(FlowView)
    first, second, third = st.columns([2, 4, 2.4])
    with first:
        models = {name: stored_models.title(name) for name in codec.models}
        state.select("Model", "model", models, resets=_other_model(codec))
    with second:
        if view.from_ == "stored":
            state.select("Clip", "clip", dict(enumerate(shown.titles)), resets=OTHER_CLIP)
    with third:
        state.select("Reading", "reading", _readings(shown))
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        if not view.of_score:
            state.choose("Flow from", "factor", names.generating(shown.model.modalities))
        with st.popover("View and compare"):
            state.choose("Scale", "scale", SCALES)
            if shown.inputs:  # of which the times are known
                state.choose("Axis", "axis", AXES)
            _beside(codec, shown)
    return row


def _readings(shown: ClipSource) -> dict[str, str]:
    """The readings by key, as what they show from the factor in question; of two that show the same, one."""
    view, found = state.seen(FlowView), dict[str, str]()
    kept = {view.reading, view.second_reading}
    for key in sorted(shown.readings, key=lambda key: key not in kept):
        title = find_interpretation(view.model_copy(update={"reading": key}).measured).title
        if title not in found.values() or key in kept:
            found[key] = title
    return {key: found[key] for key in shown.readings if key in found}


def _other_model(codec: FlowLinks) -> dict[str, str | int]:
    """Another model of the same clips keeps what is shown; one of others begins anew."""
    return {} if codec.peers(state.seen(FlowView).model) else dict(OTHER_CLIP)


def _beside(codec: FlowLinks, shown: ClipSource) -> None:
    view = state.seen(FlowView)
    peers = codec.peers(shown.name)
    ways = {way: said for way, said in BESIDE.items() if way != "model" or peers}
    if view.from_ == "upload":
        ways.pop("clip")
    beside = state.choose("Beside it", "beside", ways)
    if beside == "model":
        state.select("The model beside", "second_model", {name: stored_models.title(name) for name in peers})
    elif beside == "clip":
        state.select("The clip beside", "second_clip", dict(enumerate(shown.titles)))
    elif beside == "reading":
        state.select("The reading beside", "second_reading", _readings(shown))


def truth(clip: Clip) -> bool:
    """Show the switch that reveals the truth, and the button that removes it; return whether it is to be shown."""
    view = state.seen(FlowView)
    if clip.evidence is None or view.truth == "locked":
        return False
    state.toggle("Show the truth", "truth", "hidden", "shown", description="What each step truly adds to the score")
    with st.popover("For teachers", type="tertiary"):
        st.write(
            "Take the switch away, copy the link, and hand it to your class: who opens it finds no truth to "
            "reveal. To have the switch back, remove `truth=locked` from the address."
        )
        st.button("Take the switch away", key="lock", on_click=lambda: state.change(truth="locked"))
    return view.truth == "shown"
