"""The looks of a page: wide and narrow, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, Request

from tests.browser.conftest import Visit, arrive, settle

LOOKS: dict[int, tuple[Literal["light", "dark"], ...]] = {1280: ("light", "dark"), 390: ("dark", "light")}
"""Widths in pixels, each with the scheme in which the page is loaded and the one to which it changes then."""


def check_looks(
    visit: Visit,
    link: str,
    folder: Path,
    ready: Callable[[Page], object] = settle,
    same: Callable[[Page], object] | None = None,
) -> None:
    """Check a page in each look, and take its picture there.

    It is no wider than its window and is painted in its scheme. Its own link, which is opened for the second width,
    asks nobody but the app's server and shows the same.

    Args:
        visit: Opens pages.
        link: The page.
        folder: Where the pictures are written.
        ready: Waits until the page is complete.
        same: Whatever must be the same when the page's own link is opened; None to compare nothing.
    """
    page = visit(link)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    look_at(page, 1280, link, folder, ready)
    first = same(page) if same is not None else None
    page.set_viewport_size({"width": 390, "height": 860})
    page.on("request", note)
    page.goto(page.url)
    arrive(page)
    assert same is None or same(page) == first
    look_at(page, 390, link, folder, ready)
    page.remove_listener("request", note)
    server = page.url.split("?")[0].rpartition("/")[0]
    assert asked
    own = (f"{server}/", f"{server}/".replace("http", "ws", 1), "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []


def look_at(page: Page, width: int, link: str, folder: Path, ready: Callable[[Page], object]) -> None:
    """Check a page that is loaded in a width in both schemes, as tall as it is."""
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tall = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
    page.set_viewport_size({"width": width, "height": int(tall) + 60})
    name = re.sub(r"\W+", "-", link)
    for scheme in LOOKS[width]:
        page.emulate_media(color_scheme=scheme)
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, scheme
        page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
        painted = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
        brightness = sum(int(part) for part in re.findall(r"\d+", painted)[:3])
        assert (brightness > 600) == (scheme == "light"), scheme
