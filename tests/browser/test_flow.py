"""The page Flow as it is played, walked and shared in a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit, settle
from tests.browser.looks import check_looks

LINK = "flow?clip=2&axis=time&scale=common&factor=y&step=3"
PLAYED = """([track, audio, cursor, avatar]) => new Promise((done) => {
  const seen = [];
  const look = () => {
    seen.push([Number(track.dataset.time), audio.currentTime, parseFloat(cursor.style.left), avatar.dataset.pose]);
    if (audio.currentTime > 2 || audio.ended) done(seen);
    else requestAnimationFrame(() => setTimeout(look));
  };
  audio.playbackRate = 0.5;
  requestAnimationFrame(() => setTimeout(look));
})"""
"""At each frame until two seconds are played: the time drawn, that of the sound, the cursor's place, and the face."""
NOW = "track => ({time: Number(track.dataset.time), step: Number(track.dataset.step)})"
SHOWN = """() => {
  const found = [];
  const walk = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) walk(node.shadowRoot);
      if (node.classList?.contains("panels")) found.push(node.outerHTML);
    }
  };
  walk(document);
  return found;
}"""


def track(page: Page, place: int = 0) -> Locator:
    return page.locator(".track").nth(place)


def slider(page: Page, place: int = 0) -> Locator:
    """The slider that moves along the track."""
    return page.locator(".cursor[role=slider]").nth(place)


def now(page: Page, place: int = 0) -> dict[str, Any]:
    return track(page, place).evaluate(NOW)  # type: ignore[no-any-return]


def sounding(page: Page) -> dict[str, Any]:
    return page.locator("audio").first.evaluate("a => ({time: a.currentTime, paused: a.paused && !a.ended})")  # type: ignore[no-any-return]


def cursor(page: Page) -> float:
    return float(page.locator(".cursor").first.evaluate("c => parseFloat(c.style.left)"))


def shown(page: Page) -> list[str]:
    return page.evaluate(SHOWN)  # type: ignore[no-any-return]


def test_the_cursor_moves_with_the_sound_and_the_face_with_it(watch: Visit) -> None:
    page = watch("flow?axis=time")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    parts = (track(page), page.locator("audio").first, page.locator(".cursor").first, page.locator(".avatar"))
    seen = page.evaluate(PLAYED, [one.element_handle() for one in parts])
    assert all(abs(drawn - heard) < 0.4 for drawn, heard, _, _ in seen), "the cursor follows the sound"
    places = [place for _, _, place, _ in seen]
    assert places == sorted(places)
    assert places[-1] > places[0] + 5
    assert len({pose for *_, pose in seen}) > 3
    # Again from near the start and slowly, for on a busy machine the clip may have ended meanwhile.
    page.locator("audio").first.evaluate("a => { a.playbackRate = 0.25; a.currentTime = 0.2; return a.play(); }")
    page.get_by_role("button", name="Pause", exact=True).click()
    assert sounding(page)["paused"]
    page.wait_for_timeout(300)
    still = cursor(page)
    page.wait_for_timeout(400)
    assert cursor(page) == still


def test_the_cursor_goes_where_the_sound_is_put(watch: Visit) -> None:
    page = watch("flow?axis=time")
    page.locator("audio").first.evaluate("a => { a.currentTime = 2.0; }")
    page.wait_for_function("t => Math.abs(Number(t.dataset.time) - 2) < 0.05", arg=track(page).element_handle())
    duration = float(page.locator("audio").first.evaluate("a => a.duration"))
    assert cursor(page) == pytest.approx(100 * 2 / duration, abs=2)


