"""Charts of a run of the lab: its costs, what was read and followed, and a map of its codes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from pydantic import JsonValue
from torch import Tensor

from app.shared import names
from app.shared.charts import Palette, Table

Report = Mapping[str, JsonValue]
LEGEND = {"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0}
SHOWN_TERMS = 6
"""Terms of the cost that have a line of their own: those that are largest at the end."""


def series(reports: Sequence[Report], group: str) -> dict[str, tuple[list[float], list[float]]]:
    """Steps and values of each number that reports tell under ``group`` (``terms`` or ``figures``)."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for report in reports:
        values = report.get(group)
        for name, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, int | float) and math.isfinite(value):
                steps, numbers = found.setdefault(name, ([], []))
                steps.append(float(str(report["step"])))
                numbers.append(float(value))
    return found


def costs(reports: Sequence[Report], colours: Palette, total: int = 0) -> tuple[go.Figure, Table]:
    """The whole cost and its largest terms over the steps, on a logarithmic axis."""
    found = series(reports, "terms")
    last = {name: abs(values[-1]) for name, (_, values) in found.items() if name != "cost"}
    chosen = [name for name in ("cost", *sorted(last, key=lambda one: -last[one])[:SHOWN_TERMS]) if name in found]
    figure = go.Figure()
    hues = [colours.ink, *colours.hues.values()]
    for place, name in enumerate(chosen):
        steps, values = found[name]
        figure.add_scatter(
            x=steps,
            y=[value if value > 0 else None for value in values],
            name="all of it" if name == "cost" else name.replace("_", " "),
            mode="lines",
            line={"color": hues[place % len(hues)], "width": 2.2 if name == "cost" else 1.4},
        )
    figure.update_yaxes(type="log", title="cost", exponentformat="power")
    _laid_out(figure, "Cost, and its largest terms", total)
    return figure, {"cost": chosen, "last value": [round(found[name][1][-1], 4) for name in chosen]}


def learnt(
    reports: Sequence[Report], modalities: Sequence[str], colours: Palette, total: int = 0, *, classes: bool
) -> tuple[go.Figure, Table]:
    """How often swapped samples show the label of their Z_y, and what a probe reads from each Z_a, over the steps."""
    found = series(reports, "figures")
    figure, rows = go.Figure(), []
    for place, name in enumerate(modalities):
        hue = colours.hues[names.hue(place)]
        for key, said, dash in (("follow", "swap follows Z_y", "solid"), ("probe", "read from Z_a", "dot")):
            if (values := found.get(f"{key}_{name}")) is None:
                continue
            title = f"{names.title(name)}: {said}"
            figure.add_scatter(
                x=values[0], y=values[1], name=_set(title), mode="lines+markers", line={"color": hue, "dash": dash}
            )
            rows.append((title, values[1][-1]))
    if classes and (chance := found.get("chance")):
        figure.add_hline(y=chance[1][-1], line={"dash": "dash", "color": colours.quiet, "width": 1})
        rows.append(("most frequent class (dashed)", chance[1][-1]))
    figure.update_yaxes(
        title="share" if classes else "correlation, or R²",
        range=[0, 1.03] if classes else [-0.55, 1.03],
        tickformat=".0%" if classes else ".1f",
    )
    _laid_out(figure, "Does it factorize? On held-out samples", total)
    shown = "{:.1%}" if classes else "{:.3f}"
    return figure, {"figure": [name for name, _ in rows], "now": [shown.format(value) for _, value in rows]}


def maps(
    tensors: Mapping[str, Tensor], modalities: Sequence[str], colours: Palette, *, classes: bool
) -> tuple[go.Figure, Table]:
    """Held-out codes on their two principal components, a map for each block of Z, coloured by the label."""
    blocks = [name for name in ("y", *modalities) if f"map.{name}" in tensors]
    labels = tensors["labels"].numpy()
    figure = make_subplots(
        rows=1, cols=len(blocks), subplot_titles=[_set("Z_y" if b == "y" else f"Z_a, {names.title(b)}") for b in blocks]
    )
    for place, block in enumerate(blocks, start=1):
        points = tensors[f"map.{block}"].numpy()
        figure.add_scatter(
            x=points[:, 0],
            y=points[:, 1],
            mode="markers",
            marker={
                "size": 5,
                "color": labels,
                "colorscale": "HSV" if classes else "RdBu",
                "opacity": 0.75,
                "line": {"width": 0.3, "color": colours.ink},
            },
            customdata=labels,
            hovertemplate="label %{customdata:.3g}<extra></extra>",
            row=1,
            col=place,
        )
    figure.update_xaxes(showticklabels=False, zeroline=False)
    figure.update_yaxes(showticklabels=False, zeroline=False)
    figure.update_annotations(font={"size": 13, "color": colours.ink})
    figure.update_layout(
        height=230,
        margin={"l": 0, "r": 0, "t": 60, "b": 8},
        showlegend=False,
        title={"text": "Map of held-out codes, by label", "font": {"size": 15}},
    )
    spread = [float(np.round(tensors[f"map.{block}"].numpy().std(), 3)) for block in blocks]
    return figure, {"block": blocks, "n": [len(labels)] * len(blocks), "standard deviation on the map": spread}


def _set(text: str) -> str:
    """Text of a chart with Z_y as the paper sets it."""
    return re.sub(r"\bZ_([a-z])\b", r"Z<sub>\1</sub>", text)


def _laid_out(figure: go.Figure, title: str, total: int) -> None:
    """Title, size and legend of a chart over ``total`` steps; 0 where it is not known how many there will be."""
    figure.update_xaxes(title="step", rangemode="tozero", range=[0, total] if total else None)
    figure.update_layout(
        title={"text": title, "font": {"size": 15}},
        height=350,
        margin={"l": 0, "r": 8, "t": 40, "b": 0},
        legend=LEGEND,
    )
