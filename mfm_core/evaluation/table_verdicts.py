"""Verdicts on claims of the paper that stored tables of systems decide."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mfm_core.data.registry import dataset_info, dataset_infos
from mfm_core.evaluation.evidence import Evidence, Measurement, Outcome, decided, not_refuted, unmeasured, untestable
from mfm_core.evaluation.paper import paper_values
from mfm_core.evaluation.quantities import QUANTITIES
from mfm_core.evaluation.standing import LEVEL, best_first, standing
from mfm_core.evaluation.statistics import holm
from mfm_core.networks.ablation import DESIGNS, TABLE_2
from mfm_core.systems.registry import system_info, system_names

MIN_BASELINES = 8
"""Systems without which a data set says nothing about which baseline is best."""
MFM, MAJORITY, ABLATIONS = "mfm", "majority", tuple(DESIGNS)


def title_of(system: str) -> str:
    """Title of a system; of one that is not registered here, whose results are stored all the same, its name."""
    return system_info(system).title if system in system_names() else system


def samples_of(rows: pd.DataFrame) -> str:
    """The test samples of rows of tables in words, and of how many videos they are where those are fewer.

    ``60 test samples``, or ``656 to 686 test samples of 31 videos``.
    """
    told, videos = f"{span(rows['n'])} test samples", rows.get("videos", rows["n"])
    clustered = videos[videos < rows["n"]]
    return f"{told} of {span(clustered)} videos" if len(clustered) else told


def span(numbers: Iterable[int]) -> str:
    """Whole numbers as one, or the least and the most of several: ``1,000``, ``111 to 120``."""
    found = sorted({int(number) for number in numbers})
    return f"{found[0]:,}" if len(found) == 1 else f"{found[0]:,} to {found[-1]:,}"


def competitive(dataset: str, lacks: str = "") -> Callable[[Evidence], Outcome]:
    """No other system is significantly better than MFM in any metric that the paper reports of a data set.

    It is not refuted at best; and not decided where MFM itself is not told apart from the most frequent label.

    Args:
        dataset: Name of the data set.
        lacks: What of the paper's data is not here, a sentence; empty where nothing is.
    """
    tested = {value.system for value in paper_values() if value.dataset == dataset}

    def judge(evidence: Evidence) -> Outcome:
        rows: list[Measurement] = []
        better: list[str] = []
        places: list[str] = []
        above_majority: set[bool] = set()
        most = 0
        for key in dataset_info(dataset).metrics:
            table = _without_ablations(evidence.rows(dataset, key))
            if (place := standing(table, MFM) if len(table) else None) is None:
                stored = f"a table of {len(table)} other systems is stored, without MFM" if len(table) else ""
                because = f"{stored or 'no table is stored'}; a model measured by itself is compared with none"
                return unmeasured(because, f"table {dataset}")
            compared = best_first(table[table["system"] != MFM].dropna(subset=["difference"]))
            rows += [_against_mfm(row, key) for _, row in compared.iterrows()]
            untested = ", which the paper did not try there"
            better += [
                f"{title_of(one)}{'' if one in tested else untested} ({QUANTITIES[key].title})" for one in place.better
            ]
            title = QUANTITIES[key].title.partition(",")[0]
            n_worse = f"significantly better than {len(place.worse)} of them"
            places.append(f"{title} number {place.place} of {place.systems} and {n_worse}")
            above_majority |= {MAJORITY in place.worse} if MAJORITY in set(compared["system"]) else set()
            most = max(most, int(table["n"].max()))
        if not rows:
            return untestable("no other system was compared with MFM on these data")
        told = f"MFM is by {'; by '.join(places)}, its ablations left out"
        told += f". {lacks}" if lacks else ""
        if above_majority == {False} and not better:
            because = f"by these {most} test samples MFM is not told apart from the most frequent label"
            return untestable(f"{because}, as the test asks, so that nothing is decided. {told}", rows)
        if better:
            because = f"significantly better than MFM after Holm's correction: {', '.join(better)}"
            return decided(False, f"{because}. {told}", rows)
        because = f"none of {len(rows)} comparisons finds a system better (Holm, level {LEVEL})"
        return not_refuted(f"{because}. {told}", rows)

    return judge


def _without_ablations(table: pd.DataFrame) -> pd.DataFrame:
    return table if table.empty else table[~table["system"].isin(ABLATIONS)]


def _against_mfm(row: pd.Series, key: str) -> Measurement:
    what = f"{title_of(row['system'])} minus MFM, {QUANTITIES[key].title}"
    numbers = row["difference"], row["difference_low"], row["difference_high"]
    tests = {"p": row.get("p"), "p_holm": row["p_holm"], "difference": True} | _counted(row)
    return Measurement(what, row["unit"], *numbers, **tests)


def _counted(row: pd.Series) -> dict[str, Any]:
    """Samples and seeds that a row of a table tells of, as a measurement has it, and of how many videos they are."""
    n, videos = int(row["n"]), row.get("videos", math.nan)
    of = f"test samples of {int(videos)} videos" if videos < n else "test samples"
    return {"n": n, "of": of, "seeds": int(row["seeds"])}


def baselines_vary(evidence: Evidence) -> Outcome:
    """The best baseline is not the same on every data set, and none is told apart from the best on none of them."""
    best: list[Measurement] = []
    winners: list[str] = []
    among_the_best: list[set[str]] = []
    stored: list[str] = []
    for info in (one for one in dataset_infos() if one.metrics):
        dataset, key = info.name, info.metrics[0]
        table = evidence.rows(dataset, key)
        table = table[~table["system"].isin(TABLE_2)].dropna(subset=["mean"]) if len(table) else table
        stored.append(f"{len(table)} on {info.title.partition(',')[0]}")
        if len(table) < MIN_BASELINES:
            continue
        row = best_first(table).iloc[0]
        if (p := _p_against(evidence, dataset, key, str(row["system"]), list(map(str, table["system"])))) is None:
            because = f"{title_of(str(row['system']))}, the best on {info.title}, was not compared with the others"
            return unmeasured(because, f"table {dataset}")
        winners.append(title_of(str(row["system"])))
        among_the_best.append({one for one, corrected in p.items() if not corrected < LEVEL})
        what = f"{info.title}, {QUANTITIES[key].title}: {winners[-1]}"
        worse = len(table) - len(among_the_best[-1])
        what += f", told apart from {worse} of {len(table) - 1} others"
        best.append(Measurement(what, row["unit"], row["mean"], row["low"], row["high"], **_counted(row)))
    if len(best) < 2:
        because = (
            f"it takes two data sets with results of at least {MIN_BASELINES} systems besides MFM and its ablations; "
            f"stored are {', '.join(stored)}"
        )
        return unmeasured(because, "table ict_mmmo")
    because = f"by their means the best baselines of {len(best)} data sets are {', '.join(dict.fromkeys(winners))}"
    always = set.intersection(*among_the_best)
    if len(set(winners)) > 1 and always:
        names = ", ".join(sorted(map(title_of, always)))
        return untestable(f"{because}; but not told apart from the best on any of them: {names}", best)
    because += "" if always else "; every system is told apart from the best on one of them"
    return decided(not always, because, best)


def _p_against(
    evidence: Evidence, dataset: str, key: str, best: str, systems: Sequence[str]
) -> dict[str, float] | None:
    """p-value of each system against the best, corrected for their number, 1 of the best; None where one lacks."""
    others = [one for one in systems if one != best]
    found = [evidence.pair(dataset, key, best, other) for other in others]
    p = [float(one["p"]) for one in found if one is not None]
    if len(p) < len(others):
        return None
    corrected = holm(np.array(p, dtype=np.float64))
    return {best: 1.0} | dict(zip(others, map(float, corrected), strict=True))


def each_better(pairs: Sequence[tuple[str, str]], dataset: str = "cmu_mosi") -> Callable[[Evidence], Outcome]:
    """In each pair the first model is the better one: in most of the metrics, and beyond chance in at least one.

    Where no difference is told apart from 0 after Holm's correction for all of the claim, the data cannot decide it.
    """
    needed = tuple(dict.fromkeys(name for pair in pairs for name in pair))

    def judge(evidence: Evidence) -> Outcome:
        rows: list[Measurement] = []
        gaps: list[float] = []
        for key in dataset_info(dataset).metrics:
            for first, second in pairs:
                if (found := evidence.pair(dataset, key, first, second)) is None:
                    because = f"no result of {title_of(first)} and {title_of(second)} on these data is stored"
                    return unmeasured(because, f"table {dataset} --systems {','.join(needed)}")
                gap, low, high, p = (float(found[part]) for part in ("difference", "low", "high", "p"))
                gaps.append(gap if found["higher_is_better"] else -gap)
                what = f"{title_of(first)} minus {title_of(second)}, {QUANTITIES[key].title}"
                tests = {"p": p, "difference": True} | _counted(found)
                rows.append(Measurement(what, found["unit"], gap, low, high, **tests))
        corrected = holm(np.array([row.p for row in rows], dtype=np.float64))
        rows = [replace(row, p_holm=float(p)) for row, p in zip(rows, corrected, strict=True)]
        signs = [gap > 0 for gap, p in zip(gaps, corrected, strict=True) if p < LEVEL]
        wins, better = sum(gap > 0 for gap in gaps), sum(signs)
        because = f"{wins} of {len(gaps)} differences of means go that way"
        if not signs:
            return untestable(f"{because}, and none of them is told apart from 0 after Holm's correction", rows)
        because += f"; told apart from 0 after Holm's correction are {better} of them and {len(signs) - better} others"
        return decided(wins > len(gaps) / 2 and 2 * better > len(signs), because, rows)

    return judge
