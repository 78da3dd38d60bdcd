"""The lanes of the page Flow: of one clip, or of two side by side, one a modality."""

from __future__ import annotations

import streamlit as st

from app.elements.lanes import lanes
from app.flow import clip_source, encoded_clips
from app.flow import downloads as flow_downloads
from app.flow.clip_source import ClipSource
from app.flow.clips import Clip
from app.flow.figures.flow import Strip
from app.flow.sections import truth as evidence
from app.flow.view import FlowLinks, FlowView
from app.shared import names, prose, state


def show(strips: list[Strip], shown: ClipSource, revealed: bool) -> None:
    """Show the lanes, and say how far their reading can be trusted."""
    view = state.seen(FlowView)
    lanes.show(
        strips, axis=view.axis, scale=view.scale, truth=revealed, step=view.step, take=_go, scores_between=shown.range
    )
    if view.factor == "y" or view.of_score:
        for strip in strips if view.beside == "reading" else strips[:1]:
            own = view.from_ == "upload"
            if trusted := evidence.trust(strip.model, strip.reading, tuple(strip.clip.features) if own else None):
                prose.write(trusted)


def explain(strips: list[Strip], shown: ClipSource, revealed: bool) -> None:
    """How the lanes are read, and the downloads."""
    view = state.seen(FlowView)
    left, right = st.columns([6, 1], vertical_alignment="top")
    with left:
        prose.caption(_how_to_read(view, strips, revealed))
        prose.caption(shown.about)
    with right, st.container(horizontal_alignment="right"):
        flow_downloads.offer(strips, view, revealed)


def _go(step: int) -> None:
    """The visitor went to a step; a what-if stays with the word that it changes."""
    if not state.seen(FlowView).changed:
        state.change(step=step)


def _how_to_read(view: FlowView, strips: list[Strip], revealed: bool) -> str:
    unit, first = strips[0].clip.unit, strips[0]
    told = [strip.interpretation for strip in strips if strip is first or _differs(strip, first)]
    whose = [f"Bars of “{entry.title}”" if len(told) > 1 else "Bars" for entry in told]
    said = [f"{bars}: {entry.meaning}. Unit: {entry.unit}." for bars, entry in zip(whose, told, strict=True)]
    if any(entry.signed for entry in told):
        said.append("Below the line: towards the negative.")
    said.append(
        f"The {unit}s are shaded by the lane whose name is underlined. Arrow keys walk through {unit}s (left, right) "
        f"and lanes (up, down){', space plays' if first.clip.words or first.clip.sound else ''}."
    )
    if view.factor != "y" and not view.of_score:
        said.append(f"No arrow leads from {names.plain_f(view.factor)} to the other lanes: their flow is exactly 0.")
    if first.of_score and (absent := [name for name in first.flow if name not in first.clip.features]):
        lacking = " and ".join(names.title(name).lower() for name in absent)
        said.append(f"{lacking.capitalize()}: not given, so that nothing of the score can be attributed to it.")
    if revealed:
        said.append(
            "Under a lane: what the step truly adds to the score, + or \N{MINUS SIGN}, larger where it is more."
        )
    if first.before is not None:
        said.append("Dashed: before the change.")
    return " ".join(said)


def _differs(strip: Strip, first: Strip) -> bool:
    return strip.reading != first.reading


def strips_of(codec: FlowLinks, shown: ClipSource, clip: Clip, before: Clip | None) -> list[Strip]:
    """Strips on show: the clip, and what is set beside it."""
    view = state.seen(FlowView)
    strips = [encoded_clips.strip(shown, clip, view.factor, before, view.measured)]
    if view.beside == "model" and view.second_model in codec.peers(shown.name):
        strips.append(_of_other_model(view, clip, before))
    elif view.beside == "clip" and view.from_ == "stored":
        strips.append(encoded_clips.strip(shown, shown.clip(view.second_clip), view.factor, None, view.measured))
    elif view.beside == "reading":
        other = view.model_copy(update={"reading": view.second_reading})
        strips.append(encoded_clips.strip(shown, clip, other.factor, before, other.measured))
    return strips


def _of_other_model(view: FlowView, clip: Clip, before: Clip | None) -> Strip:
    """The same clip, as another model was given it."""
    other = clip_source.load(view.second_model)
    if view.from_ == "upload":
        return encoded_clips.strip(other, clip, view.factor, before, view.measured)
    own, unchanged = encoded_clips.clip(other, view)
    return encoded_clips.strip(other, own, view.factor, unchanged, view.measured)
