"""Plotly charts in the colours of the theme, each with a text alternative and with its numbers in a table."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.shared import hues
from app.shared.legible import inked
from app.shared.made_once import DrawnChart, drawn_once, identity, table_once

Table = Mapping[str, Sequence[object]]
"""Columns by name."""

CONFIGURATION = Path(__file__).parents[1] / ".streamlit" / "config.toml"
KEPT = 128
"""Charts whose elements are kept."""
BAR = 38
"""Pixels that a bar takes, with the gap to the next."""
ABOVE = 34
"""Pixels of the title of a group of bars."""
BELOW = 48
"""Pixels of the horizontal axis."""
CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}


@dataclass(frozen=True)
class Palette:
    """Colours of the theme that the visitor has, as hexadecimal numbers.

    Attributes:
        ink: Of text.
        paper: Of the page.
        quiet: Of what steps back.
        hues: Of Z_y and of each modality, see ``app.shared.hues``.
    """

    ink: str
    paper: str
    quiet: str
    hues: Mapping[str, str]


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        who: What it is of.
        value: Its length; NaN where it is not defined.
        low: Lower end of its interval; NaN where there is none.
        high: Upper end of its interval; NaN where there is none.
        said: What stands under its name: the value in words.
        hollow: Whether it is drawn hollow, as what others measured is.
        doubtful: Whether the value must not be quoted; the bar is drawn pale and hatched.
        before: The value with the settings before, marked by a diamond; NaN where there is none.
    """

    who: str
    value: float
    low: float = math.nan
    high: float = math.nan
    said: str = ""
    hollow: bool = False
    doubtful: bool = False
    before: float = math.nan


@dataclass(frozen=True)
class Line:
    """One line over a row of values.

    Attributes:
        title: Of what it is.
        hue: Its colour, a key of ``Palette.hues``.
        y: Its values; NaN where they are not defined.
        low: Lower edge of its band, if it has one.
        high: Upper edge.
        doubtful: Where a value must not be quoted; its mark is drawn hollow.
    """

    title: str
    hue: str
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    doubtful: Sequence[bool] = ()


def palette() -> Palette:
    """The colours of the theme that the visitor has, from ``.streamlit/config.toml``; light until it is known."""
    return palettes()["dark" if st.context.theme.type == "dark" else "light"]


@cache
def palettes() -> Mapping[str, Palette]:
    """The colours of both themes as the app is configured with them."""
    themes = tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))["theme"]
    return {
        kind: Palette(
            colours["textColor"],
            colours["backgroundColor"],
            colours["grayColor"],
            hues.colours(colours),
        )
        for kind, colours in themes.items()
        if kind in ("light", "dark")
    }


def show(figure: DrawnChart, table: Table, *, key: str, alt: str) -> None:
    """Show a chart, and one click away its numbers.

    Args:
        figure: The chart; hover, zoom and download are plotly's.
        table: Its numbers.
        key: Of the element, and of the file that is downloaded.
        alt: What the chart shows, for those who cannot see it.
    """
    if figure.identity:
        _shared(figure.identity, identity(dict(table)), key, alt, figure, table)
    else:
        _elements(figure, table, key, alt)


def draw(figure: DrawnChart, *, key: str, alt: str, still: bool = False) -> None:
    """Show a chart whose numbers stand elsewhere on the page.

    Args:
        figure: The chart.
        key: Of the element.
        alt: What the chart shows, for those who cannot see it.
        still: Whether it is a drawing that nobody zooms.
    """
    _element(figure.identity, key, alt, still, figure)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _element(chart: str, key: str, alt: str, still: bool, _figure: DrawnChart) -> None:
    del chart  # what tells one from another
    st.plotly_chart(_figure.shown(), config={"staticPlot": still, "displaylogo": False}, key=key, alt=alt)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _shared(chart: str, numbers: str, key: str, alt: str, _figure: DrawnChart, _table: Table) -> None:
    """The elements of a chart; Streamlit shows those again that it was told before, and nothing is written anew."""
    del chart, numbers  # what tells one from another
    _elements(_figure, _table, key, alt)


def _elements(figure: DrawnChart, table: Table, key: str, alt: str) -> None:
    options = CONFIG | {"toImageButtonOptions": {"format": "svg", "filename": key}}
    st.plotly_chart(figure.shown(), key=f"chart_{key}", alt=alt, config=options)
    with st.expander("The numbers"):
        st.dataframe(table_once(table), hide_index=True, key=f"numbers_{key}", alt=f"The numbers of: {alt[:200]}")


