"""The three sections of the page Claims."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from app.claims import charts, results
from app.claims.view import ALL, ClaimsView
from app.shared import downloads, prose, state
from app.shared import tables as tables_of_text
from app.shared.charts import draw, palette
from mfm_core.data.registry import dataset_info
from mfm_core.evaluation.claims import CLAIMS, Claim
from mfm_core.evaluation.evidence import Measurement, Outcome, Verdict
from mfm_core.evaluation.figures import shown, shown_difference, shown_p
from mfm_core.evaluation.paper import EMOTIONS, SOURCE, TRAITS, PaperValue, paper_values
from mfm_core.evaluation.standing import best_first
from mfm_core.evaluation.table_verdicts import MAJORITY, samples_of, span
from mfm_core.experiments.summary import N_RESAMPLES
from mfm_core.reports.systems import with_interval

MARKS: Mapping[Verdict, str] = {
    "holds": "green",
    "not refuted": "violet",
    "does not hold": "orange",
    "not measured yet": "blue",
    "cannot be tested here": "gray",
}
"""Colour of each verdict, in the order in which they are counted."""
PLURALS = {"holds": "hold", "does not hold": "do not hold"}
GROUPS: Mapping[str, tuple[Verdict, ...]] = {
    "Tested here": ("holds", "not refuted", "does not hold"),
    "Not measured yet: the data are published, a command measures it": ("not measured yet",),
    "Cannot be tested here: what data there are cannot decide it": ("cannot be tested here",),
}
"""Headings of the claims, and the verdicts of those under each."""
PAPERS = {
    "sentiment": "Sentiment: CMU-MOSI, ICT-MMMO, YouTube (supplement, Table 2)",
    "pom": "Traits: POM (supplement, Table 1)",
    "iemocap": "Emotions: IEMOCAP (supplement, Table 3)",
    "ablations": "Ablations: CMU-MOSI (Table 2)",
}
NOT_MEASURED = "not measured"
_PLACES = {"sentiment": "Supplement, Table 2", "pom": "Supplement, Table 1", "iemocap": "Supplement, Table 3"}


def claims() -> None:
    """The claim that is chosen with its test, and under it every other one with its verdict, opened with a click."""
    outcomes, opened = results.outcomes(), state.seen(ClaimsView).claim
    counts = {verdict: sum(one.verdict == verdict for one in outcomes.values()) for verdict in MARKS}
    told = (f"**{n}** {PLURALS.get(verdict, verdict) if n != 1 else verdict}" for verdict, n in counts.items())
    prose.write("; ".join(told) + ".")
    state.select("Open the test of", "claim", _in_order(outcomes))
    prose.caption("The link carries the claim that is chosen here, not what is opened with a click below.")
    for claim in (one for one in CLAIMS if one.key == opened):
        _claim(claim, outcomes[claim.key], opened=True)
    for title, verdicts in GROUPS.items():
        if chosen := [one for one in CLAIMS if outcomes[one.key].verdict in verdicts and one.key != opened]:
            st.subheader(title, anchor=False)
        for claim in chosen:
            _claim(claim, outcomes[claim.key], opened=False)
    with st.expander("What the abbreviations of systems stand for"):
        abbreviations = results.abbreviations()
        tables_of_text.show(abbreviations, label="Systems, what each is and where it was published")
    with st.container(horizontal=True):
        _download("Claims and verdicts, CSV", "claims.csv", verdict_rows(outcomes))
        _download("What was measured for each claim, CSV", "claims-measured.csv", measured_rows(outcomes))


def _in_order(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    """The claims by key in the order of their groups, each with its verdict behind."""
    grouped = [one for verdicts in GROUPS.values() for one in CLAIMS if outcomes[one.key].verdict in verdicts]
    return {one.key: f"{one.text} ({outcomes[one.key].verdict})" for one in grouped}


def verdict_rows(outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """A row a claim: what is claimed and where, its test, the verdict and why."""
    rows = [
        {"claim": claim.text, "place": claim.place, "test": claim.test, "verdict": found.verdict}
        | {"because": found.because, "measured by": found.command}
        for claim, found in ((claim, outcomes[claim.key]) for claim in CLAIMS)
    ]
    return pd.DataFrame(rows)


def measured_rows(outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """A row for each measurement of each claim, as numbers."""
    rows = [
        {
            "claim": claim.text,
            "verdict": outcomes[claim.key].verdict,
            "measured": one.what,
            "unit": one.unit,
            "ours": one.value,
            "low": one.low,
            "high": one.high,
            "paper": one.paper,
            "target": one.target,
            "p": one.p,
            "p, Holm's": one.p_holm,
            "n": one.n,
            "n of": one.of,
            "seeds": one.seeds,
        }
        for claim in CLAIMS
        for one in outcomes[claim.key].measurements
    ]
    return pd.DataFrame(rows)


def _claim(claim: Claim, found: Outcome, *, opened: bool) -> None:
    """A claim with its verdict, and its test one click away."""
    with st.expander(f":{MARKS[found.verdict]}-badge[{found.verdict}] {claim.text}", expanded=opened):
        prose.write(f"**Where:** {claim.place}")
        prose.write(f"**Test:** {claim.test}")
        prose.write(f"**Found:** {found.because}.")
        if found.command:
            st.markdown(f"**Measure it with:** `{found.command}`")
        if found.measurements:
            columns = measurements(found)
            tables_of_text.show(columns, label=f"Measured for the claim: {claim.text}")
            if {"pairs", "photographs"} & {one.of for one in found.measurements}:
                prose.caption(
                    "Intervals are over photographs, for the digits of one photograph are not independent, and those "
                    "of a mean over seeds over the seeds as well; MNIST's digits by themselves are independent."
                )
            if "p, Holm's" in columns:
                prose.caption(
                    f"Intervals are over the videos of the test samples, not over seeds. p is of {N_RESAMPLES:,} "
                    f"draws, so that it is never below {2 / (N_RESAMPLES + 1):.2g}. "
                    "The intervals and p are of each comparison by itself; p, Holm's is corrected for their number, as "
                    "the test says, and decides. So an interval may leave out 0 where the corrected p is large, and "
                    "the same comparison may have another corrected p under another claim."
                )


def measurements(found: Outcome) -> dict[str, list[str]]:
    """Text of the measurements of a claim, by column; a column that would be empty is left out."""
    rows = [_row(one) for one in found.measurements]
    columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    return {name: cells for name, cells in columns.items() if any(cells)}


def _row(one: Measurement) -> dict[str, str]:
    say = shown_difference if one.difference else shown
    low, high = say(one.low, one.unit), say(one.high, one.unit)
    return {
        "measured": one.what,
        "ours": say(one.value, one.unit),
        "95 % interval": f"{low.removesuffix(' points')} to {high}" if math.isfinite(one.low) else "",
        "target": "" if one.target is None else f"<= {shown(one.target, one.unit)}",
        "paper": "" if one.paper is None else shown(one.paper, one.unit),
        "p, Holm's": _p(one.p_holm),
        "p": _p(one.p),
        "n": _counted(one),
    }


def _counted(one: Measurement) -> str:
    """Samples of a measurement: ``968 photographs``, ``60 test samples, 3 seeds``; empty where that is not stored."""
    if one.n is None:
        return ""
    return f"{one.n:,} {one.of}" + ("" if one.seeds is None else f", {results.seeds_of([one.seeds])}")


def _p(p: float | None) -> str:
    return "" if p is None or math.isnan(p) else shown_p(p).removeprefix("= ")


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
    guess = rows.loc[rows["system"] == MAJORITY, "mean"].dropna()
    majority = None if guess.empty else float(guess.iloc[0])
    rows = best_first(rows) if system == ALL else rows[rows["system"] == system]
    if rows.empty:
        st.info(f"This table has no {results.METRICS.get(view.metric, view.metric)} of {known[system]}.")
        return
    subject = "" if view.subject == ALL else view.subject
    paper = charts.paper_of(list(paper_values()), str(dataset), view.metric, subject)
    title = results.METRICS.get(view.metric, view.metric)
    chart = charts.systems_chart(rows, paper, palette(), unit=unit, metric=title, majority=majority)
    draw(chart, key="systems", alt=charts.aloud(rows, paper, unit=unit, metric=title, table=titles[view.table]))
    prose.caption(
        f"{described(rows, title, titles[view.table], line=majority is not None)} "
        f"{budget(rows)}"
        + (
            " The paper's diamonds are of the full data, which are not published: they and ours are not the same "
            "experiment."
            if paper
            else " The paper has no such figure."
        )
    )
    numbers = charts.numbers(rows, paper)
    with st.expander("The numbers of this chart, and each system against MFM"):
        shares = charts.SHARES & set(numbers) if unit == "share" else set()
        st.dataframe(
            numbers,
            hide_index=True,
            column_config={name: st.column_config.NumberColumn(format="percent") for name in shares},
            alt=f"The numbers of the chart of systems, {title}",
        )
    with st.container(horizontal=True):
        _download("These numbers, CSV", f"{view.table}-{view.metric}.csv", numbers)
        _download("All comparisons, CSV", "comparisons.csv", table)


def described(rows: pd.DataFrame, metric: str, table: str, *, line: bool) -> str:
    """Say what the chart of systems shows, in sentences.

    Args:
        rows: Of one table, metric and subject, at least one.
        metric: Its title.
        table: Title of the table.
        line: Whether it has a line where a guess of the most frequent training label stands.
    """
    what, means = f"{metric[0].upper()}{metric[1:]}", charts.averaged(rows)
    if len(rows) == 1:
        system = results.title_of_system(rows["system"].iloc[0])
        marks = f"{what} of {system} on {table}. The point is {means.replace('means', 'a mean')}, the bar its"
        intervals = "interval"
    else:
        marks, intervals = (
            f"{what} of {len(rows)} systems on {table}, the best first. Points are {means}, bars",
            "intervals",
        )
    dashed = ", the dashed line is a guess of the most frequent label of training, which may be rarer in the test"
    dashed = dashed if line else ""
    return f"{marks} 95 % bootstrap {intervals} over {samples_of(rows)}, not over seeds{dashed}."


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
    seeds = results.seeds_of(rows["seeds"])
    return f"Each system: {tried}, {given}, {seeds}. Measured {rows['date'].max()}."


def _score(subject: str) -> str:
    return "mean over all" if subject == ALL else f"score {subject}"


def tables() -> None:
    """A table of the paper, ours beside each of its columns."""
    chosen = state.select("Table", "paper", PAPERS)
    place = _PLACES.get(chosen, "Table 2")
    values = [value for value in paper_values() if value.table == place]
    frame, lacking = beside_ours(values, results.comparisons())
    pinned = {"system": st.column_config.TextColumn(width="medium", pinned=True)}
    alt = f"{PAPERS[chosen]}, and ours"
    st.dataframe(frame, hide_index=True, height=38 + 35 * len(frame), column_config=pinned, alt=alt)
    note = {
        "pom": f"The published tensors do not name their traits, so that none of the {len(TRAITS)} can be set beside "
        "ours; the section Systems shows the mean.",
        "iemocap": f"IEMOCAP ({', '.join(EMOTIONS)}) is licensed and not here: the harness runs on your own copy.",
    }.get(
        chosen,
        "Ours: mean of the seeds, with the 95 % interval over the videos of n test samples, on the part that is "
        "published.",
    )
    if lacking:
        note += f" Not measured here yet, so without a column of ours: {', '.join(lacking)}."
    prose.caption(f"{note} Source of the paper's numbers: {SOURCE}, {place}.")
    _download("This table, CSV", f"paper-{chosen}.csv", frame)


def beside_ours(values: Sequence[PaperValue], ours: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A row a system with the paper's numbers, and beside each column that was measured here ours.

    Args:
        values: Of one table of the paper.
        ours: The stored comparisons, see ``app.claims.results.comparisons``.

    Returns:
        The table, and the paper's columns that could have one of ours beside them and were not measured.
    """
    columns: dict[str, dict[str, str]] = {}
    for value in values:
        row = columns.setdefault(results.title_of_system(value.system), {})
        name = _column(value.dataset, value.subject, value.key)
        row[f"{name}, paper"] = shown(value.value, value.unit)
        if not ours.empty and not value.subject:
            measured = ours[(ours["dataset"] == value.dataset) & (ours["key"] == value.key) & (ours["subject"] == ALL)]
            found = measured[measured["system"] == value.system]
            row[_ours(name, measured)] = NOT_MEASURED if found.empty else with_interval(found.iloc[0])
    frame = pd.DataFrame.from_dict(columns, orient="index").fillna("").rename_axis("system").reset_index()
    empty = [name for name in frame.columns if set(frame[name]) <= {NOT_MEASURED, ""}]
    return frame.drop(columns=empty), [name.partition(", ours")[0] for name in empty]


def _ours(column: str, measured: pd.DataFrame) -> str:
    """Title of our column beside one of the paper's: of how many samples and seeds, and where ours read less, what."""
    if measured.empty:
        return f"{column}, ours"
    read = str(measured["modalities"].iloc[0]).replace("+", " and ")
    alone = f"{read} alone, " if read else ""
    return f"{column}, ours ({alone}n = {span(measured['n'])}, {results.seeds_of(measured['seeds'])})"


def _column(dataset: str, subject: str, key: str) -> str:
    title = "" if subject else dataset_info(dataset).short
    metric = {"accuracy": "A3"}.get(key, key.upper() if key != "r" else "r")
    return " ".join(part for part in (title, subject, metric) if part)


def _download(label: str, file: str, frame: pd.DataFrame) -> None:
    downloads.button(label, file, "text/csv", lambda: str(frame.to_csv(index=False)))
