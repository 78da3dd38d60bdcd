"""The sliders where something is missing: the network, a model that a link asks for, room."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from app.generate.slider_models import CONTRAST
from tests.browser.conftest import ROOT, Visit
from tests.browser.test_slide import at_rest, opened, picture, slider


def test_without_a_network_sliding_goes_on_and_a_model_that_cannot_be_fetched_leaves_the_one_on_show(
    visit: Visit,
) -> None:
    if not (ROOT / "pretrained" / CONTRAST / "codes.safetensors").exists():
        pytest.skip(f"{CONTRAST} is not stored")
    page = opened(visit)
    models = page.get_by_role("group", name="Model").get_by_role("button")
    before = picture(page, 0)
    page.route("**/*.safetensors.gz", lambda route: route.abort())
    models.nth(1).click()
    expect(page.get_by_role("status").filter(has_text="could not be loaded")).to_be_visible()
    expect(models.nth(0)).to_have_attribute("aria-pressed", "true")
    page.unroute("**/*.safetensors.gz")
    page.context.set_offline(True)
    slider(page, "a0").press("End")
    at_rest(page)
    assert picture(page, 0) != before
    page.context.set_offline(False)
    models.nth(1).click()  # what failed is asked for again
    expect(page).to_have_url(re.compile(f"model={CONTRAST}"))
    at_rest(page)
    expect(models.nth(1)).to_have_attribute("aria-pressed", "true")


def test_a_link_to_another_model_or_lock_says_what_is_shown(visit: Visit) -> None:
    page = opened(visit, "generate?section=slide&model=nowhere&locks=svhn-1.nothing&z=AAAA")
    for part in ("model", "locks", "z"):
        expect(page.get_by_role("alert").filter(has_text=f"“{part}”")).to_be_visible()
    expect(page.locator(".lock[aria-pressed=true]")).to_have_count(1)
    expect(page).not_to_have_url(re.compile("nothing|nowhere|AAAA"))


def test_on_a_narrow_page_the_bars_and_the_digit_of_the_wheel_are_seen(visit: Visit) -> None:
    page = opened(visit, width=390)
    for one in (".bars rect.top", ".bars text.top", ".wheel text.top"):
        box = page.locator(one).bounding_box()
        assert box is not None, f"{one} is not drawn"
        assert box["height"] > 4, one