@drawn_once
def bars(
    groups: Mapping[str, Sequence[Bar]],
    hues: Mapping[str, str],
    colours: Palette,
    *,
    most: float,
    mark: float | Mapping[str, float] | None,
    across: str = "",
) -> go.Figure:
    """Bars with their intervals, a group below the other.

    Args:
        groups: The bars of each group, by its title.
        hues: The colour of each group, a key of ``Palette.hues``.
        colours: Of the theme.
        most: Where the horizontal axis ends.
        mark: A value that is marked by a dashed line: one of all groups, or those of some by their titles.
        across: Of what the bars are long, below the horizontal axis.
    """
    sizes = [len(rows) * BAR + ABOVE for rows in groups.values()]
    figure = make_subplots(
        rows=len(groups),
        cols=1,
        shared_xaxes=True,
        subplot_titles=list(groups),
        row_heights=sizes,
        vertical_spacing=ABOVE / sum(sizes) if len(groups) > 1 else 0,
    )
    for place, (title, rows) in enumerate(groups.items(), start=1):
        _group(figure, place, rows, colours.hues[hues[title]], colours)
        here = mark.get(title) if isinstance(mark, Mapping) else mark
        if here is not None:
            figure.add_vline(x=here, line={"dash": "dash", "color": colours.ink, "width": 1}, row=place, col=1)
    figure.update_xaxes(range=[0, most], fixedrange=False, zeroline=False)
    figure.update_yaxes(autorange="reversed", automargin=True, ticks="", showgrid=False)
    figure.update_xaxes(title=across or None, row=len(groups), col=1)
    inked(figure, colours.ink)
    # A title begins above the names of its bars, of 5.5 pixels a letter at least: above the bars is no room on a phone.
    longest = max((len(line) for rows in groups.values() for row in rows for line in (row.who, row.said)), default=0)
    figure.update_annotations(
        x=0, xanchor="left", xshift=-5.5 * longest, font={"size": 14, "color": colours.ink, "weight": 600}
    )
    named = 24 if across else 0
    figure.update_layout(
        height=sum(sizes) + BELOW + ABOVE * (len(groups) - 1) + named,
        margin={"l": 0, "r": 12, "t": ABOVE, "b": 24 + named},
        showlegend=False,
        barmode="overlay",
    )
    return figure


def _group(figure: go.Figure, place: int, rows: Sequence[Bar], hue: str, colours: Palette) -> None:
    """The bars of one group."""
    with_interval = [i for i, row in enumerate(rows) if _gap(row.high, row.low) is not None]
    without = [i for i in range(len(rows)) if i not in with_interval]
    for places in (with_interval, without):
        drawn = [rows[i] for i in places]
        figure.add_bar(
            x=[row.value if math.isfinite(row.value) else None for row in drawn],
            y=places,
            width=0.62,
            orientation="h",
            marker={
                "color": [colours.paper if row.hollow else hue for row in drawn],
                "line": {"color": hue, "width": 1.5},
                "pattern": {
                    "shape": ["/" if row.doubtful else "" for row in drawn],
                    "bgcolor": colours.paper,
                    "fgcolor": hue,
                    "size": 8,
                    "solidity": 0.2,
                },
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [row.high - row.value for row in drawn],
                "arrayminus": [row.value - row.low for row in drawn],
                "color": colours.ink,
                "thickness": 1.5,
                "width": 5,
                "visible": places is with_interval,
            },
            customdata=[[row.who, row.said] for row in drawn],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
            row=place,
            col=1,
        )
    known = [(i, row.before) for i, row in enumerate(rows) if math.isfinite(row.before)]
    if known:
        figure.add_scatter(
            x=[value for _, value in known],
            y=[i for i, _ in known],
            mode="markers",
            marker={"symbol": "diamond-open", "size": 9, "color": colours.ink},
            hovertemplate="before: %{x:.3g}<extra></extra>",
            row=place,
            col=1,
        )
    labels = [f"{row.who}<br><span style='font-size:14px'>{row.said}</span>" if row.said else row.who for row in rows]
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=labels, row=place, col=1)


