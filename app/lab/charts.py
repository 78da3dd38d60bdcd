"""Charts of a run of the lab: its costs, what was read and followed, and a map of its codes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots
from pydantic import JsonValue
from torch import Tensor

from app.shared import hues, names, presenter
from app.shared.charts import Palette, Table
from app.shared.legible import inked
from app.shared.made_once import DrawnChart, finished
from mfm_core.lab.reports import figures_of

Report = Mapping[str, JsonValue]
Series = tuple[list[float], list[float]]
"""Steps, and a value at each of them."""
K = TypeVar("K", bound=Hashable)
LEGEND = {"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0}
SYMBOLS = ("circle", "diamond", "square", "cross", "x", "triangle-up")
"""Of the classes of a map, by turns of the colours."""
TERMS = {
    "mmd": "MMD to the prior",
    "surrogate": "from one modality alone",
    "flow": "label out of Z_a: flow",
    "recognition": "label out of Z_a: reading",
    "label_balance": "draws: labels as frequent",
    "certainty": "draws: clear labels",
    "conditional_mmd": "Z_a alike: MMD",
}
"""Terms of the cost as the form's switches name them; others by their key."""
SHOWN_TERMS = 6
"""Terms of the cost that have a line of their own: those that are largest at the end."""


def terms(reports: Sequence[Report]) -> dict[str, Series]:
    """Steps and values of each term of the cost."""
    found: dict[str, Series] = {}
    for report in reports:
        values = report.get("terms")
        for name, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, int | float):
                _add(found, name, report, value)
    return found


def figures(reports: Sequence[Report]) -> dict[tuple[str, str], Series]:
    """Steps and values of each figure, by its key and subject."""
    found: dict[tuple[str, str], Series] = {}
    for report in reports:
        for one in figures_of(report):
            _add(found, (one.key, one.subject), report, one.value)
    return found


def _add(found: dict[K, Series], name: K, report: Report, value: float) -> None:
    if math.isfinite(value):
        steps, numbers = found.setdefault(name, ([], []))
        steps.append(float(str(report["step"])))
        numbers.append(float(value))


def read_of(found: Mapping[tuple[str, str], Series]) -> tuple[list[str], bool]:
    """Modalities whose swaps were read, and whether the label is one of several classes."""
    return [of for key, of in found if key in ("swap_accuracy", "swap_r")], ("label_accuracy", "") in found


def costs(reports: Sequence[Report], colours: Palette, total: int = 0) -> tuple[DrawnChart, Table]:
    """The whole cost and its largest terms over the steps, on a logarithmic axis."""
    found = terms(reports)
    last = {name: abs(values[-1]) for name, (_, values) in found.items() if name != "cost"}
    chosen = [name for name in ("cost", *sorted(last, key=lambda one: -last[one])[:SHOWN_TERMS]) if name in found]
    figure = go.Figure()
    hues = [colours.ink, *colours.hues.values()]
    for place, name in enumerate(chosen):
        steps, values = found[name]
        figure.add_scatter(
            x=steps,
            y=[value if value > 0 else None for value in values],
            name="all of it" if name == "cost" else TERMS.get(name, name.replace("_", " ")),
            mode="lines",
            line={"color": hues[place % len(hues)], "width": 2.2 if name == "cost" else 1.4},
        )
    figure.update_yaxes(type="log", title="cost", **_ticks([value for name in chosen for value in found[name][1]]))
    _laid_out(figure, "Cost, and its largest terms", total)
    return finished(figure, presenter.scale()), {
        "cost": chosen,
        "last value": [round(found[name][1][-1], 4) for name in chosen],
    }


def _ticks(values: Sequence[float]) -> dict[str, object]:
    """Ticks of a logarithmic axis written out: 1, 2 and 5 times powers of ten around positive values."""
    positive = [value for value in values if value > 0]
    if not positive:
        return {}
    low, high = (math.floor(math.log10(end)) for end in (min(positive), max(positive)))
    few = high - low > 2
    marks = [n * 10.0**power for power in range(low, high + 1) for n in ((1,) if few else (1, 2, 5))]
    return {"tickvals": marks, "ticktext": [f"{mark:,.10g}" for mark in marks]}


