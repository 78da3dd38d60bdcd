"""The sliders of the page Generate, which decode in the browser."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from app.generate.digit_model import MODEL
from app.generate.slider_models import CONTRAST
from tests.browser.conftest import ROOT, Visit, settle
from tests.browser.test_generate import count_sent

PLANE = ".plane .nsewdrag"
"""Where the map's points are."""
DECODED = "() => Number(find('[data-frame]').dataset.frame)"
FIND = """window.find = (selector) => {
  const walk = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.matches(selector)) return node;
      const found = node.shadowRoot && walk(node.shadowRoot);
      if (found) return found;
    }
    return null;
  };
  return walk(document);
}"""


def opened(visit: Visit, query: str = "generate?section=slide", **more: object) -> Page:
    page = visit(query, **more)
    painted(page)
    return page


def painted(page: Page) -> None:
    """Wait for the first pictures."""
    page.evaluate(FIND)
    page.locator("[data-strip]").wait_for(timeout=60_000)
    at_rest(page)


def at_rest(page: Page) -> None:
    """Wait until the workers are idle and the link is written."""
    page.wait_for_timeout(100)
    expect(page.locator("[data-busy]")).to_have_count(0, timeout=60_000)


def picture(page: Page, place: int) -> str:
    return page.locator(".picture canvas").nth(place).evaluate("(canvas) => canvas.toDataURL()")  # type: ignore[no-any-return]


def slider(page: Page, group: str, place: int = 0) -> Locator:
    return page.locator(f".group.{group} input[type=range]").nth(place)


def drag(page: Page, control: Locator, *shares: float) -> None:
    control.scroll_into_view_if_needed()
    box = control.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * shares[0], y)
    page.mouse.down()
    for share in shares[1:]:
        page.mouse.move(box["x"] + box["width"] * share, y)
    page.mouse.up()
    at_rest(page)


def digit(page: Page) -> str:
    return page.locator(".says b").inner_text()


def test_a_style_changes_its_picture_and_nothing_else_and_asks_no_server(visit: Visit) -> None:
    page = opened(visit)
    sent = count_sent(page)
    painted(page)
    svhn, mnist, said = picture(page, 0), picture(page, 1), digit(page)
    frames = page.evaluate(DECODED)
    sent.clear()
    drag(page, slider(page, "a0"), *(0.2 + 0.03 * step for step in range(20)))
    assert sent == [], "the server was asked"
    assert page.evaluate(DECODED) > frames + 3
    assert picture(page, 0) != svhn
    assert picture(page, 1) == mnist
    assert digit(page) == said


def test_a_setting_of_a_style_is_counted_once_where_it_is_let_go(visit: Visit) -> None:
    page = opened(visit)
    counted, control = page.locator(".counted"), slider(page, "a0")
    drag(page, control, *(0.2 + 0.03 * step for step in range(20)))
    expect(counted).to_contain_text(re.compile(r"label unchanged at [01] of your last 1 setting,"))
    page.get_by_role("button", name="Undo").click()
    drag(page, slider(page, "y", 1), 0.5, 0.9)
    control.press("End")
    control.press("End")  # moves nothing
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Stop").click()
    at_rest(page)
    expect(counted).to_contain_text("of your last 2 settings")


def test_the_wheel_changes_the_digit_and_keeps_the_styles(visit: Visit) -> None:
    page = opened(visit)
    styles = [slider(page, group, place).input_value() for group in ("a0", "a1") for place in range(3)]
    strip = page.locator(".strip canvas").first.evaluate("(canvas) => canvas.toDataURL()")
    before = [picture(page, place) for place in (0, 1)]
    wheel = page.get_by_role("slider", name="Digit wheel: Z_y")
    box = wheel.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.11, steps=4)
    page.mouse.up()
    at_rest(page)
    top = page.locator(".strip button[aria-pressed=true]").count()
    assert top == 1
    assert [picture(page, place) for place in (0, 1)] != before
    assert styles == [slider(page, group, place).input_value() for group in ("a0", "a1") for place in range(3)]
    assert page.locator(".strip canvas").first.evaluate("(canvas) => canvas.toDataURL()") == strip


