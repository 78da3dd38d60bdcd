"""How smooth the map of held-out pairs is in a real browser, with all the points that are stored.

A pointer goes over the map, drags a lasso, pans and zooms; each gesture is as many pointer moves or keys, one after the
other. Counted are the frames that the page painted a second, and the processor milliseconds that all processes of the
browser took a move, its drawing in software among them: what else the machine does hardly matters to the second.
``--root`` measures the map of another checkout in turns, as far as it has these gestures.

Run: ``python benchmarks/map.py [--root CHECKOUT] [--repeats 5] [--json map.json]``
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import FloatRect, Page, sync_playwright
from scrub import ARGUMENTS, CHROMIUM, summary
from serving import ROOT, TICKS, serve, tell_figures

MOVES = 60
POINTS = ".plane .nsewdrag, canvas.plane"
COUNT = """() => {
  Object.assign(window, { frames: [], counting: true });
  const frame = (now) => { if (counting) { frames.push(now); requestAnimationFrame(frame); } };
  requestAnimationFrame(frame);
}"""
COUNTED = "() => { counting = false; return 1000 * (frames.length - 1) / (frames.at(-1) - frames[0]); }"


def browser_seconds(marker: str) -> float:
    """Processor seconds so far of the process whose command line holds a marker and of all that it began."""
    ticks, parents, first = {}, {}, 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            began = marker in (folder / "cmdline").read_text()
        except OSError:  # it has ended
            continue
        process = int(folder.name)
        ticks[process], parents[process] = int(fields[11]) + int(fields[12]), int(fields[1])
        if began and "--type=" not in (folder / "cmdline").read_text():
            first = process

    def within(process: int) -> bool:
        return process == first or (process in parents and within(parents[process]))

    return sum(spent for process, spent in ticks.items() if within(process)) / TICKS


def opened(page: Page, address: str) -> FloatRect:
    """Open the map; where its points are."""
    page.goto(f"{address}/generate?section=slide")
    page.locator("[data-ready]").wait_for(timeout=180_000)
    page.locator("details.map > summary").click()
    page.locator(".mapbody .note", has_text="held-out pairs").wait_for(timeout=300_000)
    points = page.locator(POINTS)
    points.scroll_into_view_if_needed()
    page.wait_for_timeout(2_000)
    box = points.bounding_box()
    assert box is not None
    return box


def hover(page: Page, box: FloatRect) -> None:
    """Go over the map from corner to corner."""
    for move in range(MOVES):
        share = 0.1 + 0.8 * move / MOVES
        page.mouse.move(box["x"] + share * box["width"], box["y"] + share * box["height"])


def drag(page: Page, box: FloatRect) -> None:
    """Drag around the middle of the map: a lasso, or to pan."""
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + 100, y)
    page.mouse.down()
    for angle in np.linspace(0, 2 * np.pi, MOVES):
        page.mouse.move(x + 100 * np.cos(angle), y + 100 * np.sin(angle))
    page.mouse.up()


def pan(page: Page, box: FloatRect) -> None:
    """Move what is shown."""
    page.locator(".plane [data-val=pan]").click()
    drag(page, box)
    page.locator(".plane [data-val=lasso]").click()


def zoom(page: Page, box: FloatRect) -> None:
    """Show a smaller and a larger part in turns."""
    del box
    page.locator(".plane").focus()
    for move in range(MOVES):
        page.keyboard.press("+-"[move % 2])


GESTURES: dict[str, Callable[[Page, FloatRect], None]] = {"hover": hover, "lasso": drag, "pan": pan, "zoom": zoom}


def measure(page: Page, box: FloatRect, gesture: str, marker: str) -> tuple[float, float]:
    """Frames a second during a gesture, and processor milliseconds of the browser a move."""
    page.evaluate(COUNT)
    before = browser_seconds(marker)
    GESTURES[gesture](page, box)
    frames = page.evaluate(COUNTED)
    spent = 1_000 * (browser_seconds(marker) - before) / MOVES
    page.wait_for_timeout(500)
    return frames, spent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    load = os.getloadavg()
    results: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        marker = f"--mfm-benchmark={place}"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, marker])
        for name, root in {"this": ROOT, "other": options.root}.items():
            if root is None:
                continue
            environment = {"MFM_PRETRAINED": str(root / "pretrained"), "MFM_DATA": place, "PYTHONPATH": str(root)}
            with serve(root / "app" / "main.py", environment, root=root) as app:
                page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
                box = opened(page, app.address)
                results[f"{name}: points"] = (page.locator(".mapbody .note").text_content() or "").split(" ")[0]
                for gesture in GESTURES if page.locator(".plane .nsewdrag").count() else ("hover", "lasso"):
                    found = np.array([measure(page, box, gesture, marker) for _ in range(options.repeats)])
                    results[f"{name}: {gesture}, frames a second"] = summary(found[:, 0])
                    results[f"{name}: {gesture}, processor ms a move"] = summary(found[:, 1])
                page.context.close()
        browser.close()
    tell_figures(results, load, options.json)


if __name__ == "__main__":
    main()
