"""Type of at least 14 pixels on every page, as it is laid out: in elements, drawings and charts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit, settle

LEAST = 13.95  # of 14 pixels, but for rounding
SMALL = """least => {
  const found = [];
  const walk = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) walk(node.shadowRoot);
      if (node.closest("sub, sup, tspan, .katex, .visually-hidden, .mfm-hidden, style, script")) continue;
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


def small(page: Page) -> list[str]:
    """Text below the size, but for indices and exponents."""
    settle(page)
    return page.evaluate(SMALL, LEAST)  # type: ignore[no-any-return]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("place", ["", "generate?section=swap", "generate?section=slide"])
def test_pages_of_digits(place: str, width: int, visit: Visit) -> None:
    assert small(visit(place, width=width)) == []


@pytest.mark.parametrize("place", ["flow", "dependency?models=ict_mmmo", "claims?section=systems", "ablations"])
def test_pages_of_videos_and_results(place: str, watch: Visit) -> None:
    page = watch(place)
    page.locator("[data-testid=stProgress]").wait_for(state="detached", timeout=120_000)
    assert small(page) == []


def test_it_is_larger_while_someone_presents(visit: Visit) -> None:
    page = visit("generate?presenter=1")
    assert page.locator("[data-testid=stSidebar]").count() == 0
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == 20
    assert small(page) == []
