"""The paper's numbers: complete, consistent with Table 1 and with what the text says of them."""

from __future__ import annotations

from collections import Counter

from mfm_core.evaluation.paper import EMOTIONS, TRAITS, paper_values
from mfm_core.networks.ablation import TABLE_2

VALUES = list(paper_values())


def of(dataset: str, system: str, key: str, subject: str = "", table: str = "Supplement") -> float:
    (found,) = (
        v.value
        for v in VALUES
        if (v.dataset, v.system, v.key, v.subject) == (dataset, system, key, subject) and v.table.startswith(table)
    )
    return found


def test_the_tables_have_the_rows_and_columns_of_the_supplement() -> None:
    rows = {table: len({v.system for v in VALUES if v.table == table}) for table in {v.table for v in VALUES}}
    assert rows == {"Supplement, Table 1": 12, "Supplement, Table 2": 25, "Supplement, Table 3": 23, "Table 2": 6}
    assert (len(TRAITS), len(EMOTIONS)) == (16, 6)
    assert Counter(v.table for v in VALUES)["Supplement, Table 1"] == 12 * 16
    assert Counter(v.table for v in VALUES)["Supplement, Table 3"] == 23 * 12


def test_table_1_repeats_the_supplement() -> None:
    # Read from Table 1 of the paper's text: its SOTA rows and that of MFM.
    assert of("pom", "mfm", "r", "dominant") == 0.411
    assert of("pom", "mfn", "r", "trusting") == 0.296
    assert of("cmu_mosi", "marn", "a2") == 0.771
    assert of("youtube", "mfm", "accuracy") == 0.533
    assert of("iemocap", "bc_lstm", "f1", "sad") == 0.817
    assert of("cmu_mosi", "mfm", "mae") == of("cmu_mosi", "mfm", "mae", table="Table 2") == 0.961


def test_only_what_the_table_leaves_out_is_missing() -> None:
    mosi = {v.key for v in VALUES if v.dataset == "cmu_mosi" and v.system == "sal_cnn"}
    assert mosi == {"a2"}
    assert all(0 <= v.value <= 1 for v in VALUES if v.unit == "share")
    assert {v.higher_is_better for v in VALUES if v.key == "mae"} == {False}


# Read from Table 2 of the paper's text: a column a design choice, - where the cell is empty.
DESIGN_CHOICES = """
m_e yes no - -
m_d no no - -
m_c yes yes no -
m_b no yes no -
m_a yes yes yes no
mfm yes yes yes yes
"""


def test_the_networks_have_the_design_choices_of_table_2() -> None:
    said = {True: "yes", False: "no", None: "-"}
    rows = {" ".join([name, *(said[has] for has in design.choices().values())]) for name, design in TABLE_2.items()}
    assert rows == set(DESIGN_CHOICES.strip().splitlines())
