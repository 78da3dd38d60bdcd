"""Stored tables are called by what they hold."""

from __future__ import annotations

import pandas as pd

from app.claims.results import titles_of


def _rows(table: str, dataset: str, modalities: str, *systems: str) -> list[dict[str, str]]:
    return [{"table": table, "dataset": dataset, "modalities": modalities, "system": system} for system in systems]


def test_tables_are_called_by_their_data_and_those_of_most_systems_come_first() -> None:
    rows = [
        *_rows("pom", "pom", "", "rf"),
        *_rows("b", "youtube", "acoustic+visual", "rf", "mfn"),
        *_rows("again", "pom", "", "tfn"),
        *_rows("own", "my_videos", "face", "rf"),
    ]
    assert list(titles_of(pd.DataFrame(rows)).items()) == [
        ("b", "YouTube, opinions: acoustic and visual"),
        ("again", "POM, traits of reviewers (again)"),
        ("own", "my videos: face"),
        ("pom", "POM, traits of reviewers (pom)"),
    ]
    assert titles_of(pd.DataFrame()) == {}
