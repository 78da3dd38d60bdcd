"""The structure of MFM and of each variant (Figure 6), drawn with what is missing greyed."""

from __future__ import annotations

import plotly.graph_objects as go

from app.shared.charts import Palette
from app.shared.made_once import drawn_once
from mfm_core.networks.ablation import TABLE_2, Design


def sentence(design: Design) -> str:
    """The structure of a variant in a sentence."""
    label = "one discriminative factor of all modalities" if design.multimodal else "a factor of each modality"
    if not design.generates:
        return f"{label}; it generates nothing".capitalize() + "."
    if not design.factorized:
        return f"{label}, which generates the modalities too".capitalize() + "."
    style = "one of each modality" if design.specific else "one for all modalities"
    return f"{label}, and generative factors apart from it: {style}".capitalize() + "."


_BOXES = {
    "x": (0, 1, "X"),
    "zy": (1, 2, "Z<sub>y</sub>"),
    "za": (1, 0, "Z<sub>a</sub>"),
    "fy": (2, 2, "F<sub>y</sub>"),
    "fa": (2, 0, "F<sub>a</sub>"),
    "y": (3, 2, "label"),
    "out": (3, 0, "X\u0302"),
}
"""Column and row of each box, and what stands in it."""
_ARROWS = (("x", "zy"), ("x", "za"), ("zy", "fy"), ("za", "fa"), ("fy", "y"), ("fa", "out"), ("fy", "out"))
_HUES = {"zy": "y", "fy": "y", "y": "y", "za": "a0", "fa": "a0"}
"""Colour of a box and of the lines that leave it, a key of ``Palette.hues``; the others are in ink."""
_WIDTH, _HEIGHT = 0.34, 0.36
"""Half a box."""


def present(design: Design) -> set[str]:
    """The boxes that a variant has."""
    here = {"x", "zy", "fy", "y"} | ({"out"} if design.generates else set())
    return here | ({"za", "fa"} if design.factorized else set())


def one_each(design: Design) -> set[str]:
    """The boxes that a variant has once a modality."""
    many = {"x", "out"} | (set() if design.multimodal else {"zy", "fy"})
    return (many | ({"za", "fa"} if design.specific else set())) & present(design)


@drawn_once
def drawing(name: str, colours: Palette) -> go.Figure:
    """The structure of a variant; missing parts are faint and dashed, what each modality has stands before another.

    Args:
        name: The variant.
        colours: Of the theme.
    """
    here, many = present(TABLE_2[name]), one_each(TABLE_2[name])
    chart = go.Figure()
    hues = {key: colours.hues[_HUES[key]] if key in _HUES else colours.ink for key in _BOXES}
    for start, end in _ARROWS:
        (x1, y1, _), (x2, y2, _) = _BOXES[start], _BOXES[end]
        there = {start, end} <= here
        line = {"color": hues[start], "width": 1.4, "dash": "solid" if there else "dot"}
        ends = {"x0": x1 + _WIDTH, "y0": y1, "x1": x2 - _WIDTH, "y1": y2}
        chart.add_shape(type="line", **ends, line=line, opacity=1 if there else 0.4)
    for key, (x, y, text) in _BOXES.items():
        there = key in here
        for shift in (0.06, 0.0) if key in many else (0.0,):
            line = {"color": hues[key], "width": 1.6, "dash": "solid" if there else "dot"}
            left, bottom = x - _WIDTH + shift, y - _HEIGHT + 2 * shift
            sides = {"x0": left, "y0": bottom, "x1": left + 2 * _WIDTH, "y1": bottom + 2 * _HEIGHT}
            chart.add_shape(type="rect", **sides, line=line, opacity=1 if there else 0.4)
        chart.add_annotation(
            x=x, y=y, text=text, showarrow=False, opacity=1 if there else 0.4, font={"color": colours.ink}
        )
    hidden = {"visible": False, "fixedrange": True}
    chart.update_layout(
        height=170,
        margin={"l": 0, "r": 0, "t": 4, "b": 4},
        xaxis=hidden | {"range": [-0.45, 3.5]},
        yaxis=hidden | {"range": [-0.55, 2.6]},
        showlegend=False,
    )
    return chart
