"""The same speaker, more positive: Z_y moved to a chosen score, and what is then generated, acted and said."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.elements.lanes import lanes
from app.flow.clip_source import ClipSource, clips_version
from app.flow.figures import chosen_score
from app.flow.figures.chosen_score import ChosenScore
from app.flow.figures.flow import Strip
from app.flow.view import FlowView
from app.shared import prose, state
from app.shared.stored_models import kept, stored_as
from app.shared.turns import turn
from mfm_core.studio.making.say import can_speak
from mfm_core.studio.truth import FACES, TONES

ORIGINS = {"clip": "this clip", "prior": "a draw from the prior"}
TONE_OF = {level: tone for tone, level in TONES.items()}
FACE_OF = {level: face for face, level in FACES.items()}
MOST_NAMED = 6
"""Changes that are named one by one."""


def show(shown: ClipSource) -> None:
    """The section; nothing where a model's words cannot be named."""
    view = state.seen(FlowView)
    if shown.what_if is None or shown.range is None:
        return
    asked = any(getattr(view, field) != FlowView.model_fields[field].default for field in ("origin", "draw", "wanted"))
    folded = st.expander("The same speaker, more positive?", expanded=asked, key="chosen_score", on_change="rerun")
    if folded.open:  # what nobody sees is not made
        with folded:
            _draw(shown, view)


def _draw(shown: ClipSource, view: FlowView) -> None:
    prose.write(
        "Every Z_a stays, and Z_y moves until the model's score is the one that you choose. Words are those whose "
        "vectors are nearest to what is generated; tone and face are read from what is generated; the face acts it."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state.choose("Start from", "origin", ORIGINS)
        if view.origin == "prior":
            with st.container(width=140):
                state.number("Draw", "draw")
        with st.container(width=320):
            state.fraction(st.slider, "The chosen score", "wanted", 10, 0.1)
        aloud = st.toggle(
            "Say it aloud",
            key="chosen_aloud",
            disabled=not can_speak(),
            help="By espeak-ng, where it is installed on the server: it is not." if not can_speak() else None,
        )
    made = _made(shown, view.clip, view.draw if view.origin == "prior" else None, view.wanted)
    strip = _aloud(made, shown, view) if aloud and can_speak() else made.strip
    if (before := made.strip.before) is not None:
        asked, heard = st.columns(2)
        without = "{} without the move"
        asked.metric("Asked for", lanes.score(made.strip))
        asked.caption(without.format(lanes.score(before)))
        heard.metric("Read again from what is generated", lanes.plain(made.heard))
        heard.caption(without.format(lanes.plain(made.heard_before)))
    lanes.show(
        [strip],
        axis=view.axis,
        scale=view.scale,
        truth=False,
        step=0,
        take=lambda step: None,
        scores_between=shown.range,
        key="chosen_lanes",
        said=False,
    )
    prose.write(sentence(made, shown.clip(view.clip).words if view.origin == "clip" else ()))


def _made(shown: ClipSource, index: int, draw: int | None, tenths: int) -> ChosenScore:
    what_if = shown.what_if
    if what_if is None:
        raise ValueError("shown: expected a model of studio clips")

    def make() -> ChosenScore:
        with turn():
            return chosen_score.make(shown, what_if, index, draw, tenths / 10)

    return kept("chosen score", stored_as(shown.name), make, index, draw, tenths, clips_version(shown.name))


def _aloud(made: ChosenScore, shown: ClipSource, view: FlowView) -> Strip:
    """The lanes with the words said; silent, with a sentence, where they cannot be."""
    if shown.what_if is None:
        return made.strip
    try:
        clip = shown.what_if.said_anew(made.strip.clip, made.tones, view.clip)
    except (OSError, ValueError) as error:
        st.info(f"This cannot be said aloud: {prose.harmless(str(error))}")
        return made.strip
    return chosen_score.with_clip(made.strip, clip)


def sentence(made: ChosenScore, given: Sequence[str] = ()) -> str:
    """Sentences of the scores and of the changes, named and counted, with what each is compared to.

    Args:
        made: What was generated.
        given: Words of the clip that it starts from; none of a draw from the prior.
    """
    strip, before = made.strip, made.strip.before
    if before is None:
        raise ValueError("made: expected what it was before")
    words = [f"“{a}” to “{b}”" for a, b in zip(before.clip.words, strip.clip.words, strict=True) if a != b]
    spoken = strip.clip.words
    tones = [
        f"“{word}” {TONE_OF[b]}" for word, a, b in zip(spoken, made.tones_before, made.tones, strict=True) if a != b
    ]
    faces = [
        f"“{word}” with a {FACE_OF[b]}"
        for word, a, b in zip(spoken, made.faces_before, made.faces, strict=True)
        if a != b
    ]
    told = [_counted(words, "word", len(spoken)), _counted(tones, "tone", len(spoken))]
    told.append(_counted(faces, "face", len(spoken)))
    return (
        f"**The score that was asked for**, of the moved Z_y: **{lanes.score(strip)}**; of Z_y before the move, which "
        f"is that of {'this clip' if given else 'this draw'}: {lanes.score(before)}. **Read again** by the model from "
        f"what it generates: **{lanes.plain(made.heard)}** after the move, {lanes.plain(made.heard_before)} before it; "
        "so much of a score is in the words, the voice and the face that are generated. "
        f"**The move changes**, against what is generated without it, {'; '.join(told)}.{_lost(given, before)}"
    )


def _lost(given: Sequence[str], before: Strip) -> str:
    """A sentence of the words of the clip that the model generates otherwise even without the move."""
    pairs = [f"“{a}” as “{b}”" for a, b in zip(given, before.clip.words, strict=False) if a != b]
    if not pairs:
        return ""
    return f" Even without it, {_counted(pairs, 'word', len(given))} of the clip come back as others."


def _counted(changes: list[str], what: str, n: int) -> str:
    named = ", ".join(changes[:MOST_NAMED]) + (" …" if len(changes) > MOST_NAMED else "")
    return f"{len(changes)} of {n} {what}s" + (f" ({named})" if changes else "")
