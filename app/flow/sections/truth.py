"""Does the flow find the truth? What was measured of the model, whichever way it fell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import streamlit as st
from pydantic import JsonValue

import mfm_core as mfm
from app.flow.clip_source import ClipSource
from app.shared import charts, names, prose
from app.shared.charts import Bar, Table
from app.shared.stored_models import stored_as

MEASURES = {
    "largest step carries evidence": "The largest step is one that carries evidence",
    "area under the curve of steps against evidence": "Area under the curve, steps against evidence",
}
PATTERN = re.compile(r"^(?P<measure>[^,]+), (?P<modality>[a-z_0-9]+): (?P<way>.+)$")
OURS = "flow"
"""Title of our own measure; the others are drawn hollow."""

Row = tuple[str, float, float, float, int]
Found = dict[str, dict[str, list[Row]]]


def found(figures: Sequence[JsonValue]) -> Found:
    """Figures of flow against the truth: by measure, then modality, each way of judging with interval and n."""
    kept: Found = {}
    for figure in figures:
        if not isinstance(figure, Mapping):
            continue
        match = PATTERN.match(str(figure.get("name", "")))
        numbers = [figure.get(key) for key in ("value", "low", "high", "n")]
        if match is None or match["measure"] not in MEASURES:
            continue
        if not all(isinstance(number, int | float) for number in numbers):
            continue
        value, low, high, n = (float(number) for number in numbers if isinstance(number, int | float))
        row = (match["way"], value, low, high, int(n))
        kept.setdefault(match["measure"], {}).setdefault(match["modality"], []).append(row)
    return kept


WAYS: Mapping[str, str] = {"norm": "flow of F_y", "score": "flow of F_y along the score"}
"""Title of each reading in stored figures."""


def trust(shown: ClipSource, reading: str) -> str:
    """How often the largest step of this reading carries evidence, by modality, a sentence; empty if not measured."""
    measured = found(_figures(shown.name)).get("largest step carries evidence", {})
    parts = [
        f"{names.title(modality).lower()} {100 * value:.0f} (95 % interval {100 * low:.0f} to {100 * high:.0f})"
        for modality, rows in measured.items()
        for way, value, low, high, _ in rows
        if way == WAYS[reading]
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
        "Beside the flow stand three rivals, **whichever way they fall**."
    )
    for place, (measure, by_modality) in enumerate(kept.items()):
        n = max(row[4] for rows in by_modality.values() for row in rows)
        groups = {names.title(name): [_bar(row) for row in rows] for name, rows in by_modality.items()}
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


def _figures(name: str) -> Sequence[JsonValue]:
    try:
        figures = mfm.load_metrics(stored_as(name)).get("figures")
    except (OSError, ValueError):
        return []
    return figures if isinstance(figures, list) else []


def _bar(row: Row) -> Bar:
    way, value, low, high, _ = row
    return Bar(way, value, low, high, f"{value:.2f} [{low:.2f}, {high:.2f}]", hollow=not way.startswith(OURS))


def _table(groups: Mapping[str, Sequence[Bar]]) -> Table:
    rows = [(title, bar) for title, bars in groups.items() for bar in bars]
    return {
        "modality": [title for title, _ in rows],
        "way of judging": [bar.who for _, bar in rows],
        "value": [bar.value for _, bar in rows],
        "low": [bar.low for _, bar in rows],
        "high": [bar.high for _, bar in rows],
    }
