"""The chart of systems, and its numbers as a table."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from app.claims.results import title_of_system
from app.shared.charts import Palette
from app.shared.legible import inked, symbols
from app.shared.made_once import drawn_once
from mfm_core.evaluation.figures import Unit, shown, shown_with_interval
from mfm_core.evaluation.paper import PaperValue


@drawn_once
def systems_chart(
    rows: pd.DataFrame,
    paper: dict[str, float],
    colours: Palette,
    *,
    unit: Unit,
    metric: str,
    majority: float | None = None,
) -> go.Figure:
    """Every system with its mean over the seeds and the 95 % interval over test videos, the paper's number beside it.

    Args:
        rows: Of one table, metric and subject.
        paper: The paper's numbers, by system.
        colours: Of the theme.
        unit: What the values are read in.
        metric: Its title.
        majority: Where a guess of the most frequent training label stands, a dashed line; None where that was not
            measured.
    """
    names = [symbols(title_of_system(name)) for name in rows["system"]]
    above = (rows["high"] - rows["mean"]).clip(lower=0)
    below = (rows["mean"] - rows["low"]).clip(lower=0)
    hover = [
        f"{shown(row['mean'], unit)}<br>95 % interval {shown(row['low'], unit)} to {shown(row['high'], unit)}"
        f"<br>{row['seeds']} seed{'s' if row['seeds'] != 1 else ''}, n = {row['n']}"
        for _, row in rows.iterrows()
    ]
    ours = go.Scatter(
        x=rows["mean"],
        y=names,
        error_x={"type": "data", "array": above, "arrayminus": below, "thickness": 1.5, "width": 4},
        mode="markers",
        marker={"size": 9, "color": colours.hues["y"]},
        name=f"ours, {averaged(rows)}",
        customdata=hover,
        hovertemplate="%{y}: %{customdata}<extra></extra>",
    )
    known = [(symbols(title_of_system(name)), paper[name]) for name in rows["system"] if name in paper]
    printed = go.Scatter(
        x=[value for _, value in known],
        y=[name for name, _ in known],
        mode="markers",
        marker={"size": 9, "symbol": "diamond-open", "color": colours.hues["a0"], "line": {"width": 2}},
        name="the paper, on its own data",
        customdata=[shown(value, unit) for _, value in known],
        hovertemplate="%{y}, the paper: %{customdata}<extra></extra>",
    )
    chart = go.Figure([ours, printed] if known else [ours])
    inked(chart, colours.ink)
    chart.update_layout(
        height=122 + 26 * len(names),
        margin={"l": 8, "r": 12, "t": 36, "b": 52},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        xaxis={
            "title": {"text": metric, "standoff": 12},
            "tickformat": ".0%" if unit == "share" else None,
            "zeroline": False,
        },
        yaxis={"autorange": "reversed", "automargin": True},
    )
    if majority is not None:
        chart.add_vline(x=majority, line={"dash": "dash", "width": 1, "color": colours.ink}, opacity=0.6)
    return chart


SHARES = {"ours", "low", "high", "minus MFM", "minus MFM, low", "minus MFM, high", "paper", "sd over seeds"}
"""Columns of the numbers that are in the unit of the metric."""


def averaged(rows: pd.DataFrame) -> str:
    """The kind of number that rows hold: ``means over 3 seeds``, or ``of one seed``."""
    least, most = int(rows["seeds"].min()), int(rows["seeds"].max())
    if most == 1:
        return "of one seed"
    return f"means over {most} seeds" if least == most else f"means over {least} to {most} seeds"


def aloud(rows: pd.DataFrame, paper: dict[str, float], *, unit: Unit, metric: str, table: str) -> str:
    """The chart as a text alternative; arguments as of :func:`systems_chart`, and the title of the table."""
    said = [
        f"{title_of_system(row['system'])} {shown_with_interval(row['mean'], row['low'], row['high'], unit)}"
        + (f", the paper {shown(paper[row['system']], unit)}" if row["system"] in paper else "")
        for row in rows.to_dict("records")
    ]
    return f"{metric[0].upper()}{metric[1:]} of each system on {table}, with 95 % intervals. {'; '.join(said)}."


def numbers(rows: pd.DataFrame, paper: dict[str, float]) -> pd.DataFrame:
    """The chart's numbers, and the comparison of each system with MFM."""
    table = pd.DataFrame(
        {
            "system": [title_of_system(name) for name in rows["system"]],
            "ours": rows["mean"].to_numpy(),
            "low": rows["low"].to_numpy(),
            "high": rows["high"].to_numpy(),
        }
    )
    for column, title in {
        "difference": "minus MFM",
        "difference_low": "minus MFM, low",
        "difference_high": "minus MFM, high",
        "p_holm": "p, bootstrap, Holm's",
        "p": "p, bootstrap, not corrected",
        "p_mcnemar_holm": "p, McNemar, Holm's",
    }.items():
        if column in rows and rows[column].notna().any():
            table[title] = rows[column].to_numpy()
    table["paper"] = [paper.get(name) for name in rows["system"]]
    for column, title in {"sd": "sd over seeds", "seeds": "seeds", "n": "n"}.items():
        table[title] = rows[column].to_numpy()
    return table


def paper_of(values: list[PaperValue], dataset: str, key: str, subject: str) -> dict[str, float]:
    """The paper's numbers of a data set and metric, by system; for POM's mean over traits the mean of its 16."""
    found = [value for value in values if value.dataset == dataset and value.key == key]
    if subject:
        return {}  # the published tensors do not name their traits, so that none can be matched
    sums: dict[str, list[float]] = {}
    for value in found:
        sums.setdefault(value.system, []).append(value.value)
    return {system: sum(each) / len(each) for system, each in sums.items()}
