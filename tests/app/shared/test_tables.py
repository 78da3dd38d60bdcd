"""Tables: every cell of a Markdown table and of a table of columns is on the page, as text and never as markup."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from app.shared import tables

CARD = "# A model\n\nSome text.\n\n| figure | value |\n|---|---:|\n| a \\| b | 1 |\n| <i>c</i> | **2** |\n\n## End"


def page() -> None:
    import streamlit as st

    from app.shared import tables

    tables.markdown(st.session_state["card"], label="A card")
    tables.show({"x": [1, 2], "y": ["a", "<b>"]}, label="A table")


def test_a_card_is_text_with_tables_that_scroll_in_regions() -> None:
    app = AppTest.from_function(page)
    app.session_state["card"] = CARD
    app.run()
    assert not app.exception
    assert [one.value for one in app.markdown] == ["# A model\n\nSome text.", "## End"]
    first, second = (element.proto.body for element in app.get("html"))
    assert re.findall(r"<t[dh](?: [^>]*)?>(.*?)</t[dh]>", first) == [
        "figure",
        "value",
        "a | b",
        "1",
        "&lt;i&gt;c&lt;/i&gt;",
        "<b>2</b>",
    ]
    assert 'role="region" tabindex="0" aria-label="A card, table 1"' in first
    assert re.findall(r"<td>(.*?)</td>", second) == ["1", "a", "2", "&lt;b&gt;"]


def test_a_line_between_bars_is_no_table_without_a_rule() -> None:
    assert tables.cells("| a | b |") == ["a", "b"]
    app = AppTest.from_function(page)
    app.session_state["card"] = "| a | b |\ntext"
    app.run()
    assert app.markdown[0].value == "| a | b |\ntext"
    assert len(app.get("html")) == 1


def test_figures_stay_on_one_line_with_their_signs() -> None:
    assert tables.unbroken(">= 99.00 %") == "\u2265\u00a099.00\u00a0%"
    assert tables.unbroken("99.45 % to 99.88 %, a %") == "99.45\u00a0% to 99.88\u00a0%, a %"
