"""The page Start in a browser: a drag parts style and label, and the nodes of Figure 1 tell and lead on."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ROOT, Visit, settle
from tests.browser.test_every_page import typeset
from tests.browser.test_slide import at_rest


def opened(visit: Visit) -> Page:
    """The page with its first pictures."""
    page = visit("")
    page.locator("[data-frame]").wait_for(timeout=60_000)
    at_rest(page)
    return page


def picture(page: Page, place: int) -> str:
    return page.locator(".picture canvas").nth(place).evaluate("(canvas) => canvas.toDataURL()")  # type: ignore[no-any-return]


def drag_across(page: Page, control: Locator) -> None:
    box = control.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, y, steps=6)
    page.mouse.up()
    at_rest(page)


def node(page: Page, which: str) -> Locator:
    return page.locator(f".node[data-id='{which}']")


def test_a_visitor_drags_a_style_and_the_digit_and_each_leaves_the_other_alone(visit: Visit) -> None:
    page = opened(visit)
    first, digit = [picture(page, place) for place in (0, 1)], node(page, "out.y").text_content()
    drag_across(page, page.get_by_role("slider", name=re.compile("house-number style")))
    styled = [picture(page, place) for place in (0, 1)]
    assert styled[0] != first[0]
    assert styled[1] == first[1], "SVHN's style is no part of MNIST"
    assert node(page, "out.y").text_content() == digit
    expect(page.locator(".said")).to_contain_text(re.compile(rf"still {digit}"))
    reached = page.locator(".node.reached").evaluate_all("(all) => all.map((one) => one.dataset.id)")
    assert sorted(reached) == ["f.svhn", "out.svhn", "z.svhn"]
    sliders = [one.input_value() for one in page.locator(".slider input").all()]
    wheel = page.get_by_role("slider", name="Digit wheel: Z_y")
    wheel.focus()
    for key in ("1", "4", "7"):
        page.keyboard.press(key)
    at_rest(page)
    assert [picture(page, place) for place in (0, 1)] != styled
    assert [one.input_value() for one in page.locator(".slider input").all()] == sliders
    expect(page.locator(".told h3")).to_contain_text("Zy,")  # what was moved last
    assert "_" not in page.locator(".said").inner_text()


def test_a_node_tells_what_it_holds_by_pointer_and_keyboard(visit: Visit) -> None:
    page = visit("")
    told = page.locator(".told")
    node(page, "f.y").hover()
    expect(told).to_contain_text("discriminative factor")
    expect(told).to_contain_text(re.compile(r"shape \(1, \d+\), now"))
    node(page, "z.mnist").focus()
    expect(told).to_contain_text("Z_a of MNIST".replace("_", ""))
    before = told.locator(".shape").inner_text()
    drag_across(page, page.get_by_role("slider", name=re.compile("handwriting")))
    assert told.locator(".shape").inner_text() != before, "the values are those of this moment"


def test_a_node_leads_to_its_page_and_takes_z_along(visit: Visit) -> None:
    page = opened(visit)
    drag_across(page, page.get_by_role("slider", name=re.compile("house-number style")))
    moved = picture(page, 0)
    node(page, "z.svhn").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/generate\?.*section=slide"))
    expect(page).to_have_url(re.compile(r"\bz=[\w-]{20,}"))
    page.locator("[data-strip]").wait_for(timeout=60_000)
    settle(page)
    assert picture(page, 0) == moved
    page.go_back()
    node(page, "z.svhn").wait_for(timeout=60_000)
    page.locator("[data-frame]:not([data-pending])").wait_for(timeout=60_000)
    at_rest(page)
    assert picture(page, 0) == moved
    link = page.url
    assert re.fullmatch(r"z=[\w-]{20,}", urlsplit(link).query)
    page.reload()  # as who is given the link opens it
    page.locator("[data-frame]").wait_for(timeout=60_000)
    at_rest(page)
    assert picture(page, 0) == moved
    assert page.url == link


def test_the_readme_and_the_equations_are_set_whole(visit: Visit) -> None:
    page = visit("")
    for fold in page.locator("[data-testid=stExpander] summary").all():
        fold.click()
        settle(page)
    typeset(page)
    readme = page.locator("[data-testid=stExpander]").filter(has_text="README: install it")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    expect(readme.locator(".katex-display")).to_have_count(text.count("\n$$\n") // 2)
    expect(readme.get_by_role("heading", name="Licence")).to_be_visible()
    expect(readme.locator("[data-testid=stCode]")).to_have_count(text.count("\n```") // 2)
    expect(readme.locator("table").first).to_be_visible()
