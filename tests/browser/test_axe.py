"""Every page by axe-core, in light, in dark and on a phone: WCAG 2 A and AA, and its best practices."""

from __future__ import annotations

import ast

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Visit, settle

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
LOOKS = [(1280, "light"), (390, "dark")]
STREAMLITS = ["[data-testid=stSidebar]", "[data-testid=stHeader]", "[data-testid=stDataFrame]", ".modebar-container"]
"""Parts that are Streamlit's or plotly's own, which the project cannot mend."""


def pages() -> dict[str, str]:
    """Folders of all pages with their titles, as ``app/main.py`` has them."""
    for node in ast.parse((ROOT / "app" / "main.py").read_text()).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="PAGES")]):
                return dict(ast.literal_eval(node.value))
    raise AssertionError("app/main.py has no PAGES")


OF_SEQUENCES = {
    "flow": ["flow?model=studio_balanced"],
    "dependency": ["dependency?models=ict_mmmo"],
    "lessons": [],  # to be looked at: "lessons" and "lessons?lesson=swap"
    "about": ["about_this_model"],
}
"""Views that are looked at with small models of sequences; all others are with the shipped models."""
SECTIONS = ("sample", "swap", "slide", "read", "translate")
PLACES = [
    f"{folder}?section={section}" if section else title.lower().replace(" ", "_")
    for folder, title in pages().items()
    if folder not in OF_SEQUENCES
    for section in (SECTIONS if folder == "generate" else ("",))
]


def violations(page: Page) -> list[str]:
    """Violations that axe finds in the project's own parts: rule, impact, the first places, and how to mend them."""
    context = {"exclude": [[place] for place in STREAMLITS]}
    found = Axe().run(page, context, {"resultTypes": ["violations"], "runOnly": RULES}).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {[node['target'] for node in one['nodes'][:3]]} "
        f"{one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary']}"
        for one in found
    ]


def check(page: Page) -> None:
    """Wait for the page, then look for one first heading and no violation."""
    expect(page.locator("[data-testid=stProgress]")).to_have_count(0, timeout=120_000)
    settle(page)
    assert page.locator("h1").count() == 1
    found = violations(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("place", PLACES)
def test_a_page_with_the_shipped_models_is_clean(place: str, width: int, scheme: str, visit: Visit) -> None:
    check(visit(place, width=width, scheme=scheme))


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("place", [place for places in OF_SEQUENCES.values() for place in places])
def test_a_page_with_models_of_sequences_is_clean(place: str, width: int, scheme: str, watch: Visit) -> None:
    check(watch(place, width=width, scheme=scheme))
