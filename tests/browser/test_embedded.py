"""The app inside a page of another site: there the upload's cookie does not arrive, and the page says the way out."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit, settle

LINK = "Open it in a tab of its own"


def test_an_uploader_in_a_foreign_page_offers_a_tab_of_its_own(chromium: Browser, server: str) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_content(f'<iframe src="{server}/lab?embed=true&data=upload&d_y=5" width="1200" height="800"></iframe>')
    app = page.frame_locator("iframe")
    link = app.get_by_role("link", name=LINK)
    expect(link).to_be_visible(timeout=60_000)
    assert app.locator("[class*=st-key-own_tab_]").evaluate("node => getComputedStyle(node).position") == "static"
    with context.expect_page() as opened:
        link.click()
    own = opened.value
    own.locator("h2").first.wait_for(timeout=60_000)
    settle(own)
    assert "embed" not in own.url
    assert "data=upload" in own.url
    assert "d_y=5" in own.url
    expect(own.get_by_role("link", name=LINK)).to_have_count(0)
    own.locator("input[type=file]").set_input_files({"name": "x.npz", "mimeType": "application/zip", "buffer": b"no"})
    expect(own.get_by_text("x.npz")).to_be_visible()
    context.close()


def test_nothing_is_offered_where_the_page_stands_alone(visit: Visit) -> None:
    page = visit("lab?data=upload", width=390)
    expect(page.locator("input[type=file]")).to_be_attached()
    assert page.get_by_role("link", name=LINK).count() == 0
    place = page.locator("[class*=st-key-own_tab_]")
    assert place.evaluate("node => getComputedStyle(node).position") == "absolute"  # and so keeps no room