def test_the_wheel_is_worked_by_keyboard_and_shows_what_it_says(visit: Visit) -> None:
    page = opened(visit)
    wheel = page.get_by_role("slider", name="Digit wheel: Z_y")
    wheel.focus()
    seen = set()
    for key in ("0", "1", "4", "Home", "End", "PageDown", "ArrowLeft"):
        page.keyboard.press(key)
        at_rest(page)
        seen.add(picture(page, 1))
        assert digit(page) in (wheel.get_attribute("aria-valuetext") or "")
    assert len(seen) >= 5


def test_a_link_opens_the_identical_pictures_and_sliders(visit: Visit) -> None:
    page = opened(visit)
    drag(page, slider(page, "a0", 1), 0.5, 0.8)
    drag(page, slider(page, "a1", 0), 0.5, 0.15)
    drag(page, slider(page, "y", 2), 0.5, 0.7)
    expect(page).to_have_url(re.compile(r"\bz=[\w-]{20,}"))
    again = opened(visit, "generate?" + page.url.split("?", 1)[1])
    assert [picture(again, place) for place in (0, 1)] == [picture(page, place) for place in (0, 1)]
    values = [[row.input_value() for row in one.locator(".group input[type=range]").all()] for one in (page, again)]
    assert values[0] == values[1]


def test_the_link_survives_what_the_server_writes_into_it(visit: Visit) -> None:
    page = opened(visit)
    drag(page, slider(page, "a0", 1), 0.5, 0.8)
    expect(page).to_have_url(re.compile(r"\bz="))
    before = [picture(page, place) for place in (0, 1)]
    expect(page.get_by_label("Seed", exact=True)).to_have_count(0)  # nothing on Slide is drawn by it
    page.get_by_role("radio", name="Read").click()
    settle(page)
    page.get_by_label("Seed", exact=True).fill("7")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\bseed=7"))
    settle(page)
    page.get_by_role("radio", name="Slide").click()
    settle(page)
    painted(page)
    expect(page).to_have_url(re.compile(r"seed=7.*\bz=|\bz=.*seed=7"))
    assert [picture(page, place) for place in (0, 1)] == before
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_sliders_are_found_as_they_were_left(visit: Visit) -> None:
    page = opened(visit)
    drag(page, slider(page, "a0", 1), 0.5, 0.8)
    before = [picture(page, place) for place in (0, 1)]
    page.get_by_role("radio", name="Read").click()
    settle(page)
    page.get_by_role("radio", name="Slide").click()
    settle(page)
    painted(page)
    assert [picture(page, place) for place in (0, 1)] == before


def test_undo_reset_and_lock(visit: Visit) -> None:
    page = opened(visit)
    first, control = picture(page, 0), slider(page, "a0", 2)
    start = control.input_value()
    drag(page, control, 0.5, 0.95)
    moved = control.input_value()
    assert moved != start
    page.get_by_role("button", name="Undo").click()
    at_rest(page)
    assert picture(page, 0) == first
    control.press("End")
    control.press("End")  # moves nothing, and is no step to undo
    page.get_by_role("button", name="Undo").click()
    at_rest(page)
    assert control.input_value() == start
    drag(page, control, 0.5, 0.95)
    row = page.locator(".group.a0 .slider").nth(2)
    row.locator("button.lock").click()
    expect(control).to_be_disabled()
    page.get_by_role("button", name="Draw Z_a of SVHN from the prior").click()
    at_rest(page)
    assert picture(page, 0) != first
    assert float(control.input_value()) == pytest.approx(float(moved), abs=0.051)
    row.locator("button.lock").click()
    row.locator("button.value").click()
    assert float(control.input_value()) == pytest.approx(float(start), abs=0.051)
    page.get_by_role("button", name="Reset all sliders").click()
    at_rest(page)
    assert picture(page, 0) == first


