"""Parts of the sliders by themselves, in a page without a server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import ROOT

ELEMENTS = ROOT / "app" / "elements"
SCRIPTS = (
    ELEMENTS / "common.js",
    *(ELEMENTS / "latent_sliders" / f"{name}.js" for name in ("state", "stage", "plane")),
)
COUNTED = """([stayed, judged]) => {
  const stage = new Stage(["svhn", "mnist"], { svhn: "SVHN", mnist: "MNIST" }, ["0", "1"]);
  stage.count(stayed, judged, "the digit");
  return stage.counted.textContent;
}"""


@pytest.fixture(scope="module")
def blank(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    page.add_script_tag(content="".join(script.read_text() for script in SCRIPTS))
    yield page
    page.close()


def test_a_judge_is_told_of_where_there_is_one(blank: Page) -> None:
    both = ["SVHN", "MNIST"]
    assert blank.evaluate(COUNTED, [[], both]).endswith("in how many of your pictures the digit stays.")
    assert "in how many of your pictures of MNIST the digit stays" in blank.evaluate(COUNTED, [[], ["MNIST"]])
    assert "label unchanged in 2 of the last 3 pictures" in blank.evaluate(COUNTED, [[True, False, True], both])
    assert blank.evaluate(COUNTED, [[], []]).startswith("No independent judge is stored")
