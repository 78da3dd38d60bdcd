"""Type of charts: no smaller than the pages' own, and larger while someone presents."""

from __future__ import annotations

import plotly.graph_objects as go

TYPE = 14
"""Pixels of the smallest type."""


def legible(figure: go.Figure, scale: float = 1.0) -> go.Figure:
    """Set all type of a chart to ``TYPE`` pixels at least, times a scale; return the chart."""
    least = TYPE * scale
    axis = {"tickfont": {"size": least}, "title": {"font": {"size": least}}}
    figure.update_layout(font={"size": least}, legend={"font": {"size": least}}, title={"font": {"size": least}})
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
    figure.for_each_annotation(lambda one: one.update(font={"size": max(one.font.size or 0, least)}))
    return figure
