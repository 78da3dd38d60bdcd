"""Type of charts: no smaller than the pages' own, larger while someone presents, and Z_y set with its index."""

from __future__ import annotations

import re

import plotly.graph_objects as go

TYPE = 14
"""Pixels of the smallest type."""


def legible(figure: go.Figure, scale: float = 1.0) -> go.Figure:
    """Set all type of a chart to ``TYPE`` pixels at least, times a scale; return the chart."""
    least = TYPE * scale
    axis = {"tickfont": {"size": least}, "title": {"font": {"size": least}}}
    set_symbols(figure)
    figure.update_layout(font={"size": least}, legend={"font": {"size": least}}, title={"font": {"size": least}})
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
    figure.for_each_annotation(lambda one: one.update(font={"size": max(one.font.size or 0, least)}))
    return figure


def symbols(text: str) -> str:
    """Text of a chart with the index of Z_y, F_a or M_B below the line."""
    return re.sub(r"\b([ZFM])_([A-Za-z])\b", r"\1<sub>\2</sub>", text)


def set_symbols(figure: go.Figure) -> None:
    """Set the symbols in titles, names of lines, annotations and words at the axes of a chart."""
    figure.for_each_annotation(lambda one: one.update(text=symbols(one.text or "")))
    figure.for_each_trace(lambda one: one.update(name=symbols(one.name)) if one.name else None)
    for each in (figure.for_each_xaxis, figure.for_each_yaxis):
        each(lambda one: one.update(ticktext=[symbols(str(text)) for text in one.ticktext]) if one.ticktext else None)
    if figure.layout.title.text:
        figure.layout.title.text = symbols(figure.layout.title.text)


def inked(figure: go.Figure, ink: str) -> None:
    """Set all words at the axes of a chart in one colour; Streamlit's own grey is too pale on paper."""
    axis = {"tickfont": {"color": ink}, "title": {"font": {"color": ink}}}
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
