"""What-if of a clip: another word, another tone, another face; score, flow and reconstruction answer."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.elements.element import Data
from app.elements.heat import heat
from app.elements.lanes import lanes
from app.flow.clip_source import ClipSource
from app.flow.figures.flow import Strip
from app.flow.studio_clips import FACES, TONES
from app.flow.view import UNCHANGED, FlowView
from app.shared import names, prose, state

AS_IT_IS = "as it is"
CHANGE = 1.0
"""Standard deviations at which the colour of a change is full."""


def controls(shown: ClipSource) -> None:
    """The handles; nothing where a model has no what-if."""
    what_if = shown.what_if
    if what_if is None:
        return
    view = state.seen(FlowView)
    words = shown.clip(view.clip).words
    st.subheader("What if?", anchor=False, divider="gray")
    prose.write("Take one word of the clip, and change it: what is said, how it is said, or the face it is said with.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=200):
            state.select("The word", "step", {i: f"{i + 1} · {word}" for i, word in enumerate(words)}, resets=UNCHANGED)
        with st.container(width=200):
            state.select("Say instead", "word", {"": AS_IT_IS} | {word: word for word in what_if.vocabulary})
        state.choose("In a tone that is", "tone", {"same": AS_IT_IS} | TONES)
        state.choose("With a face that", "face", {"same": AS_IT_IS} | FACES)
        st.button(
            "Undo", key="undo", on_click=lambda: state.change(**UNCHANGED), disabled=not view.changed, type="tertiary"
        )


def answer(strip: Strip, shown: ClipSource) -> None:
    """The reconstruction of the clip, and of the same before the change."""
    if shown.what_if is None:
        return
    if strip.before is not None:
        prose.write(_sentence(strip, strip.before, shown))
    _reconstruction(strip, shown)


def _sentence(strip: Strip, before: Strip, shown: ClipSource) -> str:
    step = strip.clip.changed or 0
    was, now = before.clip.words[step], strip.clip.words[step]
    rise = strip.label[0] - before.label[0]
    moved = {name: float(np.abs(strip.reconstruction[name] - x).mean()) for name, x in before.reconstruction.items()}
    most = max(moved, key=lambda name: moved[name])
    said = f"“{was}” becomes “{now}”" if was != now else f"“{now}” stays, said differently"
    return (
        f"{said}: the score goes from {lanes.score(before)} to **{lanes.score(strip)}** ({lanes.signed(rise)}). "
        f"The reconstruction moves most in {names.title(most).lower()}, by {moved[most]:.2f} standard deviations of a "
        f"feature on average. Nearest to what it makes of this word: {_nearest(strip, shown, step)}; before, "
        f"{_nearest(before, shown, step)}."
    )


def _nearest(strip: Strip, shown: ClipSource, step: int) -> str:
    """The words nearest to a reconstructed vector."""
    if shown.what_if is None:
        return ""
    return ", ".join(f"“{word}”" for word in shown.what_if.nearest(strip.reconstruction["language"][[step]])[0])


def _reconstruction(strip: Strip, shown: ClipSource) -> None:
    rows = shown.what_if.features if shown.what_if else {}
    maps: list[Data] = []
    columns = list(strip.clip.words)
    for name, reconstruction in strip.reconstruction.items():
        told = rows.get(name, tuple(f"feature {i + 1}" for i in range(reconstruction.shape[1])))
        alt = f"{names.title(name)} of the clip, {reconstruction.shape[1]} features over {len(columns)} words"
        title = names.title(name)
        given = strip.clip.features[name][0].numpy()
        maps.append(heat.of_features(f"{title}, given", given, told, columns, f"{alt}, as given"))
        maps.append(
            heat.of_features(f"{title}, reconstructed", reconstruction, told, columns, f"{alt}, as reconstructed")
        )
        if strip.before is not None:
            change = reconstruction - strip.before.reconstruction[name]
            maps.append(
                heat.of_features(f"{title}, what changed", change, told, columns, f"{alt}, what changed", CHANGE)
            )
    with st.expander("The reconstruction, feature by feature", expanded=strip.before is not None):
        heat.show(
            maps,
            key="heat_reconstruction",
            wide=True,
            hint="Blue: above the mean of the feature; orange: below; the paper's colour: the mean.",
        )
