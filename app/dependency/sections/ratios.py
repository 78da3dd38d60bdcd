"""The bars of the page Dependency, read aloud, with what to beware of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from app.dependency import downloads as dependency_downloads
from app.dependency import figures, held_out_codes
from app.dependency.figures import Ratios
from app.dependency.view import MOST_MODELS, DependencyLinks, DependencyView
from app.elements.ratios import ratios
from app.shared import jobs, names, prose, state, stored_models
from app.shared.section_header import section_header

BANDWIDTHS = {"one": "1.0, the paper's", "median": "median", "value": "a value"}
KERNELS = {"averaged": "averaged over time", "alignment": "aligned"}
WHAT_IS_COMPARED = (
    "The paper's bars are those of its Figure 9a, which gives neither intervals nor the number of clips. They are of "
    "other models, on other features of other clips: what can be compared is the order of the modalities, not the "
    "length of the bars. Lines: 95 % intervals of the jackknife. Dashed: 1, where a modality depends on both alike."
)


def controls(codec: DependencyLinks) -> None:
    """The question, and the handles."""
    view = state.seen(DependencyView)
    _, right = section_header(
        "What does each modality hang on?",
        "How much does what is generated depend on F_y, which all modalities share, and how much on the modality's own "
        "F_a? Their quotient is the **dependency ratio** r (Eq. 5).",
    )
    with right:
        st.session_state["view_models"] = list(view.names)
        st.multiselect(
            "Models",
            list(codec.models),
            format_func=stored_models.title,
            key="view_models",
            max_selections=MOST_MODELS,
            on_change=_take_models,
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state.choose("Bandwidth", "bandwidth", BANDWIDTHS)
        if view.bandwidth == "value":
            with st.container(width=130):
                _value(view)
        state.choose("Series are", "kernel", KERNELS)
        most = max(codec.limits(name).clips for name in view.names)
        with st.container(width=260):
            _clips(view, most)


def _take_models() -> None:
    chosen = st.session_state["view_models"]
    if chosen:
        state.change(models=".".join(chosen), of=0)


def _value(view: DependencyView) -> None:
    st.session_state["view_value"] = view.value / 100
    st.number_input(
        "Its value",
        0.05,
        50.0,
        step=0.5,
        key="view_value",
        on_change=lambda: state.change(value=round(100 * st.session_state["view_value"])),
    )


def _clips(view: DependencyView, most: int) -> None:
    few = min(20, most)
    if most <= few:
        return
    st.session_state["view_n"] = view.n or most
    st.slider(
        "Clips",
        few,
        most,
        key="view_n",
        on_change=lambda: state.change(n=0 if st.session_state["view_n"] >= most else st.session_state["view_n"]),
    )


def show() -> None:
    """The bars, the sentences and the warnings."""
    view = state.seen(DependencyView)
    found: dict[str, Ratios] = {}
    for name in view.names:
        shown = held_out_codes.load(name)
        made = jobs.result(
            key_of("ratios", name, view),
            f"Measuring {stored_models.title(name)}, {figures.count(shown, view):,} clips …",
            partial(figures.ratios, shown, view),
        )
        if made is not None:
            found[name] = made
    if not found:
        return
    groups, most = ratios.of_models(found)
    ratios.show(groups, most=most, foot="", title="Dependency ratios", key="ratios")
    _say(found)
    _warn(found, view)
    left, right = st.columns([6, 1], vertical_alignment="top")
    with left:
        prose.caption(WHAT_IS_COMPARED)
        if any("language" not in held_out_codes.load(name).model.modalities for name in found):
            prose.caption("The paper's POM has language; the copy of POM that can be had today has none.")
    with right, st.container(horizontal_alignment="right"):
        dependency_downloads.offer(found, view)


def key_of(what: str, name: str, view: DependencyView) -> str:
    """Key of this work: model, data and parameters."""
    parts = [what, stored_models.stored_as(name), view.kernel, view.seed, view.n]
    if what != "bandwidths":
        parts.append(figures.bandwidth(view))
    if what == "grams":
        parts.append(view.gram)
    return " ".join(str(part) for part in parts)


def _warn(found: Mapping[str, Ratios], view: DependencyView) -> None:
    """One box however many ratios are in doubt, with each reason to unfold."""
    sentences = figures.warnings(found)
    if not sentences:
        return
    at_median = [
        f"{stored_models.title(model)}: {said}" for model, one in found.items() if (said := figures.at_median(one))
    ]
    if view.bandwidth == "median" or not at_median:
        head = f"Beware. {sentences[0]}"
    else:
        head = (
            "Beware: at this bandwidth Gram matrices are nearly the identity, which draws the ratios towards 1 "
            f"whatever the model does. At the median bandwidth they are, for {'; for '.join(at_median)}."
        )
    st.warning(head)
    with st.expander("Which, and by how much"):
        for sentence in sentences:
            prose.caption(sentence)


def _say(found: Mapping[str, Ratios]) -> None:
    """The bars in words, a column a model."""
    for column, (model, one) in zip(st.columns(max(len(found), 2), gap="medium"), found.items(), strict=False):
        with column, st.container(gap="xsmall"):
            prose.write(f"**{stored_models.title(model)}**")
            for name, ratio in one.items():
                prose.write(figures.aloud(names.title(name), ratio))
