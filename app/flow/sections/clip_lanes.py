"""Clips of the page Flow: one clip, or two side by side, with the lanes of what flows to each modality."""

from __future__ import annotations

import streamlit as st

from app.elements.lanes import lanes
from app.flow import clip_source, encoded_clips
from app.flow import downloads as flow_downloads
from app.flow.clip_source import ClipSource
from app.flow.clips import Clip
from app.flow.figures.flow import Strip
from app.flow.sections import truth as evidence
from app.flow.view import UNCHANGED, FlowLinks, FlowView
from app.shared import names, prose, state, stored_models
from app.shared.section_header import section_header
from mfm_core.data.registry import dataset_info

AXES = {"step": "a step each", "time": "seconds"}
READINGS = {"score": "along the score", "norm": "all directions (Eq. 7)"}
SCALES = {"own": "each lane its own", "common": "one for all"}
BESIDE = {"nothing": "nothing", "model": "another model", "clip": "another clip"}
OTHER_CLIP: dict[str, str | int] = {**UNCHANGED, "step": 0}
"""Fields that another clip or model sets back."""


def controls(codec: FlowLinks, shown: ClipSource) -> None:
    """Question of the page, and its controls."""
    _, right = section_header(
        "Which word, which tone, which face?",
        "If F_y changed a little, how much would each step that is made from it change? That is the **flow** (Eq. 7): "
        "in all directions of F_y, or along the one that moves the score. Play the clip, and see at which words it is "
        "high.",
    )
    view = state.seen(FlowView)
    with right:
        models = {name: stored_models.title(name) for name in codec.models}
        state.select("Model", "model", models, resets=_other_model(codec))
        if view.from_ == "stored":
            state.select("Clip", "clip", dict(enumerate(shown.titles)), resets=OTHER_CLIP)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state.choose("Flow from", "factor", names.generating(shown.model.modalities))
        if view.factor == "y":
            state.choose("Reading", "reading", READINGS)
        state.choose("Scale", "scale", SCALES)
        if shown.what_if or dataset_info(shown.name).clips == "data":
            state.choose("Axis", "axis", AXES)
        _beside(codec, shown)


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
    if beside == "nothing":
        return
    with st.container(width=300):
        if beside == "model":
            state.select("The model beside", "second_model", {name: stored_models.title(name) for name in peers})
        else:
            state.select("The clip beside", "second_clip", dict(enumerate(shown.titles)))


def truth(clip: Clip) -> bool:
    """The switch that reveals the truth, and what takes it away; whether the truth is to be shown."""
    view = state.seen(FlowView)
    if clip.evidence is None or view.truth == "locked":
        return False
    with st.container(horizontal=True, vertical_alignment="center"):
        state.toggle("Show the truth", "truth", "hidden", "shown", description="What each step truly adds to the score")
        with st.popover("For teachers", type="tertiary"):
            st.write(
                "Take the switch away, copy the link, and hand it to your class: who opens it finds no truth to "
                "reveal. To have the switch back, remove `truth=locked` from the address."
            )
            st.button("Take the switch away", key="lock", on_click=lambda: state.change(truth="locked"))
    return view.truth == "shown"


def show(strips: list[Strip], shown: ClipSource) -> None:
    """Clips with their lanes, and the row under them."""
    view = state.seen(FlowView)
    revealed = truth(strips[0].clip)
    lanes.show(strips, axis=view.axis, scale=view.scale, truth=revealed, step=view.step, take=_go)
    left, right = st.columns([6, 1], vertical_alignment="top")
    with left:
        if view.factor == "y" and (trusted := evidence.trust(shown, view.reading)):
            prose.write(trusted)
        prose.caption(_how_to_read(view, strips, revealed))
        prose.caption(shown.about)
    with right, st.container(horizontal_alignment="right"):
        flow_downloads.offer(strips, view, revealed)


def _go(step: int) -> None:
    """The visitor went to a step; a what-if stays with the word that it changes."""
    if not state.seen(FlowView).changed:
        state.change(step=step)


def _how_to_read(view: FlowView, strips: list[Strip], revealed: bool) -> str:
    unit = strips[0].clip.unit
    said = [
        f"Bars: flow from {names.plain_f(view.factor)} to each {unit}. The {unit}s are shaded by the lane whose name "
        f"is underlined. Arrow keys walk through {unit}s (left, right) and lanes (up, down), space plays."
    ]
    if view.factor != "y":
        said.append(f"No arrow leads from {names.plain_f(view.factor)} to the other lanes: their flow is exactly 0.")
    if revealed:
        said.append(
            "Under a lane: what the step truly adds to the score, + or \N{MINUS SIGN}, larger where it is more."
        )
    if strips[0].before is not None:
        said.append(
            "Dashed: before the change. The face is changed with it, the sound is not: nobody speaks here anew."
        )
    return " ".join(said)


def strips_of(codec: FlowLinks, shown: ClipSource, clip: Clip, before: Clip | None) -> list[Strip]:
    """Strips on show: the clip, and what is set beside it."""
    view = state.seen(FlowView)
    strips = [encoded_clips.strip(shown, clip, view.factor, before, view.measured)]
    if view.beside == "model" and view.second_model in codec.peers(shown.name):
        strips.append(_of_other_model(view, clip, before))
    elif view.beside == "clip" and view.from_ == "stored":
        strips.append(encoded_clips.strip(shown, shown.clip(view.second_clip), view.factor, None, view.measured))
    return strips


def _of_other_model(view: FlowView, clip: Clip, before: Clip | None) -> Strip:
    """The same clip, as another model was given it."""
    other = clip_source.load(view.second_model)
    if view.from_ == "upload":
        return encoded_clips.strip(other, clip, view.factor, before, view.measured)
    own, unchanged = encoded_clips.clip(other, view)
    return encoded_clips.strip(other, own, view.factor, unchanged, view.measured)
