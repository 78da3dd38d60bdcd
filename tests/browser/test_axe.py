"""Every page by axe-core, in light and dark and on a phone: no violation of WCAG 2 A and AA, nor of its best practices.

axe-core comes from npm: ``npm install --no-save axe-core``, or ``MFM_AXE`` names its ``axe.min.js``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Visit, settle

AXE = Path(os.environ.get("MFM_AXE", ROOT / "node_modules" / "axe-core" / "axe.min.js"))
SECTIONS = ("sample", "swap", "read", "translate")
GENERATE = tuple(f"generate?section={section}" for section in SECTIONS)
OTHERS = (
    "flow?model=studio_balanced",
    "dependency?models=ict_mmmo",
    "lessons",
    "lessons?lesson=swap",
    "about_this_model",
)
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
STREAMLITS = "[data-testid=stSidebar], [data-testid=stHeader], [data-testid=stDataFrame], .modebar-container"
"""Parts that are Streamlit's or plotly's own, which the project cannot mend."""

pytestmark = pytest.mark.skipif(not AXE.is_file(), reason=f"no axe-core: {AXE} is not there")


def violations(page: Page) -> list[str]:
    """Violations that axe finds in the project's own parts: rule, impact, and the first few places."""
    page.add_script_tag(path=AXE)
    found: dict[str, Any] = page.evaluate(
        "exclude => axe.run({ exclude: [exclude] }, { resultTypes: ['violations'], "
        "runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })",
        STREAMLITS,
    )
    return [
        f"{one['id']} ({one['impact']}): {[node['target'] for node in one['nodes'][:3]]} "
        f"{one['nodes'][0]['failureSummary']}"
        for one in found["violations"]
    ]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("place", GENERATE)
def test_the_page_generate_is_clean(place: str, width: int, scheme: str, visit: Visit) -> None:
    assert violations(visit(place, width=width, scheme=scheme)) == []


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("place", OTHERS)
def test_the_other_pages_are_clean(place: str, width: int, scheme: str, watch: Visit) -> None:
    page = watch(place, width=width, scheme=scheme)
    expect(page.locator("[data-testid=stProgress]")).to_have_count(0, timeout=120_000)
    settle(page)
    assert page.locator("h1").count() == 1
    assert violations(page) == []
