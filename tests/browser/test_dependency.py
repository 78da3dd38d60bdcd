"""The page Dependency as it is worked and shared in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, pixels, settle

ALL = "dependency?models=studio_balanced.studio_face_led.ict_mmmo"


def ready(page: Page) -> Page:
    """Wait until all work is done."""
    expect(page.locator("[data-testid=stProgress]")).to_have_count(0, timeout=120_000)
    expect(page.locator("figure canvas")).to_have_count(3, timeout=60_000)
    settle(page)
    return page


def bars(page: Page) -> list[str]:
    return page.locator(".row").evaluate_all("rows => rows.map(row => row.title)")  # type: ignore[no-any-return]


def test_bars_curves_and_matrices_appear_and_are_read_aloud(watch: Visit) -> None:
    page = ready(watch("dependency?models=ict_mmmo"))
    told = bars(page)
    assert any(text.startswith("Language, ICT-MMMO") and "95 % interval" in text for text in told)
    assert "Language, paper, CMU-MOSI: 0.31, without an interval" in told
    expect(page.locator("section.chart")).to_have_count(2)
    expect(page.get_by_text(re.compile("times as much as on its own factor")).first).to_be_visible()


def test_a_shared_link_opens_the_identical_charts(watch: Visit) -> None:
    page = ready(watch("dependency?models=ict_mmmo&bandwidth=value&value=400&n=24&gram=visual&seed=9"))
    again = ready(watch(page.url.split("/", 3)[3]))
    assert bars(again) == bars(page)
    assert pixels(again) == pixels(page)


def test_another_bandwidth_gives_other_bars(watch: Visit) -> None:
    page = ready(watch("dependency?models=ict_mmmo"))
    first = bars(page)
    page.get_by_role("radio", name="median").click()
    expect(page).to_have_url(re.compile("bandwidth=median"))
    ready(page)
    assert bars(page) != first
    page.get_by_role("radio", name="1.0, the paper's").click()
    ready(page)
    assert bars(page) == first


def test_the_curves_are_walked_by_keyboard_and_the_matrices_read_by_pointer(watch: Visit) -> None:
    page = ready(watch("dependency?models=ict_mmmo"))
    chart = page.locator("section.chart").first
    chart.focus()
    page.keyboard.press("Home")
    expect(chart.locator(".readout")).to_contain_text("bandwidth 0.25:")
    page.keyboard.press("ArrowRight")
    expect(chart.locator(".readout")).to_contain_text("bandwidth 0.5:")
    assert "bandwidth 0.5" in (chart.get_attribute("aria-valuetext") or "")
    page.locator("figure canvas").first.hover(position={"x": 3, "y": 3})
    expect(page.locator(".maps + .readout")).to_contain_text("1.00")


def test_a_hostile_link_shows_a_notice_and_no_traceback(watch: Visit) -> None:
    page = watch("dependency?models=%3Cscript%3E&n=1e9&kernel=../../etc")
    expect(page.get_by_role("alert").first).to_be_visible()
    text = page.inner_text("body")
    assert "Traceback" not in text
    assert "encountered an error" not in text


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_screenshots(width: int, scheme: str, watch: Visit, tmp_path: Path) -> None:
    page = ready(watch(ALL, width=width, scheme=scheme))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tall = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
    page.set_viewport_size({"width": width, "height": int(tall) + 60})
    settle(page)
    page.screenshot(path=tmp_path / f"dependency-{width}-{scheme}.png")
    painted = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    brightness = sum(int(part) for part in re.findall(r"\d+", painted)[:3])
    assert (brightness > 600) == (scheme == "light")
