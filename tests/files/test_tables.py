"""Tables of results: columns of their kinds, and one sentence of whatever is no such table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfm_core.experiments.losses import read_losses
from mfm_core.experiments.results import read_comparisons, results_folder
from mfm_core.files import tables
from mfm_core.files.tables import read_table
from tests.doors.doors import damaged, door, one_sentence

KINDS = {"name": "text", "n": "whole", "value": "number", "better": "truth"}
WHOLE = "name,n,value,better,more\nNA,3,0.5,True,x\n,4,,False,\n"


def test_columns_are_of_their_kinds(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(WHOLE)
    table = read_table(tmp_path / "t.csv", KINDS, {"p": "number"})
    assert table["name"].tolist() == ["NA", ""]
    assert table["n"].tolist() == [3, 4]
    assert table["better"].tolist() == [True, False]
    assert table["more"].tolist() == ["x", ""]
    np.testing.assert_array_equal(table["value"], [0.5, np.nan])
    assert table["p"].isna().all()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.5", "high", r"row 1: value: expected a number, got 'high'"),
        (",4,", ",4.5,", r"row 2: n: expected a whole number, got '4\.5'"),
        (",4,", ",,", r"row 2: n: expected a whole number, got ''"),
        ("False", "no", r"row 2: better: expected True or False, got 'no'"),
        ("better", "worse", r"expected a table as cmd writes it, with the columns .*, got none named better"),
        (WHOLE, "", r"expected a table as cmd writes it \(No columns to parse from file\)"),
    ],
)
def test_what_is_no_such_table_is_told_in_a_sentence(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(WHOLE.replace(old, new))
    with pytest.raises(ValueError, match=rf"^{tmp_path}/t\.csv: {message}$"):
        read_table(tmp_path / "t.csv", KINDS, source="cmd")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    (tmp_path / "t.csv").write_text(WHOLE)
    with pytest.raises(ValueError, match=r"expected at most 10 bytes, got \d+$"):
        read_table(tmp_path / "t.csv", KINDS)


@given(data=st.data())
@door
def test_any_file_of_results_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    for name in ("ict_mmmo.comparisons.csv", "losses.csv"):
        source = results_folder() / name
        if not source.is_file():
            pytest.skip("no results are stored")
        lines = source.read_bytes().splitlines(keepends=True)
        (tmp_path / name).write_bytes(data.draw(damaged(b"".join(lines[:3]))))
        try:
            read_losses(tmp_path / name) if name == "losses.csv" else read_comparisons(tmp_path)
        except ValueError as error:
            one_sentence(error)