def test_a_slider_is_renamed_in_the_link(visit: Visit) -> None:
    page = opened(visit)
    page.locator(".group.a1 .slider button.name").first.click()
    page.keyboard.type("lean <b>")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("names="))
    again = opened(visit, "generate?" + page.url.split("?", 1)[1])
    expect(again.locator(".group.a1 .slider button.name").first).to_have_text("lean <b>")
    kept = again.locator(".group.a1 .slider .r").first
    if kept.count():
        expect(kept).to_have_text(re.compile(r"^r \S+ with \w+"))


def test_sliding_goes_on_without_a_network(visit: Visit) -> None:
    page = opened(visit)
    before = [picture(page, place) for place in (0, 1)]
    page.context.set_offline(True)
    page.evaluate("() => { window.fetch = () => Promise.reject(new Error('off')); }")
    drag(page, slider(page, "a0"), 0.3, 0.9)
    drag(page, slider(page, "a1"), 0.3, 0.9)
    assert all(picture(page, place) != before[place] for place in (0, 1))


@pytest.mark.parametrize("broken", ["worker", "weights"])
def test_where_the_browser_cannot_decode_the_server_does(broken: str, visit: Visit) -> None:
    page = visit("generate?seed=3", workers=broken != "worker")
    if broken == "weights":
        page.route("**/app/static/**", lambda route: route.abort())
    page.goto(page.url.split("?")[0] + "?section=slide")
    note = page.get_by_role("status").filter(has_text="The server decodes here")
    expect(note).to_be_visible()
    settle(page)
    expect(page.locator(".track input[type=range]")).to_have_count(1)


def take(page: Page, name: str) -> bytes:
    page.locator("details.take summary").click()
    with page.expect_download(timeout=120_000) as waited:
        page.get_by_role("button", name=name).click()
    page.locator("details.take summary").click()
    return Path(waited.value.path()).read_bytes()


def test_what_is_taken_home_is_what_was_shown(visit: Visit) -> None:
    page = opened(visit)
    drag(page, slider(page, "a1"), 0.5, 0.6)
    with Image.open(io.BytesIO(take(page, "Picture, PNG"))) as png:
        assert png.height == 256
        enlarged = png.convert("RGB")
    shown = page.locator(".picture canvas").first.evaluate(
        "(c) => [...c.getContext('2d').getImageData(0, 0, 32, 32).data]"
    )
    found = [value for y in range(32) for x in range(32) for value in (*enlarged.getpixel((8 * x + 4, 8 * y + 4)), 255)]
    assert found == shown
    with Image.open(io.BytesIO(take(page, "Animation, GIF"))) as gif:
        assert gif.n_frames == 40
        assert gif.size == png.size
        frames = []
        for frame in (0, 10):
            gif.seek(frame)
            frames.append(np.asarray(gif.convert("RGB")).astype(float))
    assert np.abs(frames[0] - np.asarray(enlarged)).mean() < 6, "256 colours are enough for the picture"
    assert np.abs(frames[0] - frames[1]).max() > 20
    assert take(page, "Animation, WebM")[:4] == b"\x1aE\xdf\xa3"


def test_two_settings_are_compared_and_the_way_between_them_plays(visit: Visit) -> None:
    page = opened(visit)
    first = picture(page, 0)
    page.get_by_role("button", name="Keep this as A").click()
    page.get_by_role("button", name="Draw everything that is not locked").click()
    at_rest(page)
    second = picture(page, 0)
    page.get_by_role("button", name="Keep this as B").click()
    page.get_by_role("button", name="Show A").click()
    at_rest(page)
    assert picture(page, 0) == first
    page.get_by_label("What to animate").select_option("ab")
    page.get_by_role("button", name="Play").click()
    seen = set()
    for _ in range(8):
        page.wait_for_timeout(400)
        seen.add(picture(page, 0))
    page.get_by_role("button", name="Stop").click()
    assert len(seen) >= 3
    page.get_by_role("button", name="Show B").click()
    at_rest(page)
    assert picture(page, 0) == second


