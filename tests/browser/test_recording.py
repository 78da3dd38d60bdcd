"""The recording at the top of the README: two minutes through the pages, as a visitor goes through them.

It is made where MFM_RECORDING says, relative to the project: ``MFM_RECORDING=docs/recording.webp``.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Visit, settle

WIDTH, HEIGHT = 1200, 760
SMALL = 900
"""Width of the recording, in pixels."""
SECONDS = (100, 140)
MOST = 4_000_000
"""Bytes of the recording."""
CAPTION = """told => {
  document.querySelector("#told")?.remove();
  const bar = Object.assign(document.createElement("div"), { id: "told", textContent: told });
  bar.style = "position: fixed; inset: auto 0 0 0; z-index: 10000000; padding: 14px 24px; background: #211d18;" +
    "color: #fbf9f5; font: 600 20px sans-serif; text-align: center";
  document.body.append(bar);
}"""


class Recording:
    """Frames of a page with how long each stands."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[tuple[Image.Image, float]] = []
        self._told = ""

    def tell(self, told: str) -> None:
        self._told = told

    def hold(self, seconds: float) -> None:
        settle(self.page)
        self.page.evaluate(CAPTION, self._told)
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append((picture.resize((SMALL, SMALL * HEIGHT // WIDTH), Image.Resampling.LANCZOS), seconds))

    def open(self, address: str, told: str, seconds: float = 5) -> None:
        root = self.page.url.split("/")[:3]
        self.page.goto("/".join([*root, address]))
        self.page.locator("h2, h3").first.wait_for(timeout=60_000)
        expect(self.page.locator("text=/Measuring|Computing/")).to_have_count(0, timeout=180_000)
        self.tell(told)
        self.hold(seconds)

    def repeat(self, act: Callable[[], None], times: int, seconds: float) -> None:
        for _ in range(times):
            act()
            self.hold(seconds)

    def scroll(self, y: int) -> None:
        self.page.locator("[data-testid=stMain]").evaluate(f"node => node.scrollTo(0, {y})")


def tour(made: Recording) -> None:
    """Every page once, with what it is for."""
    page = made.page
    made.open("", "One model of several views: what is shared, and what is each view's own", 7)
    made.open("generate", "Generate: hold what the label needs, draw the style anew", 6)
    made.repeat(lambda: page.get_by_role("button", name="Resample").first.click(), 4, 2)
    made.open("generate?section=swap", "Swap: the other's digit in one's own style", 6)
    page.get_by_role("radio", name="house-number style").click()
    made.hold(4)
    made.scroll(700)
    made.tell("Every content with every style; dashed where an independent judge disagrees")
    made.hold(6)
    made.open("generate?section=slide", "Slide: move through the latents, decoded in the browser", 6)
    made.open("flow?clip=18", "Flow: which word, which tone, which face moved the score (Eq. 7)", 6)
    page.get_by_text("Show the truth").click()
    made.tell("The truth of these clips is known: compare")
    made.hold(6)
    made.open("dependency?bandwidth=median", "Dependency: how much each modality hangs on what all share (Eq. 5)", 2)
    expect(page.get_by_text("The numbers").first).to_be_visible(timeout=180_000)  # the ratios are measured
    made.hold(6)
    made.open("claims", "Claims: what the paper says beside what was measured here", 7)
    made.open("ablations", "Ablations: what each part of the model buys", 7)
    made.open("lessons", "Lessons: predict first, then see it measured", 5)
    made.open("lessons?lesson=objective&step=3", "Does the paper's loss factorize? Predict", 5)
    page.get_by_text("90 or more").click()
    made.hold(3)
    page.get_by_role("button", name="Predict, and measure it").click()
    expect(page.get_by_text("Measured here")).to_be_visible(timeout=180_000)
    made.tell("The answer is measured on the stored model, not written in the lesson")
    made.hold(8)
    page.get_by_role("button", name="Open a room").click()
    made.tell("A class answers together by a code, without accounts")
    made.hold(6)
    made.open(
        "flow?clip=18&title=Which+word+moved+it%3F&hide=model,scale&presenter=1", "A teacher's link, presented", 6
    )
    made.open("about_this_model", "About this model: every figure with its interval, n and seed", 6)


def test_the_recording_of_the_readme(visit: Visit, pytestconfig: pytest.Config) -> None:
    wanted = os.environ.get("MFM_RECORDING")
    if not wanted:
        pytest.skip("MFM_RECORDING names no file to write")
    made = Recording(visit("", width=WIDTH, height=HEIGHT))
    tour(made)
    pictures = [picture for picture, _ in made.frames]
    lasting = [round(1000 * seconds) for _, seconds in made.frames]
    assert SECONDS[0] <= sum(lasting) / 1000 <= SECONDS[1]
    target = ROOT / wanted
    target.parent.mkdir(exist_ok=True)
    pictures[0].save(target, save_all=True, append_images=pictures[1:], duration=lasting, loop=0, quality=60, method=4)
    assert target.stat().st_size < MOST
