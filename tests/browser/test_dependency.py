"""The page Dependency as it is worked and shared in a browser."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, settle
from tests.browser.looks import check_looks

ALL = "dependency?models=studio_balanced.studio_face_led.ict_mmmo"


def ready(page: Page) -> Page:
    """Wait until all work is done."""
    expect(page.locator("[data-testid=stProgress]")).to_have_count(0, timeout=120_000)
    expect(page.locator(".stPlotlyChart .main-svg").first).to_be_visible(timeout=60_000)
    expect(page.locator(".stPlotlyChart")).to_have_count(6, timeout=60_000)
    settle(page)
    return page


def cells(page: Page) -> list[str]:
    """The table of ratios, cell by cell."""
    return page.locator(".mfm-table td").all_inner_texts()


def maps(page: Page) -> list[str]:
    """The Gram matrices as they are painted."""
    paint = "images => images.map(image => image.getAttribute('xlink:href') || image.getAttribute('href'))"
    return page.locator(".stPlotlyChart image").evaluate_all(paint)  # type: ignore[no-any-return]


def test_bars_curves_and_matrices_appear_and_are_read_aloud(watch: Visit) -> None:
    page = ready(watch("dependency?models=ict_mmmo"))
    told = cells(page)
    assert "ICT-MMMO, real reviews" in told
    assert "Language" in told
    alt = page.locator(".stPlotlyChart, .stPlotlyChart *").evaluate_all(
        "all => all.map(one => one.getAttribute('aria-label') || '').join(' ')"
    )
    assert "Language, paper, CMU-MOSI: 0.307" in alt
    assert "Gram matrix of F_y" in alt
    assert len(maps(page)) == 3


def test_a_shared_link_opens_the_identical_charts(watch: Visit) -> None:
    page = ready(watch("dependency?models=ict_mmmo&bandwidth=value&value=400&n=24&gram=visual&seed=9"))
    again = ready(watch(page.url.split("/", 3)[3]))
    assert cells(again) == cells(page)
    assert maps(again) == maps(page)


def test_another_bandwidth_gives_other_ratios_and_the_difference(watch: Visit) -> None:
    page = ready(watch("dependency?models=ict_mmmo"))
    first = cells(page)
    assert len(first) == 3 * 7
    page.get_by_role("radio", name="1.0, the paper's").click()
    expect(page).to_have_url(re.compile("bandwidth=one"))
    expect(page.get_by_role("columnheader", name="difference")).to_be_visible()
    ready(page)
    changed = cells(page)
    assert changed != first
    assert [row.strip("()") for row in changed[7::9]] == [row.strip("()") for row in first[2::7]]


def test_the_numbers_are_reached_by_keyboard_and_a_bar_read_by_pointer(watch: Visit) -> None:
    page = ready(watch("dependency?models=ict_mmmo"))
    summary = page.locator("summary").filter(has_text="The numbers").last
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-testid=stDataFrame]").last).to_be_visible()
    bar = page.locator(".stPlotlyChart").first.locator(".bars .point path").first
    bar.hover(force=True)  # plotly lays what listens to the pointer over the bars
    expect(page.locator(".hoverlayer .hovertext").first).to_contain_text("p =")


def test_a_hostile_link_shows_a_notice_and_no_traceback(watch: Visit) -> None:
    page = watch("dependency?models=%3Cscript%3E&n=1e9&kernel=../../etc")
    expect(page.get_by_role("alert").first).to_be_visible()
    text = page.inner_text("body")
    assert "Traceback" not in text
    assert "encountered an error" not in text


def test_its_looks(watch: Visit, tmp_path: Path) -> None:
    check_looks(watch, ALL, tmp_path, ready)
