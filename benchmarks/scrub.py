"""How smoothly a slide scrubs where the server decodes: the page's own element against a plain ``st.slider``.

The page shows its scrubber where a browser cannot decode; to measure it, the browser is left without workers. How live
the sliders are that decode in the browser, ``benchmarks/slide.py`` measures.

Both pages show the same sweep of the same stored model, in turns, in the same browser on this machine:

* frames a second while dragging: how often the picture on the screen changed, counted at the screen's own rate;
* release to committed picture: from letting go until the picture that the server made of the final value is painted;
* first picture: from asking for the page to its first picture, on a server that has shown it before.

Run: ``python benchmarks/scrub.py [--repeats 20] [--json scrub.json]``
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, FloatRect, Page, sync_playwright
from serving import ROOT, serve, tell

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]

PLAIN = """
import mfm_core as mfm
import streamlit as st
import torch

model = st.cache_resource(mfm.load_pretrained)({name!r})
start = st.cache_resource(mfm.load_codes)({name!r}).latents[[3]]
direction = torch.eye(model.sizes["y"])[0]
frame = st.slider("Move Z_y", 0, 60, 48)
with torch.inference_mode():
    latents = mfm.traverse(start, factor="y", direction=direction, amounts=torch.linspace(-3, 3, 61)[[frame]])
    pictures = model.decode(latents).modalities
for column, picture in zip(st.columns(2), pictures.values()):
    column.image(picture[0].permute(1, 2, 0).squeeze().numpy(), width=272, alt=f"frame {{frame}}")
"""

FIND = """(name) => {
  const walk = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) { const found = walk(node.shadowRoot); if (found) return found; }
      if (node.matches(name)) return node;
    }
    return null;
  };
  return walk(document);
}"""


@dataclass(frozen=True)
class Case:
    """A page to measure.

    Attributes:
        name: In the table.
        query: Of the page.
        slider: Selector of its range input.
        shown: JavaScript: what is on the screen while dragging.
        committed: JavaScript: the value that the server has made a picture of.
        wanted: JavaScript: the value that the slider shows.
    """

    name: str
    query: str
    slider: str
    shown: str
    committed: str
    wanted: str


CASES = {
    "ours": Case(
        "this project's scrubber",
        "generate?section=slide&path=dimension-1&a=3",
        ".track input[type=range]",
        "find('.picture canvas')?.dataset.frame",
        "labelled('.st-key-wall_slide')",
        "find('.track output').textContent",
    ),
    "plain": Case(
        "plain st.slider",
        "",
        "[data-testid=stSlider] [role=group] > div",
        "loaded()",
        "loaded()",
        "`frame ${document.querySelector('[data-testid=stSlider] input').value}`",
    ),
}

HELPERS = f"""
window.find = {FIND};
window.labelled = (place) => {{
  const walk = (root) => {{
    for (const node of root.querySelectorAll("*")) {{
      if (node.shadowRoot) {{ const found = walk(node.shadowRoot); if (found) return found; }}
      const label = node.tagName === "CANVAS" ? node.getAttribute("aria-label") : "";
      if (label.includes(" at ")) return label.split(" at ")[1];
    }}
    return undefined;
  }};
  const box = document.querySelector(place);
  return box ? walk(box) : undefined;
}};
window.loaded = () => {{
  const images = [...document.querySelectorAll("[data-testid=stImage] img")];
  return images.length === 2 && images.every((image) => image.complete) ? images[0].alt : undefined;
}};
window.record = (shown) => {{
  window.changes = []; window.recording = true; let last = shown();
  const look = (now) => {{
    const is = shown();
    if (is !== undefined && is !== last) {{ window.changes.push(now); last = is; }}
    if (window.recording) requestAnimationFrame(look);
  }};
  requestAnimationFrame(look);
}};
window.untilCommitted = (committed, wanted) => {{
  window.commit = new Promise((done) => {{
    window.addEventListener("pointerup", () => {{
      const start = performance.now();
      const look = () => {{
        if (committed() === wanted()) requestAnimationFrame(() => done(performance.now() - start));
        else if (performance.now() - start > 10000) done(NaN);
        else requestAnimationFrame(look);
      }};
      look();
    }}, {{ once: true, capture: true }});
  }});
}};
"""


def open_page(browser: Browser, address: str, case: Case) -> tuple[Page, float]:
    """A page in a browser of its own, and the seconds until its first picture."""
    page = browser.new_context(viewport={"width": 1280, "height": 1300}).new_page()
    page.add_init_script(f"delete window.Worker; {HELPERS}")
    start = time.perf_counter()
    page.goto(f"{address}/{case.query}")
    page.wait_for_function(f"() => {case.shown} !== undefined", polling=20, timeout=60_000)
    seconds = time.perf_counter() - start
    page.wait_for_function(f"() => {case.committed} !== undefined", timeout=60_000)
    page.wait_for_timeout(1_000)
    return page, seconds


def frames_a_second(page: Page, case: Case, seconds: float = 3.0) -> float:
    """Drag to and fro for a while and count the pictures that were painted."""
    box = page.locator(case.slider).bounding_box()
    assert box is not None
    drag(page, box, 0.1)
    page.mouse.down()
    page.evaluate(f"() => record(() => {case.shown})")
    start, share, step = time.perf_counter(), 0.1, 0.018
    while time.perf_counter() - start < seconds:
        share += step
        if not 0.05 < share < 0.95:
            step = -step
        drag(page, box, share)
    seconds = time.perf_counter() - start
    changes = page.evaluate("() => { window.recording = false; return window.changes.length; }")
    page.mouse.up()
    page.wait_for_timeout(2_000)
    return float(changes) / seconds


def drag(page: Page, box: FloatRect, share: float) -> None:
    """Move the mouse to a share of the slider's width."""
    page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)


