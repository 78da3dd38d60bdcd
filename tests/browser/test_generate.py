from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.conftest import Visit, pixels, settle
from tests.browser.looks import check_looks

FOCUSED = """() => {
  let node = document.activeElement;
  while (node.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return [node.tagName, node.type, node.getAttribute("aria-label"), node.innerText].join(" ");
}"""
LINKS = {
    "sample": "generate?seed=7&factor=mnist&source=posterior",
    "swap": "generate?section=swap&a=4&b=9&factor=svhn&size=4&seed=3",
    "slide": "generate?section=slide&seed=2",
    "read": "generate?section=read&seed=12",
    "translate": "generate?section=translate&given=svhn&a=6&seed=2",
}


def count_sent(page: Page) -> list[int]:
    """Counts what the page sends to the server from its next visit on."""
    sent: list[int] = []

    def note(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(len(frame)))

    page.on("websocket", note)
    page.reload()
    page.locator("h2").wait_for(timeout=60_000)
    settle(page)
    page.remove_listener("websocket", note)
    return sent


def frame(page: Page) -> int:
    return int(page.locator(".picture canvas").first.get_attribute("data-frame") or -1)


def test_dragging_scrubs_in_the_browser_and_release_commits(visit: Visit) -> None:
    page = visit("generate?section=slide", workers=False)
    sent = count_sent(page)
    slider = page.locator(".track input[type=range]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.8, y)
    page.mouse.down()
    sent.clear()
    before, frames = pixels(page), []
    for step in range(20):
        page.mouse.move(box["x"] + box["width"] * (0.8 - 0.03 * step), y)
        frames.append(frame(page))
    assert len(set(frames)) > 15
    assert pixels(page) != before
    assert sent == [], "the server was asked while dragging"
    page.mouse.up()
    expect(page).to_have_url(re.compile(rf"at={frames[-1]}\b"))
    settle(page)
    assert sent
    assert frame(page) == frames[-1]


def test_the_slider_is_worked_by_keyboard(visit: Visit) -> None:
    page = visit("generate?section=slide&at=20", workers=False)
    slider = page.locator(".track input[type=range]")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert frame(page) == 23
    expect(page).to_have_url(re.compile(r"at=23\b"))
    settle(page)
    assert "range" in page.evaluate(FOCUSED)
    page.keyboard.press("Home")
    assert frame(page) == 0
    assert "label head" in (slider.get_attribute("aria-valuetext") or "")


def steady(page: Page) -> list[str]:
    """The pictures of a page once they stay as they are: those of Slide are decoded in the browser, one by one."""
    seen, unchanged = pixels(page), 0
    for _ in range(60):
        page.wait_for_timeout(500)
        now = pixels(page)
        unchanged = unchanged + 1 if now == seen else 0
        if unchanged >= 5:
            return now
        seen = now
    raise AssertionError("the pictures never came to rest")


@pytest.mark.parametrize("section", LINKS)
def test_a_shared_link_opens_the_identical_picture_in_every_look(section: str, visit: Visit, tmp_path: Path) -> None:
    check_looks(visit, LINKS[section], tmp_path, same=some_pictures)


def some_pictures(page: Page) -> list[str]:
    found = steady(page)
    assert len(found) >= 5
    return found


def test_a_link_made_by_clicking_opens_the_identical_picture(visit: Visit) -> None:
    page = visit()
    page.get_by_role("radio", name="handwriting").click()
    settle(page)
    page.get_by_role("button", name="Resample").click()
    settle(page)
    again = visit("generate?" + page.url.split("?", 1)[1])
    assert pixels(again) == pixels(page)


def test_going_back_shows_what_was_there_before(visit: Visit) -> None:
    page = visit("generate?seed=6")
    first = pixels(page)
    page.goto(page.url.replace("seed=6", "seed=7"))
    settle(page)
    assert pixels(page) != first
    page.go_back()
    page.locator("h2").wait_for()
    settle(page)
    assert pixels(page) == first


@pytest.mark.parametrize(
    "query",
    [
        "generate?section=%3Cscript%3Ealert(1)%3C/script%3E",
        "generate?seed=99999999999999999999",
        "generate?section=translate&from=draw&picture=AAAA",
    ],
)
def test_a_hostile_link_shows_a_notice_and_no_traceback(query: str, visit: Visit) -> None:
    page = visit(query)
    expect(page.get_by_role("alert").first).to_be_visible()
    text = page.inner_text("body")
    assert "Traceback" not in text
    assert "encountered an error" not in text


def test_a_deep_link_to_another_tab_opens_it(visit: Visit) -> None:
    page = visit("about_this_model")
    expect(page.get_by_role("main")).to_contain_text(re.compile("measured", re.IGNORECASE))
    assert "encountered an error" not in page.inner_text("body")


LIVE = (
    "Digit wheel",
    "Set Z_y to the mean of digit 9",
    "range Z_y, ",
    "range Z_a of MNIST, ",
    "Undo",
    "Play",
    "Downloads",
)
SERVED = ("digit", "From A: a pair of 0", "Others", "range Move Z_y", "Downloads")


@pytest.mark.parametrize(("workers", "controls"), [(True, LIVE), (False, SERVED)])
def test_tab_reaches_every_control(workers: bool, controls: tuple[str, ...], visit: Visit) -> None:
    page = visit("generate?section=slide", workers=workers)
    # The last control: a server that decodes ranks directions before it shows more than the first ones.
    page.get_by_text("Downloads", exact=True).wait_for(timeout=60_000)
    reached = []
    page.keyboard.press("Tab")
    for _ in range(75):
        reached.append(page.evaluate(FOCUSED))
        page.keyboard.press("Tab")
    whole = " | ".join(reached)
    for wanted in ("Copy link", "Slide", *controls):
        assert wanted in whole, wanted


def test_a_click_on_the_diagram_chooses_the_z(visit: Visit) -> None:
    page = visit()
    page.locator(".latent.a1").click()
    expect(page).to_have_url(re.compile("factor=mnist"))
    settle(page)
    expect(page.locator(".latent.a1.fixed")).to_have_count(1)


def test_a_pair_is_picked_by_picture_with_mouse_and_keyboard(visit: Visit) -> None:
    page = visit("generate?section=swap")
    page.get_by_role("button", name="Pair A: a pair of 5").click()
    settle(page)
    picked = page.get_by_role("button", name="Pair A: a pair of 5")
    expect(picked).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile(r"\ba=\d+"))
    before = pixels(page)
    page.get_by_role("button", name="Pair B: a pair of 2").focus()
    page.keyboard.press("Enter")
    settle(page)
    expect(page.get_by_role("button", name="Pair B: a pair of 2")).to_have_attribute("aria-pressed", "true")
    assert pixels(page) != before