def learnt(found: Mapping[tuple[str, str], Series], colours: Palette, total: int = 0) -> tuple[DrawnChart, Table]:
    """How often swapped samples show the label of their Z_y, and what a probe reads from each Z_a, over the steps.

    Args:
        found: As :func:`figures` gives them.
        colours: Of the theme.
        total: Steps of the training; 0 where it is not known how many there will be.
    """
    figure, rows = go.Figure(), []
    modalities, classes = read_of(found)
    followed, probed = ("swap_accuracy", "quick_probe_accuracy") if classes else ("swap_r", "quick_probe_r2")
    for place, name in enumerate(modalities):
        hue = colours.hues[hues.hue(place)]
        for key, said, dash in ((followed, "swap follows Z_y", "solid"), (probed, "read from Z_a", "dot")):
            if (values := found.get((key, name))) is None:
                continue
            title = f"{names.title(name)}: {said}"
            figure.add_scatter(
                x=values[0], y=values[1], name=title, mode="lines+markers", line={"color": hue, "dash": dash}
            )
            rows.append((title, values[1][-1]))
    if chance := found.get(("most_frequent_class", "")):
        figure.add_hline(
            y=chance[1][-1],
            line={"dash": "dash", "color": colours.quiet, "width": 1},
            annotation={"text": "most frequent class", "font": {"size": 12, "color": colours.quiet}},
            annotation_position="bottom right",
        )
        rows.append(("most frequent class (dashed)", chance[1][-1]))
    figure.update_yaxes(
        title="share" if classes else "correlation, or R²",
        range=[0, 1.03] if classes else [-0.55, 1.03],
        tickformat=".0%" if classes else ".1f",
    )
    _laid_out(figure, "Does it factorize? On held-out samples", total)
    shown = "{:.1%}" if classes else "{:.3f}"
    return finished(figure, presenter.scale()), {
        "figure": [name for name, _ in rows],
        "now": [shown.format(value) for _, value in rows],
    }


def maps(
    tensors: Mapping[str, Tensor], modalities: Sequence[str], colours: Palette, *, classes: bool
) -> tuple[DrawnChart, Table]:
    """Held-out codes on their two principal components, a map for each block of Z, coloured by the label."""
    blocks = [name for name in ("y", *modalities) if f"map.{name}" in tensors]
    labels = tensors["labels"].numpy()
    figure = make_subplots(
        rows=1, cols=len(blocks), subplot_titles=["Z_y" if b == "y" else f"Z_a, {names.title(b)}" for b in blocks]
    )
    for place, block in enumerate(blocks, start=1):
        points = tensors[f"map.{block}"].numpy()
        for chosen, named, marker in _marked(labels, colours, classes=classes):
            figure.add_scatter(
                x=points[chosen, 0],
                y=points[chosen, 1],
                mode="markers",
                name=named,
                legendgroup=named,
                showlegend=classes and place == 1,
                marker={"size": 5, "opacity": 0.75, **marker},
                customdata=labels[chosen],
                hovertemplate="label %{customdata:.3g}<extra></extra>",
                row=1,
                col=place,
            )
    figure.update_xaxes(showticklabels=False, zeroline=False, title="component 1")
    figure.update_yaxes(showticklabels=False, zeroline=False)
    figure.update_yaxes(title="component 2", col=1)
    figure.update_annotations(font={"size": 13, "color": colours.ink})
    inked(figure, colours.ink)
    figure.update_layout(
        height=320,
        margin={"l": 0, "r": 0, "t": 60, "b": 8},
        legend={**LEGEND, "itemsizing": "constant"},
        title={"text": "Map of held-out codes, by label", "font": {"size": 15}},
    )
    spread = [float(np.round(tensors[f"map.{block}"].numpy().std(), 3)) for block in blocks]
    return finished(figure, presenter.scale()), {
        "block": blocks,
        "n": [len(labels)] * len(blocks),
        "standard deviation on the map": spread,
    }


def _marked(
    labels: NDArray[np.floating], colours: Palette, *, classes: bool
) -> Iterator[tuple[NDArray[np.bool_], str, dict[str, object]]]:
    """Points of one trace ``(n,)``, its name and its marks: a trace a class, or one of all scores from low to high.

    Classes have the colours of the theme in turn, and after the last of them the same ones with another symbol.
    """
    told = list(colours.hues.values())[: len(hues.BASE) + 1]
    if classes:
        for place, label in enumerate(np.unique(labels)):
            symbol = SYMBOLS[place // len(told) % len(SYMBOLS)]
            yield labels == label, f"{label:.0f}", {"color": told[place % len(told)], "symbol": symbol}
        return
    ends = {"cmin": float(labels.min()), "cmax": float(labels.max()), "colorscale": [[0, told[1]], [1, told[0]]]}
    bar = {"title": {"text": "label"}, "thickness": 10}
    yield np.ones(len(labels), np.bool_), "", {"color": labels, **ends, "colorbar": bar, "showscale": True}


def _laid_out(figure: go.Figure, title: str, total: int) -> None:
    """Title, size and legend of a chart over ``total`` steps; 0 where it is not known how many there will be."""
    figure.update_xaxes(title="step", rangemode="tozero", range=[0, total] if total else None)
    figure.update_layout(
        title={"text": title, "font": {"size": 15}},
        height=350,
        margin={"l": 0, "r": 8, "t": 40, "b": 0},
        legend=LEGEND,
    )
