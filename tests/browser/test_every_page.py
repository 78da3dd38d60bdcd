"""Every page wide and light, narrow and dark: clean for axe-core, legible, one first heading, nothing off the side."""

from __future__ import annotations

import ast

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Visit, settle

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
LOOKS = [(1280, "light"), (390, "dark")]
STREAMLITS = [
    "[data-testid=stSidebar]",
    "[data-testid=stHeader]",
    "[data-testid=stDataFrame]",
    "[data-testid=stFileUploaderDropzone]",
    ".modebar-container",
]
"""Parts that are Streamlit's or plotly's own, which the project cannot mend."""
MAIN = "document.querySelector('[data-testid=stMain]')"
LEAST = 13.95  # of 14 pixels, but for rounding
SMALL = """least => {
  const found = [];
  const walk = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) walk(node.shadowRoot);
      if (node.closest("sub, sup, tspan, .katex, .mfm-hidden, style, script")) continue;
      const text = [...node.childNodes].filter((one) => one.nodeType === 3).map((one) => one.data.trim()).join("");
      const box = node.getBoundingClientRect();
      if (!text || !box.width || !box.height || !node.checkVisibility({ visibilityProperty: true })) continue;
      const drawn = node.getScreenCTM?.();
      const size = parseFloat(getComputedStyle(node).fontSize) * (drawn ? Math.hypot(drawn.a, drawn.b) : 1);
      if (size < least) found.push(`${size.toFixed(1)} px: ${text.slice(0, 40)}`);
    }
  };
  walk(document);
  return found;
}"""


def pages() -> dict[str, str]:
    """Folders of all pages with their titles, as ``app/main.py`` has them."""
    for node in ast.parse((ROOT / "app" / "main.py").read_text()).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="PAGES")]):
                return dict(ast.literal_eval(node.value))
    raise AssertionError("app/main.py has no PAGES")


SECTIONS = ("sample", "swap", "slide", "read", "translate")
SHIPPED = {
    "start": ["start"],
    "generate": [f"generate?section={section}" for section in SECTIONS],
    "claims": ["claims", "claims?section=systems"],
    "ablations": ["ablations"],
    "lab": ["lab"],
    "lessons": ["lessons", "lessons?lesson=swap", "lessons?lesson=swap&answers=a"],
}
"""Views that are looked at with the shipped models."""
OF_SEQUENCES = {
    "flow": ["flow?model=studio_balanced", "flow?model=studio_balanced&word=awful&step=2"],
    "dependency": ["dependency?models=ict_mmmo"],
    "about": ["about_this_model"],
}
"""Views that are looked at with small models of sequences."""


def violations(page: Page) -> list[str]:
    """Violations that axe finds in the project's own parts: rule, impact, the first places, and how to mend them."""
    context = {"exclude": [[place] for place in STREAMLITS]}
    found = Axe().run(page, context, {"resultTypes": ["violations"], "runOnly": RULES}).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {[node['target'] for node in one['nodes'][:3]]} "
        f"{one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary']}"
        for one in found
    ]


def small(page: Page) -> list[str]:
    """Text below the size, as it is laid out in elements, drawings and charts, but for indices and exponents."""
    return page.evaluate(SMALL, LEAST)  # type: ignore[no-any-return]


def check(page: Page) -> None:
    """Wait for the page as it looks now; everything that is asked of every page."""
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0, timeout=120_000)  # beside the bar of work
    settle(page)
    assert page.locator("h1").count() == 1
    typeset(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate(f"{MAIN}.scrollWidth - {MAIN}.clientWidth") <= 0  # which scrolls by itself
    assert small(page) == []
    found = violations(page)
    assert not found, "\n".join(found)


def typeset(page: Page) -> None:
    """Every formula that was sent is set: what KaTeX cannot read is shown in red, and signs outside formulas stay."""
    assert page.locator(".katex-error").all_inner_texts() == []
    assert page.locator(".stMarkdown :not(.katex *)").filter(has_text="$$").count() == 0


def look(visit: Visit, place: str) -> None:
    """Look at a page in both ways."""
    page = visit(place)
    for width, scheme in LOOKS:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 860})
        check(page)
        painted = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
        assert (sum(map(int, painted.strip("rgb()").split(","))) > 380) == (scheme == "light")


def test_every_page_is_looked_at() -> None:
    assert {*SHIPPED, *OF_SEQUENCES} == set(pages())


@pytest.mark.parametrize("place", [place for places in SHIPPED.values() for place in places])
def test_a_page_with_the_shipped_models(place: str, visit: Visit) -> None:
    look(visit, place)


@pytest.mark.parametrize("place", [place for places in OF_SEQUENCES.values() for place in places])
def test_a_page_with_models_of_sequences(place: str, watch: Visit) -> None:
    look(watch, place)


def test_type_is_larger_while_someone_presents(visit: Visit) -> None:
    page = visit("start?presenter=1")
    assert "presenter=1" in page.url
    assert page.url.split("?")[0].endswith("/")  # the name of the first page leads to its address
    assert page.locator("[data-testid=stSidebar]").count() == 0
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == 20
    assert small(page) == []
