"""Every page as the README shows it: whole, without an error, and no wider than the window.

The pictures are written where MFM_SCREENSHOTS says, relative to the project: ``MFM_SCREENSHOTS=docs/screenshots``.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import ROOT, Visit, settle

WIDTH, HEIGHT = 1280, 860
SMALL = 960
"""Width of the pictures of the README, in pixels."""
MOST = 150_000
"""Bytes of one of them."""
PAGES = {
    "start": "",
    "generate": "generate?section=swap&seed=2",
    "slide": "generate?section=slide",
    "flow": "flow?clip=18&truth=shown",
    "dependency": "dependency?bandwidth=median",
    "claims": "claims",
    "ablations": "ablations",
    "lab": "lab",
    "lessons": "lessons?lesson=swap&answers=b",
    "about": "about_this_model",
}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_its_picture(name: str, visit: Visit, tmp_path: Path) -> None:
    page = visit(PAGES[name], width=WIDTH, height=HEIGHT)
    expect(page.locator("[data-testid=stProgress] >> text=/Measuring|Computing/")).to_have_count(0, timeout=180_000)
    settle(page)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    assert len(picture.getcolors(maxcolors=1 << 20) or []) > 50  # more than a blank page has
    folder = os.environ.get("MFM_SCREENSHOTS")
    target = (ROOT / folder if folder else tmp_path) / f"{name}.webp"
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.resize((SMALL, SMALL * HEIGHT // WIDTH), Image.Resampling.LANCZOS).save(target, quality=82, method=6)
    assert target.stat().st_size < MOST