def test_a_drawn_digit_is_translated(visit: Visit) -> None:
    page = visit("generate?section=translate&from=draw")
    pad = page.locator("canvas[role=application]")
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 30, steps=8)
    page.mouse.up()
    expect(page).to_have_url(re.compile("picture="))
    settle(page)
    again = visit("generate?" + page.url.split("?", 1)[1])
    assert pixels(again)[1:] == pixels(page)[1:]  # all but the pad itself
    assert len(pixels(again)) == 10


def test_a_digit_is_drawn_by_keyboard(visit: Visit) -> None:
    page = visit("generate?section=translate&from=draw")
    page.locator("canvas[role=application]").focus()
    for key in (["ArrowUp"] * 8, [" "], ["ArrowDown"] * 16, ["Enter"]):
        for press in key:
            page.keyboard.press(press)
    expect(page).to_have_url(re.compile("picture="))


def test_the_link_is_offered_where_it_cannot_be_copied(visit: Visit) -> None:
    page = visit("generate?seed=3")
    page.get_by_role("button", name="Copy link").click()
    said = page.get_by_role("status").filter(has_text=re.compile("Copied|Copy it"))
    expect(said).to_be_visible()


def test_a_copied_link_carries_nothing_that_is_the_visitors_own(visit: Visit) -> None:
    page = visit("lessons?room=ABCDE&host=key-of-the-room&mine=0123456789abcdef")
    assert {"host=", "mine="} <= set(re.findall(r"\w+=", page.url))
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("window.copied").partition("?")[2] == "room=ABCDE"