def test_the_keyboard_walks_words_and_lanes_and_plays(watch: Visit) -> None:
    page = watch("flow")
    slider(page).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert now(page)["step"] == 3
    assert (slider(page).get_attribute("aria-valuetext") or "").startswith("Word 4 of")
    expect(page).to_have_url(re.compile(r"step=3\b"))
    settle(page)
    assert now(page)["step"] == 3
    page.wait_for_timeout(100)
    assert "cursor" in page.evaluate(
        "() => { let n = document.activeElement; while (n.shadowRoot?.activeElement) "
        "n = n.shadowRoot.activeElement; return n.className; }"
    )
    for wanted in ("acoustic", "visual", "visual"):
        page.keyboard.press("ArrowDown")
        assert page.locator(".words").first.get_attribute("data-lane") == wanted
    page.keyboard.press("ArrowUp")
    assert page.locator(".words").first.get_attribute("data-lane") == "acoustic"
    page.keyboard.press("End")
    last = int(slider(page).get_attribute("aria-valuemax") or 0) - 1
    assert now(page)["step"] == last
    page.keyboard.press("Home")
    assert now(page)["step"] == 0
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_the_words_are_shaded_by_the_lane_in_question(watch: Visit) -> None:
    page = watch("flow")

    def shades() -> list[str]:
        return page.locator(".chip").evaluate_all("chips => chips.map(chip => chip.style.getPropertyValue('--shade'))")  # type: ignore[no-any-return]

    first = shades()
    assert max(float(shade) for shade in first) == 1
    page.get_by_role("button", name="Shade the words by Visual").click()
    assert shades() != first


def test_hover_is_linked_across_lanes_and_across_models_of_the_same_clip(watch: Visit) -> None:
    page = watch("flow?beside=model")
    page.locator('.lane[data-lane="acoustic"] .cell[data-step="2"]').first.hover()
    for place in (0, 1):
        over = track(page, place).locator(".over")
        expect(over).to_have_count(4)  # the word, and a cell of each lane
        assert {node.get_attribute("data-step") for node in over.all()} == {"2"}
        expect(page.locator(".readout").nth(place)).to_contain_text("Word 3 of")
    page.locator("h2").first.hover()
    expect(page.locator(".over")).to_have_count(0)


def test_hover_stays_in_its_own_clip_where_two_are_shown(watch: Visit) -> None:
    page = watch("flow?beside=clip")
    page.locator('.lane[data-lane="acoustic"] .cell[data-step="1"]').first.hover()
    expect(track(page, 0).locator(".over")).to_have_count(4)
    expect(track(page, 1).locator(".over")).to_have_count(0)
    page.get_by_role("button", name="Play", exact=True).first.click()
    page.wait_for_timeout(700)
    assert now(page, 0)["time"] > 0.2
    assert now(page, 1)["time"] < 0.05


def test_the_truth_is_hidden_until_it_is_revealed(watch: Visit) -> None:
    page = watch("flow")
    expect(page.locator(".mark")).to_have_count(0)
    expect(page.get_by_text("The true score")).to_have_count(0)
    page.get_by_text("Show the truth").click()
    expect(page).to_have_url(re.compile("truth=shown"))
    settle(page)
    assert page.locator(".mark b.plus, .mark b.minus").count() > 0
    expect(page.get_by_text("The true score")).to_be_visible()
    assert "Truth:" in page.locator(".readout").first.inner_text()


def test_a_link_without_the_switch_shows_no_truth(watch: Visit) -> None:
    page = watch("flow?truth=locked")
    expect(page.get_by_text("Show the truth")).to_have_count(0)
    expect(page.locator(".mark")).to_have_count(0)


def test_the_what_if_changes_score_flow_and_face_at_once(watch: Visit) -> None:
    page = watch("flow?clip=1&step=2")
    before = page.locator(".score b").first.inner_text()
    bars = page.locator(".lane .bar").evaluate_all("bars => bars.map(bar => bar.style.height)")
    page.get_by_role("radiogroup", name="With a face that").get_by_role("radio", name="smiles").click()
    expect(page).to_have_url(re.compile("face=smile"))
    settle(page)
    page.get_by_role("radiogroup", name="In a tone that is").get_by_role("radio", name="raised").click()
    settle(page)
    page.get_by_role("combobox", name="Say instead").fill("terrible")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("word=terrible"))
    settle(page)
    assert page.locator(".score s").first.inner_text() == before
    assert page.locator(".score b").first.inner_text() != before
    assert page.locator(".lane .bar:not(.before)").evaluate_all("b => b.map(bar => bar.style.height)") != bars
    assert page.locator(".bar.before").count() == 3 * page.locator(".chip").count()
    expect(page.locator(".chip.changed")).to_have_text("terrible")
    page.get_by_role("button", name="Undo").click()
    settle(page)
    expect(page.locator(".bar.before")).to_have_count(0)
    assert page.locator(".score b").first.inner_text() == before