def release(page: Page, case: Case, share: float) -> float:
    """Milliseconds from letting go of the slider to the picture that the server made."""
    box = page.locator(case.slider).bounding_box()
    assert box is not None
    drag(page, box, share - 0.05)
    page.mouse.down()
    drag(page, box, share)
    page.wait_for_timeout(30)
    page.evaluate(f"() => untilCommitted(() => {case.committed}, () => {case.wanted})")
    page.mouse.up()
    taken = float(page.evaluate("() => window.commit"))
    page.wait_for_timeout(400)
    return taken


def measure(browser: Browser, addresses: dict[str, str], repeats: int) -> dict[str, dict[str, object]]:
    """Everything about all pages, in turns, so that what else the machine does falls on all of them."""
    first: dict[str, list[float]] = {key: [] for key in addresses}
    rates: dict[str, list[float]] = {key: [] for key in addresses}
    waits: dict[str, list[float]] = {key: [] for key in addresses}
    for turn in range(6):
        for key, address in addresses.items():
            page, seconds = open_page(browser, address, CASES[key])
            if turn:  # the first warms the server
                first[key].append(seconds)
            page.context.close()
    pages = {key: open_page(browser, address, CASES[key])[0] for key, address in addresses.items()}
    for _ in range(5):
        for key, page in pages.items():
            page.bring_to_front()
            rates[key].append(frames_a_second(page, CASES[key]))
    for share in np.random.default_rng(0).permutation(np.linspace(0.12, 0.92, repeats)):
        for key, page in pages.items():
            page.bring_to_front()
            waits[key].append(release(page, CASES[key], float(share)))
    return {
        key: {
            "page": CASES[key].name,
            "frames_per_second": summary(np.array(rates[key])),
            "release_to_committed_ms": summary(np.array(waits[key])),
            "first_picture_s": summary(np.array(first[key])),
        }
        for key in addresses
    }


def summary(values: np.ndarray) -> dict[str, float]:
    """Median, quartiles, 95th percentile and how many."""
    low, median, high, late = np.nanpercentile(values, [25, 50, 75, 95])
    figures = {"p50": median, "p25": low, "p75": high, "p95": late}
    return {name: round(float(value), 3) for name, value in figures.items()} | {"n": len(values)}


def main() -> None:
    """Measure both pages and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--model", default=str(ROOT / "pretrained" / "svhn_mnist"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    model = Path(options.model).resolve()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        plain = Path(place) / "plain.py"
        plain.write_text(PLAIN.format(name=str(model)))
        environment = {"MFM_PRETRAINED": str(model.parent), "MFM_DATA": place, "PYTHONPATH": str(ROOT)}
        scripts = {"ours": ROOT / "app" / "main.py", "plain": plain}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with serve(scripts["ours"], environment) as ours, serve(scripts["plain"], environment) as theirs:
            results = measure(browser, {"ours": ours.address, "plain": theirs.address}, options.repeats)
        browser.close()
    report = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "load": os.getloadavg(), "results": results}
    print(f"{'':28} {'frames/s':>10} {'release, ms: p50':>18} {'p95':>8} {'first picture, s':>18}")
    for result in results.values():
        rate, wait = result["frames_per_second"], result["release_to_committed_ms"]
        first = result["first_picture_s"]
        print(f"{result['page']:28} {rate['p50']:10.1f} {wait['p50']:18.0f} {wait['p95']:8.0f} {first['p50']:18.2f}")
    tell(report, options.json)


if __name__ == "__main__":
    main()
