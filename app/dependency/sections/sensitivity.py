"""How the ratios vary with bandwidth and number of clips, and the Gram matrices behind them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.dependency import figures, held_out_codes
from app.dependency.figures import Grams
from app.dependency.sections.ratios import key_of
from app.dependency.view import DependencyView
from app.elements.curves import curves
from app.elements.heat import heat
from app.shared import jobs, names, prose, state, stored_models


def show() -> None:
    """Both sections."""
    view = state.seen(DependencyView)
    if len(view.names) > 1:
        st.subheader("Look closer", anchor=False, divider="gray")
        state.choose("At the model", "of", {i: stored_models.title(name) for i, name in enumerate(view.names)})
        view = state.seen(DependencyView)
    shown = held_out_codes.load(view.about)
    st.subheader("Would another choice have said something else?", anchor=False, divider="gray")
    over_bandwidths = jobs.result(
        key_of("bandwidths", shown.name, view),
        "Trying other bandwidths …",
        partial(figures.over_bandwidths, shown, view),
    )
    over_sizes = jobs.result(
        key_of("sizes", shown.name, view),
        "Trying fewer clips …",
        partial(figures.over_sizes, shown, view),
    )
    width = figures.bandwidth(view)
    charts = []
    if over_bandwidths is not None:
        here = width if isinstance(width, float) else None
        charts.append(curves.describe(over_bandwidths, "Over the bandwidth", "bandwidth", here))
    if over_sizes is not None:
        charts.append(curves.describe(over_sizes, "Over the number of clips", "clips", None))
    if charts:
        curves.show(charts, key="curves")
        prose.caption(
            "Bands: 95 % intervals. At small bandwidths Gram matrices are nearly the identity, which draws the ratios "
            "towards 1 and together."
        )
    _grams(shown, view)


def _grams(shown: held_out_codes.HeldOutCodes, view: DependencyView) -> None:
    st.subheader("The Gram matrices", anchor=False, divider="gray")
    prose.write(
        "How alike each two clips are, in F_y, in F_a and in what is generated. Clips are sorted by label: a factor "
        "that knows the label shows blocks along the diagonal."
    )
    state.choose("Of", "gram", {name: names.title(name) for name in shown.model.modalities})
    view = state.seen(DependencyView)
    made: Grams | None = jobs.result(
        key_of("grams", shown.name, view),
        "Comparing every two clips …",
        partial(figures.grams, shown, view),
    )
    if made is None:
        return
    i = shown.model.modalities.index(view.gram)
    title = names.title(view.gram)
    hues = ("y", names.hue(i), names.hue(i))
    whose = ("F_y", f"F_a of {title.lower()}", f"{title}, generated")
    ends = (f"label {made.labels[0]}", f"label {made.labels[-1]}")
    maps = [
        heat.of_gram(
            said,
            matrix,
            [f"clip of label {label}" for label in made.labels],
            f"Gram matrix of {said}, {len(made.labels)} clips sorted by label; mean off the diagonal "
            f"{off_diagonal(matrix):.2f}",
            hue=hue,
            ends=ends,
        )
        | {"note": f"mean off the diagonal {off_diagonal(matrix):.2f}"}
        for said, matrix, hue in zip(whose, made.matrices, hues, strict=True)
    ]
    heat.show(maps, key="heat_grams", hint="Point at a cell to read it.")


def off_diagonal(matrix: figures.Array) -> float:
    """Mean of a Gram matrix off its diagonal."""
    n = len(matrix)
    return float((matrix.sum() - matrix.trace()) / max(n * (n - 1), 1))