def test_what_if_and_lanes_fit_one_screen(watch: Visit) -> None:
    page = watch("flow?clip=9&truth=shown&step=2&face=smile", width=1440)
    for there in (page.locator(".lane").last, page.get_by_role("radiogroup", name="With a face that")):
        box = there.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 900


def test_bars_of_an_attribution_point_both_ways_from_the_middle(watch: Visit) -> None:
    page = watch("flow?reading=integrated_gradients&truth=shown")
    plot = page.locator(".plot.signed").first.bounding_box()
    assert plot is not None
    middle = plot["y"] + plot["height"] / 2
    for kind in ("up", "down"):
        for bar in page.locator(".lane").first.locator(f".bar.{kind}").all():
            box = bar.bounding_box()
            assert box is not None
            edge = box["y"] + box["height"] if kind == "up" else box["y"]
            assert edge == pytest.approx(middle, abs=1.5)
    expect(page.locator(".readout").first).to_contain_text("Attribution:")


def test_a_what_if_leaves_the_sound_playing(watch: Visit) -> None:
    page = watch("flow?clip=16&reading=norm")  # the longest: it must not end meanwhile
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(400)
    page.get_by_role("radiogroup", name="In a tone that is").get_by_role("radio", name="raised").click()
    expect(page).to_have_url(re.compile("tone=raised"))
    assert not sounding(page)["paused"]
    settle(page)
    assert now(page)["time"] > 0.4


def test_a_click_on_a_word_goes_there_and_chooses_it_for_the_what_if(watch: Visit) -> None:
    page = watch("flow?clip=1")
    page.locator('.chip[data-step="2"]').first.click()
    expect(page).to_have_url(re.compile(r"step=2\b"))
    settle(page)
    assert now(page)["step"] == 2
    start = float(page.locator("audio").first.evaluate("a => a.currentTime"))
    assert start == pytest.approx(now(page)["time"], abs=0.05)
    expect(page.get_by_role("combobox", name="The word", exact=True)).to_have_value(re.compile("^3 · "))


@pytest.mark.parametrize("link", [LINK, "flow?beside=model&truth=shown", "flow?clip=1&step=2&word=awful&face=frown"])
def test_a_shared_link_opens_the_identical_lanes(link: str, watch: Visit) -> None:
    page = watch(link)
    first = shown(page)
    assert len(first) >= 1
    again = watch(page.url.split("/", 3)[3])
    assert shown(again) == first


def test_the_sentences_of_ict_mmmo_are_walked_without_sound(watch: Visit) -> None:
    page = watch("flow?model=ict_mmmo")
    expect(page.locator("audio")).to_have_count(0)
    expect(page.locator(".avatar")).to_have_count(0)
    slider(page).focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".readout")).to_contain_text("Sentence 2 of")
    expect(page.get_by_role("button", name="Play")).to_have_count(0)  # there is nothing to hear or to see
    page.keyboard.press(" ")
    page.wait_for_timeout(300)
    assert now(page)["step"] == 1


def test_a_hostile_link_shows_a_notice_and_no_traceback(watch: Visit) -> None:
    page = watch("flow?model=%3Cscript%3Ealert(1)%3C/script%3E&clip=99999999999999&word=%22%3E%3Cimg%20src=x%3E")
    expect(page.get_by_role("alert").first).to_be_visible()
    text = page.inner_text("body")
    assert "Traceback" not in text
    assert "encountered an error" not in text


def test_tab_reaches_every_control(watch: Visit) -> None:
    page = watch("flow")
    focused = """() => {
      let node = document.activeElement;
      while (node.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
      return [node.tagName, node.getAttribute("aria-label"), node.innerText].join(" ");
    }"""
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(focused))
    whole = " | ".join(reached)
    for wanted in ("Copy link", "Model", "Reading", "shared factor", "View and compare", "Play", "words", "Downloads"):
        assert wanted in whole, wanted


@pytest.mark.parametrize(
    "link", ["flow?truth=shown&step=4", "flow?beside=model&clip=1&step=2&word=awful&face=frown", "flow?model=ict_mmmo"]
)
def test_its_looks(link: str, watch: Visit, tmp_path: Path) -> None:
    check_looks(watch, link, tmp_path)
