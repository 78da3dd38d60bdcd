"""The map of the latent space: a lasso tells of many pairs, and the stored UMAP layout is walked like a plane."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from app.generate.digit_model import MODEL
from app.generate.slider_models import CONTRAST
from app.shared import stored_models
from mfm_core.storage.models import UMAP
from tests.browser.conftest import ROOT, Visit, settle
from tests.browser.test_slide import PLANE, at_rest, drag, opened, picture, slider

STORED = (ROOT / "pretrained" / MODEL / UMAP).exists()


def mapped(visit: Visit) -> Page:
    page = opened(visit)
    page.locator("details.map > summary").click()
    expect(page.locator(".mapbody > .note")).to_contain_text("held-out pairs", timeout=90_000)
    settle(page)
    page.locator(PLANE).scroll_into_view_if_needed()
    return page


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    box = page.locator(PLANE).bounding_box()
    assert box is not None
    return box["x"] + box["width"] * x, box["y"] + box["height"] * y


def lassoed(page: Page) -> Locator:
    """Draw a lasso around the middle of the map, and return what is told of it."""
    page.mouse.move(*at(page, 0.25, 0.2))
    page.mouse.down()
    for corner in ((0.75, 0.2), (0.75, 0.8), (0.25, 0.8)):
        page.mouse.move(*at(page, *corner), steps=4)
    page.mouse.up()
    return page.locator(".lassoed")


def test_the_map_shows_a_pair_and_sets_the_sliders(visit: Visit) -> None:
    page = opened(visit)
    drag(page, slider(page, "a0", 1), 0.5, 0.8)
    style = picture(page, 0)
    page.locator("details.map > summary").click()
    expect(page.locator(".mapbody .note")).to_contain_text("held-out pairs", timeout=90_000)
    settle(page)
    assert picture(page, 0) == style, "asking for the map left the sliders alone"
    assert "model=" not in page.url
    plane = page.locator(PLANE)
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    assert box is not None
    tip = page.locator(".tip")
    for step in range(80):
        page.mouse.move(box["x"] + box["width"] * (0.3 + 0.005 * step), box["y"] + box["height"] * 0.4)
        page.wait_for_timeout(80)
        if tip.is_visible():
            break
    expect(tip).to_contain_text(re.compile(r"pair \d+: a \d"))
    before = [slider(page, "y", place).input_value() for place in range(3)]
    page.mouse.down()
    page.mouse.up()
    at_rest(page)
    assert [slider(page, "y", place).input_value() for place in range(3)] != before
    page.get_by_label("Which latent").select_option("svhn")
    page.get_by_label("Axes", exact=True).select_option("strongest")
    page.locator(".plane").focus()
    strongest = float(slider(page, "a0", 0).input_value())
    page.keyboard.press("ArrowRight")
    at_rest(page)
    assert float(slider(page, "a0", 0).input_value()) == pytest.approx(strongest + 0.15, abs=0.051)


def test_a_lasso_tells_of_the_pairs_inside_and_its_mean_is_taken(visit: Visit) -> None:
    page = mapped(visit)
    before = picture(page, 0)
    told = lassoed(page)
    expect(told).to_contain_text(re.compile(r"[\d,]+ pairs: \d+ of digit \d"))
    assert picture(page, 0) == before, "the end of a lasso is no click"
    expect(told.get_by_role("button")).to_have_count(8)
    told.get_by_role("button", name="mean").click()
    at_rest(page)
    assert picture(page, 0) != before
    page.get_by_role("button", name="Clear the choice of pairs").click()
    expect(told).to_be_empty()


def test_the_map_of_a_style_counts_pictures(visit: Visit) -> None:
    page = mapped(visit)
    page.get_by_label("Which latent").select_option("svhn")
    note = page.locator(".mapbody > .note")
    expect(note).to_contain_text(re.compile(r"^[\d,]+ held-out pictures of SVHN, each once"))
    told = lassoed(page)
    expect(told).to_contain_text(re.compile(r"[\d,]+ pictures of SVHN: \d+ of digit \d"))
    near = told.locator("button.near .twins canvas:first-child")
    assert len(set(near.evaluate_all("(all) => all.map((one) => one.toDataURL())"))) == 8


@pytest.mark.skipif(CONTRAST not in stored_models.models(), reason=f"{CONTRAST} is not stored")
def test_the_map_comes_back_with_the_model_that_it_is_of(visit: Visit) -> None:
    page = mapped(visit)
    note, models = page.locator(".mapbody > .note"), page.get_by_role("group", name="Model").get_by_role("button")
    told = note.text_content()
    for place in (1, 0):
        models.nth(place).click()
        page.locator("details.map > summary").click()
        expect(page.locator("details.map")).to_have_attribute("open", "")
    expect(note).to_have_text(told or "", timeout=90_000)


@pytest.mark.skipif(not STORED, reason=f"no UMAP layout of {MODEL} is stored")
def test_an_empty_place_of_the_umap_layout_is_decoded_from_its_neighbours(visit: Visit) -> None:
    page = mapped(visit)
    page.get_by_label("Axes", exact=True).select_option("umap")
    expect(page.locator(".mapbody > .note")).to_contain_text("its axes have no unit")
    seen = {picture(page, 1)}
    for corner in ((0.2, 0.06), (0.8, 0.94)):
        page.mouse.click(*at(page, *corner))
        at_rest(page)
        seen.add(picture(page, 1))
    assert len(seen) == 3
