"""Does the flow find the truth? What was measured of the model, whichever way it fell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import streamlit as st

import mfm_core as mfm
from app.flow.clip_source import ClipSource
from app.shared import charts, hues, names, prose, stored_figures
from app.shared.charts import Bar, Table
from mfm_core.evaluation.quantities import way_title
from mfm_core.interpretation.registry import find_interpretation, flow_readings, interpretations

HITS = "evidence_hits"
MEASURES = {
    HITS: "The largest step is one that carries evidence",
    "evidence_auc": "Steps that carry evidence stand above the others",
}
ACROSS = {HITS: "share of clips", "evidence_auc": "AUC, chance 0.5"}
Found = dict[str, dict[str, list[mfm.Figure]]]


def found(figures: Sequence[mfm.Figure]) -> Found:
    """Figures of flow against the truth: by key, then modality, one a way of judging."""
    kept: Found = {}
    for figure in figures:
        if figure.key in MEASURES and len(figure.modalities) == 1:
            kept.setdefault(figure.key, {}).setdefault(figure.modalities[0], []).append(figure)
    return kept


def trust(model: str, reading: str, own: Sequence[str] | None = None) -> str:
    """In how many clips the largest bar of this reading is at true evidence, a sentence; empty if not measured.

    Args:
        model: Name of the model.
        reading: The reading.
        own: Modalities that a clip of the visitor's own gives, where it is shown; the others are inferred.
    """
    parts = []
    for modality, figures in found(stored_figures.of_model(model).figures).get(HITS, {}).items():
        by_way = {figure.way: figure for figure in figures}
        if (figure := by_way.get(reading)) is None or (own is not None and modality not in own):
            continue
        said = [f"{100 * figure.low:.0f} to {100 * figure.high:.0f} %"] if math.isfinite(figure.low) else []
        said += [f"by chance {100 * by_way['chance'].value:.0f} %"] if "chance" in by_way else []
        parts.append(
            f"{names.title(modality).lower()} in **{figure.value * figure.n:.0f} of {figure.n:,}** held-out clips "
            f"({', '.join(said)})".removesuffix(" ()")
        )
    if not parts:
        return ""
    title = find_interpretation(reading).title
    head = "**How far to trust it.** In this world the"
    if own is not None:
        head = (
            "**How far to trust it is not known of a clip of your own**: its truth is not known. These counts are of "
            "studio clips, each given whole, and of no stream that is inferred here. There the"
        )
    return (
        f"{head} largest bar of this reading, {title[0].lower()}{title[1:]}, is at "
        f"a step that truly carries evidence: {'; '.join(parts)}."
    )


def show(shown: ClipSource) -> None:
    """The panel; a sentence where nothing was measured."""
    st.subheader("Does the flow find the truth?", anchor=False, divider="gray")
    stored = stored_figures.of_model(shown.name)
    if stored.damage:
        st.warning(prose.harmless(stored.damage))
        return
    kept = found(stored.figures)
    if not kept:
        prose.caption(
            "Of this model that is not known: nobody can say which steps of real videos truly carry the label. The "
            "models of studio clips have it measured, because their truth is known."
            if shown.what_if is None
            else "It was not measured of this model; see its card on the page About this model."
        )
        return
    prose.write(
        "On held-out clips whose truth is known: is the step with the largest bar one that truly carries evidence? "
        "Beside the readings of the flow stand the attributions, hollow, **whichever way they fall**."
    )
    for place, (measure, by_modality) in enumerate(kept.items()):
        groups = {names.title(name): [_bar(figure) for figure in figures] for name, figures in by_modality.items()}
        st.markdown(f"**{MEASURES[measure]}**")
        charts.show(
            charts.bars(
                groups,
                {title: hues.hue(i) for i, title in enumerate(groups)},
                charts.palette(),
                most=1.0,
                mark=None,
                across=ACROSS[measure],
            ),
            _table(groups),
            key=f"truth_{place}",
            alt=f"{MEASURES[measure]}. "
            + "; ".join(f"{title}, {bar.who}: {bar.said}" for title, bars in groups.items() for bar in bars),
        )
        prose.caption(f"Lines: 95 % intervals over held-out clips that carry evidence: {counted(by_modality)}.")


def counted(by_modality: Mapping[str, Sequence[mfm.Figure]]) -> str:
    """How many clips the figures of each modality are of, in words."""
    parts = []
    for name, figures in by_modality.items():
        least, most = (end(figure.n for figure in figures) for end in (min, max))
        parts.append(
            f"{names.title(name).lower()} {most:,}"
            if least == most
            else f"{names.title(name).lower()} {least:,} to {most:,}"
        )
    return ", ".join(parts)


def _bar(figure: mfm.Figure) -> Bar:
    value, low, high = figure.value, figure.low, figure.high
    said = f"{value:.2f} [{low:.2f}, {high:.2f}]" if math.isfinite(low) else f"{value:.2f}"
    ours = figure.way in flow_readings()  # the others are drawn hollow
    known = interpretations()  # called as the controls call them
    title = known[figure.way].title if figure.way in known else way_title(figure.way)
    return Bar(title, value, low, high, said, hollow=not ours)


def _table(groups: Mapping[str, Sequence[Bar]]) -> Table:
    rows = [(title, bar) for title, bars in groups.items() for bar in bars]
    return {
        "modality": [title for title, _ in rows],
        "way of judging": [bar.who for _, bar in rows],
        "value": [bar.value for _, bar in rows],
        "low": [bar.low for _, bar in rows],
        "high": [bar.high for _, bar in rows],
    }
