"""Does the flow find the truth? What was measured of the model, whichever way it fell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import streamlit as st

import mfm_core as mfm
from app.flow.clip_source import ClipSource
from app.shared import charts, names, prose, stored_models
from app.shared.charts import Bar, Table
from app.shared.stored_models import stored_as
from mfm_core.evaluation.figures import read_figures
from mfm_core.evaluation.flow_figures import READINGS
from mfm_core.evaluation.quantities import way_title

HITS = "evidence_hits"
MEASURES = {
    HITS: "The largest step is one that carries evidence",
    "evidence_auc": "Area under the curve, steps against evidence",
}
Found = dict[str, dict[str, list[mfm.Figure]]]


def found(figures: Sequence[mfm.Figure]) -> Found:
    """Figures of flow against the truth: by key, then modality, one a way of judging."""
    kept: Found = {}
    for figure in figures:
        if figure.key in MEASURES and len(figure.modalities) == 1:
            kept.setdefault(figure.key, {}).setdefault(figure.modalities[0], []).append(figure)
    return kept


def trust(shown: ClipSource, reading: str) -> str:
    """How often the largest step of this reading carries evidence, by modality, a sentence; empty if not measured."""
    measured = found(_figures(shown.name)).get(HITS, {})
    parts = [
        f"{names.title(modality).lower()} {100 * one.value:.0f} "
        f"(95 % interval {100 * one.low:.0f} to {100 * one.high:.0f})"
        for modality, figures in measured.items()
        for one in figures
        if one.way == reading
    ]
    return f"Of 100 held-out clips, the largest bar truly carries evidence in: {', '.join(parts)}." if parts else ""


def show(shown: ClipSource) -> None:
    """The panel; a sentence where nothing was measured."""
    st.subheader("Does the flow find the truth?", anchor=False, divider="gray")
    kept = found(_figures(shown.name))
    if not kept:
        prose.caption(
            "Of this model that is not known: nobody can say which steps of real videos truly carry the label. The "
            "models of studio clips have it measured, because their truth is known."
            if shown.what_if is None
            else "It was not measured of this model; see its card on the page About this model."
        )
        return
    prose.write(
        "On held-out clips whose truth is known: is the step with the largest flow one that truly carries evidence? "
        "Beside the flow stand three other methods, **whichever way they fall**."
    )
    for place, (measure, by_modality) in enumerate(kept.items()):
        n = max(figure.n for figures in by_modality.values() for figure in figures)
        groups = {names.title(name): [_bar(figure) for figure in figures] for name, figures in by_modality.items()}
        st.markdown(f"**{MEASURES[measure]}**")
        charts.show(
            charts.bars(
                groups,
                {title: names.hue(i) for i, title in enumerate(groups)},
                charts.palette(),
                most=1.0,
                mark=None,
            ),
            _table(groups),
            key=f"truth_{place}",
            alt=f"{MEASURES[measure]}. "
            + "; ".join(f"{title}, {bar.who}: {bar.said}" for title, bars in groups.items() for bar in bars),
        )
        prose.caption(f"Lines: 95 % intervals over {n:,} held-out clips.")


def _figures(name: str) -> Sequence[mfm.Figure]:
    try:
        return stored_models.kept("figures", stored_as(name), lambda: _read(name))
    except (OSError, ValueError):
        return ()


def _read(name: str) -> tuple[mfm.Figure, ...]:
    return read_figures(mfm.load_metrics(stored_as(name)).get("figures"), name)


def _bar(figure: mfm.Figure) -> Bar:
    value, low, high = figure.value, figure.low, figure.high
    said = f"{value:.2f} [{low:.2f}, {high:.2f}]" if math.isfinite(low) else f"{value:.2f}"
    ours = figure.way in READINGS  # the others are drawn hollow
    return Bar(way_title(figure.way), value, low, high, said, hollow=not ours)


def _table(groups: Mapping[str, Sequence[Bar]]) -> Table:
    rows = [(title, bar) for title, bars in groups.items() for bar in bars]
    return {
        "modality": [title for title, _ in rows],
        "way of judging": [bar.who for _, bar in rows],
        "value": [bar.value for _, bar in rows],
        "low": [bar.low for _, bar in rows],
        "high": [bar.high for _, bar in rows],
    }
