"""How the ratios vary with bandwidth and number of clips, and the Gram matrices behind them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.dependency import charts as dependency_charts
from app.dependency import figures, held_out_codes
from app.dependency.sections.ratios import key_of
from app.dependency.view import DependencyView
from app.shared import charts, hues, jobs, names, prose, state, stored_models
from mfm_core.interpretation.sensitivity import Curve, GramMatrices


def show(slot: jobs.ProgressSlot) -> None:
    """Both sections."""
    view = state.seen(DependencyView)
    if len(view.names) > 1:
        st.subheader("Look closer", anchor=False, divider="gray")
        state.choose("At the model", "of", {i: stored_models.title(name) for i, name in enumerate(view.names)})
        view = state.seen(DependencyView)
    shown = held_out_codes.load(view.about)
    st.subheader("Would another choice have said something else?", anchor=False, divider="gray")
    left, right = st.columns(2, gap="medium")
    width = figures.bandwidth(view)
    with left:
        made, stale = slot.latest(
            "bandwidths",
            key_of("bandwidths", shown.name, view, "bandwidth", "value"),
            "Trying other bandwidths …",
            partial(figures.over_bandwidths, shown, view),
        )
        here = width if isinstance(width, float) else None
        _curve(made, stale, "Over the bandwidth", "bandwidth", here, band=False)
    with right:
        made, stale = slot.latest(
            "sizes",
            key_of("sizes", shown.name, view),
            "Trying fewer clips …",
            partial(figures.over_sizes, shown, view),
        )
        _curve(made, stale, "Over the number of clips", "clips", None, band=True)
    prose.caption(
        f"Left: of all clips. Right: the median of {figures.SUBSETS} draws of each number of clips, and their range as "
        "a band. Hollow: Gram matrices are nearly the identity there, and the bandwidth sets the ratio more than the "
        "model does; such a ratio is not to be quoted."
    )
    _grams(shown, view, slot)


def _curve(made: Curve | None, stale: bool, title: str, label: str, here: float | None, *, band: bool) -> None:
    if made is None:
        return
    key = f"curve_{label}"
    if stale:
        jobs.grey(key)
    with st.container(key=key):
        charts.show(
            dependency_charts.curve_figure(made, title, label, here, band=band),
            dependency_charts.curve_table(made, label),
            key=key,
            alt=dependency_charts.curve_aloud(made, title, label),
        )


def _grams(shown: held_out_codes.HeldOutCodes, view: DependencyView, slot: jobs.ProgressSlot) -> None:
    st.subheader("The Gram matrices", anchor=False, divider="gray")
    prose.write(
        "How alike each two clips are, in F_y, in F_a and in what is generated. Clips are sorted by label: a factor "
        "that knows the label shows blocks along the diagonal."
    )
    state.choose("Of", "gram", {name: names.title(name) for name in shown.model.modalities})
    view = state.seen(DependencyView)
    found, stale = slot.latest(
        "grams",
        key_of("grams", shown.name, view),
        "Comparing every two clips …",
        partial(figures.grams, shown, view),
    )
    made: GramMatrices | None = found
    if made is None or view.gram not in made.a:
        return
    labels = figures.said_labels(made.labels)
    title, hue = names.title(view.gram), hues.hue(list(made.a).index(view.gram))
    maps = {
        "F_y": (made.y, "y"),
        f"F_a of {title.lower()}": (made.a[view.gram], hue),
        f"{title}, generated": (made.x[view.gram], hue),
    }
    if stale:
        jobs.grey("grams")
    with st.container(key="grams"):
        for place, (column, (said, (matrix, colour))) in enumerate(zip(st.columns(3), maps.items(), strict=True)):
            with column:
                charts.show(
                    dependency_charts.gram_figure(said, matrix, labels, colour),
                    dependency_charts.gram_table(matrix, labels),
                    key=f"gram_{place}",
                    alt=f"Gram matrix of {said}, {len(labels)} clips sorted by label ({labels[0]} to {labels[-1]}); "
                    f"mean off the diagonal {dependency_charts.off_diagonal(matrix):.2f}",
                )
