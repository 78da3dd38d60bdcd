"""Charts and tables of a page under test, as the browser is sent them."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def charts(page: AppTest) -> list[dict[str, Any]]:
    """Each plotly chart of the page: its figure, and the text alternative as ``alt``."""
    found = []
    for element in page.get("plotly_chart"):
        figure = json.loads(element.proto.spec)
        found.append(figure | {"alt": element.proto.alt})
    return found


def numbers(page: AppTest, place: int = 0) -> list[dict[str, Any]]:
    """The rows of the table behind a chart, by its place among the charts."""
    rows: list[dict[str, Any]] = page.dataframe[place].value.to_dict("records")
    return rows
