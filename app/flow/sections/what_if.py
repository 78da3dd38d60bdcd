"""What if another word had been said, in another tone, with another face? Score, flow and reconstruction answer."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.elements.element import Data
from app.elements.heat import heat
from app.elements.lanes import lanes
from app.flow.clip_source import Theatre
from app.flow.figures.flow import Strip
from app.flow.studio_clips import FACES, TONES
from app.flow.view import UNCHANGED, FlowView
from app.shared import names, prose, state

AS_IT_IS = "as it is"
CHANGE = 1.0
"""Standard deviations at which the colour of a change is full."""


def controls(shown: Theatre) -> None:
    """The handles; nothing where a model has no what-if."""
    workshop = shown.workshop
    if workshop is None:
        return
    view = state.seen(FlowView)
    words = shown.reel(view.clip).words
    st.subheader("What if?", anchor=False, divider="gray")
    prose.write("Take one word of the clip, and change it: what is said, how it is said, or the face it is said with.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=200):
            state.select("The word", "step", {i: f"{i + 1} · {word}" for i, word in enumerate(words)}, resets=UNCHANGED)
        with st.container(width=200):
            state.select("Say instead", "word", {"": AS_IT_IS} | {word: word for word in workshop.vocabulary})
        state.choose("In a tone that is", "tone", {"same": AS_IT_IS} | TONES)
        state.choose("With a face that", "face", {"same": AS_IT_IS} | FACES)
        st.button(
            "Undo", key="undo", on_click=lambda: state.change(**UNCHANGED), disabled=not view.changed, type="tertiary"
        )


def answer(strip: Strip, shown: Theatre) -> None:
    """The reconstruction of the clip, and of the same before the change."""
    if shown.workshop is None:
        return
    if strip.before is not None:
        prose.write(_sentence(strip, strip.before, shown))
    _reconstruction(strip, shown)


def _sentence(strip: Strip, before: Strip, shown: Theatre) -> str:
    step = strip.reel.changed or 0
    was, now = before.reel.words[step], strip.reel.words[step]
    rise = strip.label[0] - before.label[0]
    moved = {name: float(np.abs(strip.rebuilt[name] - x).mean()) for name, x in before.rebuilt.items()}
    most = max(moved, key=lambda name: moved[name])
    said = f"“{was}” becomes “{now}”" if was != now else f"“{now}” stays, said differently"
    return (
        f"{said}: the score goes from {lanes.score(before)} to **{lanes.score(strip)}** ({lanes.signed(rise)}). "
        f"The reconstruction moves most in {names.title(most).lower()}, by {moved[most]:.2f} standard deviations of a "
        f"feature on average. Nearest to what it makes of this word: {_nearest(strip, shown, step)}; before, "
        f"{_nearest(before, shown, step)}."
    )


def _nearest(strip: Strip, shown: Theatre, step: int) -> str:
    """The words nearest to a reconstructed vector."""
    if shown.workshop is None:
        return ""
    return ", ".join(f"“{word}”" for word in shown.workshop.nearest(strip.rebuilt["language"][[step]])[0])


def _reconstruction(strip: Strip, shown: Theatre) -> None:
    rows = shown.workshop.features if shown.workshop else {}
    maps: list[Data] = []
    columns = list(strip.reel.words)
    for name, rebuilt in strip.rebuilt.items():
        told = rows.get(name, tuple(f"feature {i + 1}" for i in range(rebuilt.shape[1])))
        alt = f"{names.title(name)} of the clip, {rebuilt.shape[1]} features over {len(columns)} words"
        title = names.title(name)
        given = strip.reel.features[name][0].numpy()
        maps.append(heat.of_features(f"{title}, given", given, told, columns, f"{alt}, as given"))
        maps.append(heat.of_features(f"{title}, reconstructed", rebuilt, told, columns, f"{alt}, as reconstructed"))
        if strip.before is not None:
            change = rebuilt - strip.before.rebuilt[name]
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
