"""What-if of a clip: another word, another tone, another face; score, flow and reconstruction answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray

from app.elements.lanes import lanes
from app.flow.clip_source import ClipSource
from app.flow.clips import Clip
from app.flow.figures.flow import Strip
from app.flow.studio_clips import FACES, TONES, WhatIf
from app.flow.view import UNCHANGED, FlowView
from app.shared import charts, names, prose, state
from mfm_core.studio.making.say import can_speak
from mfm_core.studio.wording import closest_words

AS_IT_IS = "as it is"
ALL_NAMED = 30
"""Features of a modality up to which each has room for its name."""
NEAREST = 3
"""Words that are named as the nearest to a reconstructed vector."""
REACH = 3.0
"""Standard deviations at which the colour of a feature is full."""
CHANGE = 1.0
"""Standard deviations at which the colour of a change is full."""


def controls(shown: ClipSource) -> None:
    """The controls; nothing where a model has no what-if."""
    what_if = shown.what_if
    if what_if is None:
        return
    view = state.seen(FlowView)
    words = shown.clip(view.clip).words
    st.subheader("What if?", anchor=False)
    state.select("The word", "step", {i: f"{i + 1} · {word}" for i, word in enumerate(words)}, resets=UNCHANGED)
    state.select("Say instead", "word", {"": AS_IT_IS} | {word: word for word in what_if.vocabulary})
    state.choose("In a tone that is", "tone", {"same": AS_IT_IS} | TONES)
    state.choose("With a face that", "face", {"same": AS_IT_IS} | FACES)
    with st.container(horizontal=True, vertical_alignment="center"):
        state.toggle(
            "Say it anew",
            "aloud",
            "off",
            "on",
            disabled=not can_speak(),
            description="espeak-ng says the changed words in the voice of this clip; off, its sound stays as it is."
            if can_speak()
            else "espeak-ng is not installed on the server: the sound stays that of the clip.",
        )
        st.button(
            "Undo", key="undo", on_click=lambda: state.change(**UNCHANGED), disabled=not view.changed, type="tertiary"
        )


def aloud(clip: Clip, what_if: WhatIf) -> Clip:
    """The changed clip said anew, if the visitor wants it so; the clip itself, with a sentence, if that cannot be."""
    view = state.seen(FlowView)
    if view.aloud == "off" or not can_speak():
        return clip
    edited, _ = what_if.edit(view.clip, view.step, view.word, view.tone, view.face)
    try:
        return what_if.said_anew(clip, edited.tones, view.clip)
    except (OSError, ValueError) as error:
        st.info(f"This cannot be said anew: {prose.harmless(str(error))}")
        return clip


def answer(strip: Strip, shown: ClipSource) -> None:
    """The answer to the change in a sentence."""
    if shown.what_if is not None and strip.before is not None:
        prose.caption(_sentence(strip, strip.before, shown))


def _sentence(strip: Strip, before: Strip, shown: ClipSource) -> str:
    step = strip.clip.changed or 0
    was, now = before.clip.words[step], strip.clip.words[step]
    rise = strip.label[0] - before.label[0]
    moved, most = _moves(strip, before), _moved_most(strip)
    return (
        f"{_said(was, now)}: the score goes from {lanes.score(before)} to **{lanes.score(strip)}** "
        f"({lanes.signed(rise)}). The reconstruction moves most in {names.title(most).lower()}, by {moved[most]:.2f} "
        "standard deviations of a feature on average. Nearest to what it makes of this word: "
        f"{_nearest(strip, shown, step)}; before, {_nearest(before, shown, step)}."
    )


def _said(was: str, now: str) -> str:
    """Change in words: the word, its tone and its face."""
    view = state.seen(FlowView)
    told = [f"“{was}” becomes “{now}”" if was != now else f"“{now}” stays"]
    if view.tone in TONES:
        told.append(f"in a {TONES[view.tone]} tone")
    if view.face in FACES:
        told.append(f"with a face that {FACES[view.face]}")
    return ", ".join(told)


def _nearest(strip: Strip, shown: ClipSource, step: int) -> str:
    """The words nearest to a reconstructed vector."""
    if shown.what_if is None:
        return ""
    vector = torch.from_numpy(strip.reconstruction["language"][[step]])
    return ", ".join(f"“{word}”" for word in closest_words(shown.what_if.clips, vector, NEAREST)[0])


def reconstruction(strip: Strip, shown: ClipSource) -> None:
    """Show each feature of each word of one modality as the model makes it, in colours and in numbers."""
    folded = st.expander("The reconstruction, feature by feature", key="reconstruction", on_change="rerun")
    if not folded.open:  # what nobody sees is not drawn
        return
    with folded:
        name = st.segmented_control(
            "Modality",
            list(strip.reconstruction),
            format_func=names.title,
            default=_moved_most(strip),
            key="reconstructed",
            required=True,
            label_visibility="collapsed",
        )
        if name is None:
            return
        prose.caption(
            "Blue: above the mean of the feature; orange: below; the colour of the page: the mean. Unit: standard "
            f"deviations of the feature; the colour is full from {REACH:g} on, of what changed from {CHANGE:g} on."
        )
        reconstruction = strip.reconstruction[name]
        known = shown.what_if.features if shown.what_if else {}
        rows = known.get(name, tuple(f"feature {i + 1}" for i in range(reconstruction.shape[1])))
        kinds = {"given": (strip.clip.features[name][0].numpy(), REACH), "reconstructed": (reconstruction, REACH)}
        if strip.before is not None:
            kinds["what changed"] = (reconstruction - strip.before.reconstruction[name], CHANGE)
        for column, (kind, (values, reach)) in zip(st.columns(len(kinds)), kinds.items(), strict=True):
            with column:
                _map(name, kind, values, rows, strip.clip.words, reach)


def _moved_most(strip: Strip) -> str:
    """The modality whose reconstruction a change moves most; the first where nothing is changed."""
    if strip.before is None:
        return next(iter(strip.reconstruction))
    return max(_moves(strip, strip.before).items(), key=lambda one: one[1])[0]


def _moves(strip: Strip, before: Strip) -> dict[str, float]:
    """By modality, the mean change of a reconstructed feature, in its standard deviations."""
    return {name: float(np.abs(strip.reconstruction[name] - x).mean()) for name, x in before.reconstruction.items()}


def _map(
    name: str, kind: str, values: NDArray[np.floating], rows: Sequence[str], words: Sequence[str], reach: float
) -> None:
    """Standardised features ``(n, d)`` of one modality, a row a feature and a column a word."""
    title = f"{names.title(name)}, {kind}"
    columns = [f"{i + 1} · {word}" for i, word in enumerate(words)]
    tall = 16 if len(rows) <= ALL_NAMED else 9
    charts.show(
        charts.heat(values.T, rows, columns, charts.palette(), title=title, reach=reach, height=150 + tall * len(rows)),
        {"feature": list(rows)} | {column: values[i].round(3).tolist() for i, column in enumerate(columns)},
        key=f"heat_{name}_{kind.replace(' ', '_')}",
        alt=f"{title}: {len(rows)} features over {len(columns)} words, in standard deviations of a feature",
    )
