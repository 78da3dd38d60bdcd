"""The three sections of the page Claims."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from app.claims import charts, results
from app.claims.view import ALL, ClaimsView
from app.shared import downloads, prose, state
from app.shared.charts import draw, palette
from mfm_core.data.registry import dataset_info
from mfm_core.evaluation.claims import CLAIMS, Claim
from mfm_core.evaluation.figures import shown, shown_p
from mfm_core.evaluation.paper import EMOTIONS, SOURCE, TRAITS, paper_values
from mfm_core.evaluation.verdicts import Measurement, Outcome

UNTESTED = "cannot be tested here"
MARKS = {"holds": "green", "does not hold": "orange", UNTESTED: "gray"}
PLURALS = {"holds": "hold", "does not hold": "do not hold", UNTESTED: UNTESTED}
PAPERS = {
    "sentiment": "Sentiment: CMU-MOSI, ICT-MMMO, YouTube (supplement, Table 2)",
    "pom": "Traits: POM (supplement, Table 1)",
    "iemocap": "Emotions: IEMOCAP (supplement, Table 3)",
    "ablations": "Ablations: CMU-MOSI (Table 2)",
}
_PLACES = {"sentiment": "Supplement, Table 2", "pom": "Supplement, Table 1", "iemocap": "Supplement, Table 3"}


def claims() -> None:
    """Every claim with its verdict; the test behind one is open, and each opens with a click."""
    outcomes, opened = results.outcomes(), state.seen(ClaimsView).claim
    counts = {verdict: sum(one.verdict == verdict for one in outcomes.values()) for verdict in MARKS}
    prose.write("; ".join(f"**{n}** {PLURALS[verdict] if n != 1 else verdict}" for verdict, n in counts.items()) + ".")
    state.select("Open the test of", "claim", {claim.key: claim.text for claim in CLAIMS})
    for title, tested in (("Tested here", True), ("Cannot be tested here", False)):
        if chosen := [claim for claim in CLAIMS if (outcomes[claim.key].verdict != UNTESTED) == tested]:
            st.subheader(title, anchor=False)
        for claim in chosen:
            _claim(claim, outcomes[claim.key], opened=claim.key == opened)
    rows = [
        {"claim": claim.text, "place": claim.place, "test": claim.test, "verdict": outcomes[claim.key].verdict}
        | {"because": outcomes[claim.key].because}
        for claim in CLAIMS
    ]
    _download("Claims and verdicts, CSV", "claims.csv", pd.DataFrame(rows))


def _claim(claim: Claim, found: Outcome, *, opened: bool) -> None:
    """A claim with its verdict, and its test one click away."""
    with st.expander(f":{MARKS[found.verdict]}-badge[{found.verdict}] {claim.text}", expanded=opened):
        st.markdown(f"**Where:** {claim.place}  \n**Test:** {claim.test}  \n**Found:** {found.because}.")
        if found.measurements:
            st.dataframe(_measurements(found), hide_index=True, alt=f"Measured for the claim: {claim.text}")


def _measurements(found: Outcome) -> pd.DataFrame:
    """A row for each measurement; a column that would be empty is left out."""
    rows = pd.DataFrame([_row(one) for one in found.measurements])
    return rows.loc[:, (rows != "").any()]


def _row(one: Measurement) -> dict[str, str]:
    interval = f"{shown(one.low, one.unit)} to {shown(one.high, one.unit)}" if math.isfinite(one.low) else ""
    return {
        "measured": one.what,
        "ours": shown(one.value, one.unit),
        "95 % interval": interval,
        "paper": "" if one.paper is None else shown(one.paper, one.unit),
        "p": "" if one.p is None or math.isnan(one.p) else shown_p(one.p).removeprefix("= "),
    }


def systems() -> None:
    """A chart of every system with its interval, filtered by data set, metric and system."""
    table, links, titles = results.comparisons(), results.links(), results.titles_of_tables()
    if table.empty and results.damage():
        return  # the page has said why
    if table.empty:
        st.info("No table of systems is stored yet. Compute one with: `python -m mfm_core table ict_mmmo`")
        return
    left, middle, right = st.columns(3)
    with left:
        name = state.select("Data set", "table", titles)
    metrics = links.tables[name]
    with middle:
        metric = state.select("Metric", "metric", {key: results.METRICS.get(key, key) for key in metrics})
        subjects = metrics[metric]
        if len(subjects) > 1:
            state.select("Score", "subject", {one: _score(one) for one in subjects})
    with right:
        known = {one: results.title_of_system(one) for one in links.systems[name]}
        system = state.select("System", "system", known)
    view = state.seen(ClaimsView)
    rows = table[(table["table"] == view.table) & (table["key"] == view.metric) & (table["subject"] == view.subject)]
    dataset, unit = rows["dataset"].iloc[0], rows["unit"].iloc[0]  # the view fits what is stored: there are rows
    rows = charts.best_first(rows) if system == ALL else rows[rows["system"] == system]
    if rows.empty:
        st.info(f"This table has no {results.METRICS.get(view.metric, view.metric)} of {known[system]}.")
        return
    subject = "" if view.subject == ALL else view.subject
    paper = charts.paper_of(list(paper_values()), str(dataset), view.metric, subject)
    title = results.METRICS.get(view.metric, view.metric)
    chart = charts.systems_chart(rows, paper, palette(), unit=unit, metric=title)
    draw(chart, key="systems", alt=charts.aloud(rows, paper, unit=unit, metric=title, table=titles[view.table]))
    prose.caption(
        f"{title[0].upper()}{title[1:]} of {len(rows)} systems on {titles[view.table]}, the best first. Points are "
        "means over seeds, bars 95 % bootstrap intervals over test videos, the dashed line is the most frequent label. "
        f"{budget(rows)}"
        + (
            " The paper's diamonds are of the full data, which are not published: they and ours are not the same "
            "experiment."
            if paper
            else ""
        )
    )
    numbers = charts.numbers(rows, paper)
    with st.expander("The numbers of this chart, and each system against MFM"):
        st.dataframe(numbers, hide_index=True, alt=f"The numbers of the chart of systems, {title}")
    with st.container(horizontal=True):
        _download("These numbers, CSV", f"{view.table}-{view.metric}.csv", numbers)
        _download("All comparisons, CSV", "comparisons.csv", table)


def budget(rows: pd.DataFrame) -> str:
    """Budget that every system of a table was given, and its date, in sentences; empty of old tables.

    Args:
        rows: Of one table, as ``mfm_core.experiments.results.read_comparisons`` returns them.
    """
    if rows["trials"].isna().any():
        return ""
    trials, samples = int(rows["trials"].max()), int(rows["train_samples"].max())
    tried = "its default configuration" if trials == 1 else f"{trials} configurations, the best on validation data"
    given = "all training samples" if not samples else f"{samples:,} training samples, drawn by the seed"
    seeds = sorted(set(rows["seeds"]))
    counted = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    many = "s" if seeds[-1] != 1 else ""
    return f"Each system: {tried}, {given}, {counted} seed{many}. Measured {rows['date'].max()}."


def _score(subject: str) -> str:
    return "mean over all" if subject == ALL else f"score {subject}"


def tables() -> None:
    """A table of the paper, ours beside each of its columns."""
    chosen = state.select("Table", "paper", PAPERS)
    place = _PLACES.get(chosen, "Table 2")
    values = [value for value in paper_values() if value.table == place]
    ours = results.comparisons()
    columns: dict[str, dict[str, str]] = {}
    for value in values:
        row = columns.setdefault(results.title_of_system(value.system), {})
        name = _column(value.dataset, value.subject, value.key)
        row[name] = shown(value.value, value.unit)
        if not ours.empty and not value.subject:
            same = (ours["dataset"] == value.dataset) & (ours["system"] == value.system) & (ours["key"] == value.key)
            found = ours[same & (ours["subject"] == ALL)]
            row[_ours(name, ours[ours["dataset"] == value.dataset])] = (
                "" if found.empty else results.with_interval(found.iloc[0])
            )
    frame = pd.DataFrame.from_dict(columns, orient="index").fillna("").rename_axis("system").reset_index()
    st.dataframe(frame, hide_index=True, height=38 + 35 * len(frame), alt=f"{PAPERS[chosen]}, and ours")
    note = {
        "pom": f"The published tensors do not name their traits, so that none of the {len(TRAITS)} can be set beside "
        "ours; the chart shows the mean.",
        "iemocap": f"IEMOCAP ({', '.join(EMOTIONS)}) is licensed and not here: the harness runs on your own copy.",
    }.get(chosen, "Ours: mean of the seeds, with the 95 % interval over test videos, on the part that is published.")
    prose.caption(f"{note} Source of the paper's numbers: {SOURCE}, {place}.")
    _download("This table, CSV", f"paper-{chosen}.csv", frame)


def _ours(column: str, of_dataset: pd.DataFrame) -> str:
    """Title of our column beside one of the paper's: where ours read some of the modalities alone, which."""
    read = "" if of_dataset.empty else str(of_dataset["modalities"].iloc[0]).replace("+", " and ")
    return f"{column}, ours ({read} alone)" if read else f"{column}, ours"


def _column(dataset: str, subject: str, key: str) -> str:
    title = "" if subject else dataset_info(dataset).short
    metric = {"accuracy": "A3"}.get(key, key.upper() if key != "r" else "r")
    return " ".join(part for part in (title, subject, metric) if part)


def _download(label: str, file: str, frame: pd.DataFrame) -> None:
    downloads.button(label, file, "text/csv", lambda: str(frame.to_csv(index=False)))
