"""Pages under test: what is asked of any of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

MAIN = str(Path(__file__).parents[2] / "app" / "main.py")


def open_page(place: str, params: dict[str, str], *, timeout: float) -> AppTest:
    """A page of the app, opened by a link; it must not fail.

    Args:
        place: Its script, as ``flow/page.py``.
        params: Query parameters of the link.
        timeout: Seconds that a run may take.
    """
    page = AppTest.from_file(MAIN, default_timeout=timeout).run()
    page.switch_page(place)
    for name, value in params.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception, page.exception
    return page


def elements(page: AppTest) -> dict[str, Any]:
    """Data of the page's own elements, by name; several of a name as a list."""
    found: dict[str, Any] = {}
    for element in page.get("bidi_component"):
        found.setdefault(element.proto.component_name, []).append(json.loads(element.proto.bytes or "{}"))
    return found


def query(page: AppTest) -> dict[str, str]:
    """Parameters of the page's link."""
    return {name: value[0] if isinstance(value, list) else value for name, value in page.query_params.items()}


def words_on(page: AppTest) -> str:
    """Everything that the page sets as HTML, as one text, without the marks of the glossary."""
    return re.sub("</?dfn.*?>", "", html_of(page))


def html_of(page: AppTest) -> str:
    """Everything that the page sets as HTML, one after the other."""
    return " ".join(element.proto.body for element in page.get("html"))