@drawn_once
def lines(
    x: Sequence[float], drawn: Sequence[Line], colours: Palette, *, title: str, label: str, here: float | None = None
) -> go.Figure:
    """Lines with their bands over a logarithmic axis.

    Args:
        x: The values that they are over.
        drawn: The lines.
        colours: Of the theme.
        title: Of the chart.
        label: Of the horizontal axis.
        here: The value in use, marked by a dotted line.
    """
    figure = go.Figure()
    for line in drawn:
        hue = colours.hues[line.hue]
        if line.low:
            figure.add_scatter(
                x=[*x, *reversed(x)],
                y=[*line.high, *reversed(line.low)],
                fill="toself",
                fillcolor=_faint(hue),
                mode="lines",
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
            )
        doubtful = line.doubtful or [False] * len(x)
        figure.add_scatter(
            x=list(x),
            y=list(line.y),
            mode="lines+markers",
            name=line.title,
            line={"color": hue},
            marker={"size": 8, "symbol": ["circle-open" if one else "circle" for one in doubtful], "color": hue},
            customdata=["nearly the identity: not to be quoted" if one else "" for one in doubtful],
            hovertemplate=f"{line.title}, {label} %{{x:g}}: %{{y:.3g}} %{{customdata}}<extra></extra>",
        )
    if here is not None:
        figure.add_vline(x=here, line={"dash": "dot", "color": colours.quiet})
    figure.update_xaxes(type="log", tickvals=list(x), ticktext=[f"{value:g}" for value in x], title=label)
    figure.update_yaxes(rangemode="tozero")
    inked(figure, colours.ink)
    figure.update_layout(
        title={"text": title, "font": {"size": 15}},
        height=320,
        margin={"l": 0, "r": 8, "t": 64, "b": 0},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )
    return figure


@drawn_once
def heat(
    values: NDArray[np.floating],
    rows: Sequence[str],
    columns: Sequence[str],
    colours: Palette,
    *,
    title: str,
    hue: str = "",
    reach: float = 1.0,
    square: bool = False,
    height: int = 320,
    across: str = "",
    down: str = "",
) -> go.Figure:
    """A matrix as a heat map.

    Args:
        values: ``(rows, columns)``.
        rows: What each row is called.
        columns: What each column is called.
        colours: Of the theme.
        title: Of the chart.
        hue: Colour of ``reach``, from the paper's at 0; without it the map diverges, orange below 0 and blue above.
        reach: Where the colour is full.
        square: Whether cells are squares, without names at the axes.
        height: In pixels.
        across: Of what the columns are, below them.
        down: Of what the rows are, beside them.
    """
    full = colours.hues[hue or "y"]
    scale = [[0, colours.paper], [1, full]] if hue else [[0, colours.hues["a0"]], [0.5, colours.paper], [1, full]]
    figure = go.Figure(
        go.Heatmap(
            z=np.asarray(values, np.float32),
            zmin=0 if hue else -reach,
            zmax=reach,
            colorscale=scale,
            showscale=False,
            x=list(range(len(columns))),
            y=list(range(len(rows))),
            customdata=[[f"{row}, {column}" for column in columns] for row in rows] if not square else None,
            hovertemplate="%{customdata}: %{z:.2f}<extra></extra>"
            if not square
            else "%{y}, %{x}: %{z:.2f}<extra></extra>",
        )
    )
    shown = not square
    figure.update_yaxes(autorange="reversed", showticklabels=shown, ticks="", showgrid=False, automargin=True)
    turned = shown and max(map(len, columns), default=0) > 2  # shorter names have room beside each other
    figure.update_xaxes(showticklabels=shown, ticks="", showgrid=False, tickangle=-60 if turned else 0, automargin=True)
    if square:
        figure.update_yaxes(scaleanchor="x", constrain="domain")
        figure.update_xaxes(constrain="domain")
    else:
        figure.update_xaxes(tickvals=list(range(len(columns))), ticktext=list(columns), title=across or None)
        apart = max(1, -(-16 * len(rows) // max(height - 150, 1)))  # rows from name to name, of 16 pixels each
        figure.update_yaxes(tickvals=list(range(0, len(rows), apart)), ticktext=list(rows)[::apart], title=down or None)
    inked(figure, colours.ink)
    room = {"l": 0, "r": 0, "t": 44 + 20 * title.count("<br>"), "b": 8}
    figure.update_layout(title={"text": title, "font": {"size": 14}}, height=height, margin=room)
    return figure


def _gap(upper: float, lower: float) -> float | None:
    return upper - lower if math.isfinite(upper) and math.isfinite(lower) else None


def _faint(colour: str) -> str:
    """A hexadecimal colour as it shows through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.16)"
