"""How live the sliders of the page Generate are in a real browser, against the server's ways of doing the same.

All pages show the same stored model, in turns, in the same browser on this machine:

* pairs a second while a slider is dragged, one slider of each latent: how often the pictures on the screen changed
  while the slider moved with every frame of the screen, which is the most there can be; beside them how often the strip
  of ten digits was painted; and how often the pictures changed where each was asked for once the last was painted;
* nine further styles in ten digits each, a 10 x 10 matrix with the first: seconds until the last of these 90 pairs;
* first live picture: from asking for the page in a browser without a cache to the first picture, on a server that has
  shown it before; and by the browser's own clock, when the element was begun, when the picture that the server sent
  stood, when the weights had come and when the first picture was decoded;
* first drag on the page Start: from asking for it until its pair is live, and until a slider of a style was dragged
  with the mouse, that picture changed, the other did not, and the label stayed;
* the server's own scrubber (where the browser cannot decode) and a plain ``st.slider`` whose pictures the server
  decodes: seconds until the first picture, most of which Streamlit takes for itself, and pictures a second while
  dragging (a plain one tells the server of no value before the mouse rests);
* ``--sessions N``: N browsers' sessions are open at once and slide, which asks the server nothing; how long other
  interactions of theirs, one after the other, then take.

Run: ``python benchmarks/slide.py [--repeats 5] [--sessions 300] [--json slide.json]``
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from scrub import ARGUMENTS, CASES, CHROMIUM, FIND, PLAIN, frames_a_second, open_page, summary
from serving import ROOT, serve, tell_figures
from sessions import Session

QUERY = "section=slide"
MARKS = """() => performance.getEntriesByType("mark").filter((one) => one.name.startsWith("mfm-"))
  .map((one) => [one.name, one.startTime])"""
READY = "() => find('[data-ready]') && find('[data-strip]') ? true : undefined"

# Moves a slider to and fro, a step with every frame of the screen, and counts what was painted meanwhile.
DRIVE = """([selector, seconds]) => new Promise((done) => {
  const input = find(selector), root = find("[data-ready]");
  const frames = () => Number(root.dataset.frame ?? 0), strips = () => Number(root.dataset.strip ?? 0);
  const [begun, firstFrame, firstStrip] = [performance.now(), frames(), strips()];
  let turns = 0;
  const step = (now) => {
    const t = (now - begun) / 1000;
    if (t > seconds) {
      done({ pairs: (frames() - firstFrame) / t, strips: (strips() - firstStrip) / t, screen: turns / t });
      return;
    }
    turns += 1;
    input.value = 3 * Math.sin(t * 2);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""
# Asks for the next pair as soon as the last was painted.
CHAIN = """([selector, seconds]) => new Promise((done) => {
  const input = find(selector), root = find("[data-ready]"), begun = performance.now();
  let turns = 0;
  const move = () => {
    input.value = 3 * Math.sin((performance.now() - begun) / 500);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const watch = new MutationObserver(() => {
    turns += 1;
    const t = (performance.now() - begun) / 1000;
    if (t < seconds) return void setTimeout(move);
    watch.disconnect();
    done(turns / t);
  });
  watch.observe(root, { attributeFilter: ["data-frame"] });
  move();
})"""
MATRIX = """() => new Promise((done) => {
  const root = find("[data-ready]"), before = Number(root.dataset.matrix ?? 0), begun = performance.now();
  find(".styles .title button").click();
  const look = () => {
    if (Number(root.dataset.matrix ?? 0) > before) done((performance.now() - begun) / 1000);
    else requestAnimationFrame(look);
  };
  look();
})"""


def live_page(browser: Browser, address: str) -> tuple[Page, float]:
    """The page in a browser of its own, and the seconds until its first live picture."""
    page = browser.new_context(viewport={"width": 1280, "height": 1300}).new_page()
    page.add_init_script(f"window.find = {FIND};")
    start = time.perf_counter()
    page.goto(f"{address}/generate?{QUERY}")
    page.wait_for_function("() => find('[data-ready]') ? true : undefined", polling=10, timeout=120_000)
    seconds = time.perf_counter() - start
    page.wait_for_function(READY, timeout=60_000)
    page.wait_for_timeout(1_000)
    return page, seconds


def measure_live(browser: Browser, address: str, repeats: int) -> dict[str, object]:
    """Everything about the live sliders."""
    first: list[float] = []
    marks: dict[str, list[float]] = {}
    for turn in range(repeats + 1):
        page, seconds = live_page(browser, address)
        if turn:  # the first warms the server
            first.append(seconds)
            for name, at in page.evaluate(MARKS):
                marks.setdefault(name, []).append(at / 1_000)
        page.context.close()
    page, _ = live_page(browser, address)
    figures: dict[str, object] = {f"{name}, s": summary(np.array(at)) for name, at in marks.items()}
    for group, name in (("y", "Z_y"), ("a0", "first Z_a"), ("a1", "second Z_a")):
        found = [page.evaluate(DRIVE, [f".group.{group} input[type=range]", 3]) for _ in range(repeats)]
        for key in ("pairs", "strips", "screen"):
            figures[f"{name}: {key} a second"] = summary(np.array([one[key] for one in found]))
        chained = [page.evaluate(CHAIN, [f".group.{group} input[type=range]", 3]) for _ in range(repeats)]
        figures[f"{name}: pairs a second, one after the other"] = summary(np.array(chained))
    figures["90 pairs more, s"] = summary(np.array([page.evaluate(MATRIX) for _ in range(repeats)]))
    figures["first live picture, s"] = summary(np.array(first))
    figures["simd"] = page.evaluate("() => find('[data-simd]').dataset.simd")
    page.context.close()
    return figures


def first_drag(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds until the pair on the page Start is live, and until it was dragged and style and label were parted.

    Raises:
        ValueError: If the drag did not change its own picture alone, or the label with it.
    """
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    look = "(nodes) => nodes.map((node) => node.toDataURL?.() ?? node.textContent)"
    start = time.perf_counter()
    page.goto(address)
    page.locator("[data-frame]").wait_for(timeout=120_000)
    live = time.perf_counter() - start
    before = page.locator(".picture canvas").evaluate_all(look)
    digit = page.locator(".node[data-id='out.y']").text_content()
    box = page.locator(".slider.a0 input").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2, steps=5)
    page.locator(".said", has_text="still").wait_for()
    dragged = time.perf_counter() - start
    page.mouse.up()
    changed = [one != was for one, was in zip(page.locator(".picture canvas").evaluate_all(look), before, strict=True)]
    if changed != [True, False] or page.locator(".node[data-id='out.y']").text_content() != digit:
        raise ValueError(f"drag: expected the first picture alone to change and {digit} to stay, got {changed}")
    page.context.close()
    return live, dragged


def measure_start(browser: Browser, address: str, repeats: int) -> dict[str, object]:
    """Seconds that a visitor waits for who opens the app and drags the first thing at hand."""
    found = np.array([first_drag(browser, address) for _ in range(repeats)])
    return {"Start: pair live, s": summary(found[:, 0]), "Start: style and label parted, s": summary(found[:, 1])}


def measure_servers(browser: Browser, addresses: dict[str, str], repeats: int) -> dict[str, object]:
    """Seconds until the first picture, and pictures a second, where the server decodes."""
    figures: dict[str, object] = {}
    for key, address in addresses.items():
        first = []
        for turn in range(repeats + 1):
            page, seconds = open_page(browser, address, CASES[key])
            if turn:  # the first warms the server
                first.append(seconds)
            if turn < repeats:
                page.context.close()
        figures[f"{CASES[key].name}: first picture, s"] = summary(np.array(first))
        rates = [frames_a_second(page, CASES[key]) for _ in range(repeats)]
        figures[f"{CASES[key].name}: pictures a second"] = summary(np.array(rates))
        page.context.close()
    return figures


async def crowd(address: str, n: int, interactions: int) -> dict[str, object]:
    """Other interactions of n sessions that are open and slide."""
    sessions: list[Session] = []
    for start in range(0, n, 10):
        few = await asyncio.gather(*(Session.connect(address) for _ in range(start, min(start + 10, n))))
        await asyncio.gather(*(session.open("generate", QUERY) for session in few))
        sessions += few
    turns = range(interactions)
    waits = [await sessions[(turn * 37) % n].ask("generate", f"section=swap&seed={turn % 5}") for turn in turns]
    for session in sessions:
        await session.close()
    return {"open sessions": n, "another interaction, s": summary(np.array(waits))}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=0)
    parser.add_argument("--model", default=str(ROOT / "pretrained" / "svhn_mnist"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    model = Path(options.model).resolve()
    load = os.getloadavg()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        plain = Path(place) / "plain.py"
        plain.write_text(PLAIN.format(name=str(model)))
        environment = {"MFM_PRETRAINED": str(model.parent), "MFM_DATA": place, "PYTHONPATH": str(ROOT)}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with serve(ROOT / "app" / "main.py", environment) as app, serve(plain, environment) as other:
            ours, theirs = app.address, other.address
            results = measure_live(browser, ours, options.repeats)
            results |= measure_start(browser, ours, options.repeats)
            results |= measure_servers(browser, {"ours": ours, "plain": theirs}, options.repeats)
            if options.sessions:
                with ThreadPoolExecutor() as beside:  # the browser has the loop of this thread
                    results |= beside.submit(lambda: asyncio.run(crowd(ours, options.sessions, 60))).result()
        browser.close()
    tell_figures(results, load, options.json)


if __name__ == "__main__":
    main()