def test_every_digit_in_ten_styles(visit: Visit) -> None:
    page = opened(visit)
    page.get_by_role("button", name="Draw nine further styles").click()
    expect(page.locator(".more .ten")).to_have_count(9, timeout=60_000)
    rows = page.locator(".more .ten").evaluate_all(
        "(rows) => rows.map((row) => [...row.querySelectorAll('canvas')].map((one) => one.toDataURL()))"
    )
    assert len({picture for row in rows for picture in row}) == 9 * 4, "two modalities in two halves, no two alike"


def test_raw_dimensions_are_behind_a_switch(visit: Visit) -> None:
    page = opened(visit)
    expect(page.locator(".group.y .slider")).to_have_count(min(8, page.locator(".group.y .slider").count()))
    before = picture(page, 0)
    page.get_by_label("raw dimensions").check()
    names = page.locator(".group.a0 .slider button.name")
    expect(names.first).to_have_text("dimension 1")
    assert picture(page, 0) == before
    drag(page, slider(page, "a0", 0), 0.5, 0.95)
    assert picture(page, 0) != before


def test_the_python_that_is_copied_makes_the_same_pictures(visit: Visit) -> None:
    page = opened(visit)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("details.take summary").click()
    page.get_by_role("button", name="Copy Python").click()
    expect(page.get_by_role("status").filter(has_text=re.compile("Python copied|Copy it"))).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    if not (ROOT / "pretrained" / MODEL / "weights.safetensors").exists():
        pytest.skip(f"{MODEL} is not stored: the page shows a small model that has no name")
    made: dict[str, Any] = {}
    exec(code, made)
    for place, wanted in enumerate(made["generated"].modalities.values()):
        data = "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
        shown = np.array(page.locator(".picture canvas").nth(place).evaluate(data)).reshape(*wanted.shape[2:], 4)
        off = np.abs(shown[..., : wanted.shape[1]] - 255 * wanted[0].permute(1, 2, 0).numpy())
        assert off.max() <= 2.5


def test_the_contrast_model_has_sliders_of_its_own_and_both_are_found_as_they_were_left(visit: Visit) -> None:
    if not (ROOT / "pretrained" / CONTRAST / "codes.safetensors").exists():
        pytest.skip(f"{CONTRAST} is not stored")
    page = opened(visit)
    drag(page, slider(page, "a0", 1), 0.5, 0.8)
    first = picture(page, 0)
    page.get_by_role("button", name="Keep this as A").click()
    page.locator(".group.a0 .lock").first.click()
    page.get_by_role("button", name="Draw nine further styles").click()
    page.locator(".more .ten").first.wait_for(timeout=60_000)  # others are being decoded
    models = page.get_by_role("group", name="Model").get_by_role("button")
    models.nth(1).click()
    expect(page).to_have_url(re.compile(f"model={CONTRAST}"))
    at_rest(page)
    second = picture(page, 0)
    assert second != first
    for of_the_first in (".more .ten", ".card.filled", ".lock[aria-pressed=true]"):
        expect(page.locator(of_the_first)).to_have_count(0)
    expect(page.locator(".counted")).not_to_contain_text("label unchanged")
    expect(page.locator(".read").first).to_contain_text("judge")
    page.get_by_role("button", name="Undo").click()
    assert picture(page, 0) == second, "there is nothing of this model to undo"
    drag(page, slider(page, "a0", 1), 0.5, 0.3)
    again = opened(visit, "generate?" + page.url.split("?", 1)[1])
    assert picture(again, 0) == picture(page, 0)
    models.nth(0).click()
    at_rest(page)
    expect(models.nth(0)).to_have_attribute("aria-pressed", "true")
    assert picture(page, 0) == first
    expect(page.locator(".lock[aria-pressed=true]")).to_have_count(1)
    expect(page.locator(".more .ten")).to_have_count(0)
