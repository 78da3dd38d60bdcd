"""Parts of the sliders by themselves, in a page without a server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import ROOT

ELEMENTS = ROOT / "app" / "elements"
SCRIPTS = (
    ELEMENTS / "common.js",
    *(ELEMENTS / "latent_sliders" / f"{name}.js" for name in ("state", "decoder", "stage", "plane", "map")),
)
COUNTED = """([stayed, judged]) => {
  const stage = new Stage(["svhn", "mnist"], { svhn: "SVHN", mnist: "MNIST" }, ["0", "1"]);
  stage.count(stayed, judged, { meaning: "the digit", noun: "digit" });
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
    assert "reads whether in your picture the digit stays." in blank.evaluate(COUNTED, [[], both])
    assert "reads whether in your picture of MNIST the digit stays." in blank.evaluate(COUNTED, [[], ["MNIST"]])
    assert "label unchanged at 2 of your last 3 settings" in blank.evaluate(COUNTED, [[True, False, True], both])
    for stayed in ([], [True]):
        assert blank.evaluate(COUNTED, [stayed, both]).endswith("may count as unchanged.")  # a judge is sure of blurs
    assert blank.evaluate(COUNTED, [[], []]).startswith("No independent judge is stored")


def test_texts_of_the_map_are_moved_apart_and_no_farther(blank: Page) -> None:
    crowd = [[200 + x, 150 + y] for x, y in ((0, 0), (1, 8), (0, 16), (3, 20), (-6, 24), (4, 24), (4, 24))]
    places = np.array([*crowd, [400, 150], [423, 150]])
    found = np.array(blank.evaluate("(places) => apart(places, 22)", places.tolist()))
    assert min(np.hypot(*(one - other)) for one, other in combinations(found, 2)) >= 22
    assert np.hypot(*(found - places).T).max() < 44, "each is still by its place"
    assert (found[-2:] == places[-2:]).all(), "what is far enough stays"


def test_the_map_tells_which_pairs_it_shows(blank: Page) -> None:
    told = "([codes, all, stored]) => countedPairs(codes, all, stored)"
    assert blank.evaluate(told, [60, 60, True]) == "60 held-out pairs"
    assert blank.evaluate(told, [2036, 10036, False]).startswith(
        "10,036 held-out pairs: the 2,036 whose codes are stored with the model, and 8,000 further pairings"
    )
    assert blank.evaluate(told, [2036, 10036, True]).startswith("2,036 held-out pairs: those whose codes are stored")


def test_the_map_of_a_style_has_each_picture_once(blank: Page) -> None:
    rows = np.random.default_rng(0).integers(0, 3, (60, 3)).astype(np.float32)
    first = blank.evaluate("(rows) => firstOfEach(Float32Array.from(rows.flat()), 3, 50)", rows.tolist())
    assert first == sorted(np.unique(rows[:50], axis=0, return_index=True)[1].tolist())
    told = blank.evaluate("countedPictures(2036, 'SVHN', '10,036 held-out pairs')")
    assert told.startswith("2,036 held-out pictures of SVHN, each once")
    assert told.endswith("in 10,036 held-out pairs")


def test_of_what_is_asked_for_meanwhile_the_newest_is_done_whatever_it_is(blank: Page) -> None:
    done = blank.evaluate("""async () => {
      const done = [];
      let go;
      const task = async (what) => { done.push(what); await new Promise((then) => { go = then; }); };
      const queue = new Newest(task, () => {});
      for (const what of [1, 2, false]) queue.ask(what);
      go();
      await new Promise((then) => setTimeout(then));
      return done;
    }""")
    assert done == [1, False]
