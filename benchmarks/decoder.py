"""Processor milliseconds that the decoder in the browser takes for a picture, against another state of its scripts.

Both states run on one page of headless Chromium, by turns, on Z drawn at random. What is counted is the time that the
page's process held a processor, as the kernel counts it, so that what else the machine does hardly matters. A slider
asks for one picture at once, the strip of ten digits for ten.

Run: ``python benchmarks/decoder.py [--against HEAD] [--repeats 7] [--json decoder.json]``
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright
from scrub import ARGUMENTS, CHROMIUM, summary
from serving import ROOT

import mfm_core as mfm
from mfm_core.storage.browser import export_model

SCRIPTS = [f"app/elements/latent_sliders/{name}.js" for name in ("tensors", "arena", "layers")]
LOAD = """([description, letters, states]) => {
  const weights = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0)).buffer;
  window.description = description;
  window.halves = states.map((code) => {
    const Half = new Function(`${code}; return GenerativeHalf;`)();
    return [false, true].map((simd) => new Half(description, weights, simd));
  });
}"""
DECODE = """([state, simd, name, n, times]) => {
  const z = (count) => Float32Array.from({ length: count }, () => 3 * Math.random() - 1.5), { sizes } = description;
  const given = { y: z(n * sizes.y), a: { [name]: z(n * sizes[name]) } };
  for (let i = 0; i < times; i++) halves[state][simd].decode(n, given);
}"""


def scripts(state: str | None) -> str:
    """The decoder's scripts of a commit; those of the working tree where it is None."""
    if state is None:
        return "".join((ROOT / path).read_text(encoding="utf-8") for path in SCRIPTS)
    show = (["git", "show", f"{state}:{path}"] for path in SCRIPTS)
    return "".join(subprocess.run(one, cwd=ROOT, capture_output=True, text=True, check=True).stdout for one in show)


def renderers() -> dict[str, float]:
    """Processor milliseconds of every process of this machine in which a browser shows a page."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" in (process / "cmdline").read_bytes():
                threads = (process / "task").glob("*/schedstat")
                found[process.name] = sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6
        except OSError:  # it has ended meanwhile
            continue
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", help="a commit")
    parser.add_argument("--model", default="svhn_mnist")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    exported = export_model(mfm.load_pretrained(options.model))
    states = [None, *([options.against] if options.against else [])]
    given = [exported.description.model_dump(mode="json"), base64.b64encode(exported.weights).decode()]
    results = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page()
        page.evaluate(LOAD, [*given, [scripts(state) for state in states]])
        before = renderers()
        page.evaluate("() => { for (let t = performance.now(); performance.now() < t + 200;); }")
        spent = {process: now - before[process] for process, now in renderers().items() if process in before}
        own = max(spent, key=spent.__getitem__)  # of several processes the one whose page was busy just now
        for simd in (1, 0):
            for name in exported.description.shapes:
                for n in (1, 10):
                    times = (40 if simd else 4) // (n // 2 or 1) or 1
                    costs: list[list[float]] = [[] for _ in states]
                    for turn in range(options.repeats + 1):
                        for state, cost in enumerate(costs):
                            start = renderers()[own]
                            page.evaluate(DECODE, [state, simd, name, n, times])
                            if turn:  # the first compiles
                                cost.append((renderers()[own] - start) / times / n)
                    key = f"{name}, {n} at once, {'SIMD' if simd else 'plain'}"
                    results[key] = [summary(np.array(cost)) for cost in costs]
        browser.close()
    for name, costs in results.items():
        ratio = f"   {costs[1]['p50'] / costs[0]['p50']:5.2f} times as fast" if len(costs) > 1 else ""
        print(f"{name:26} ms a picture: " + "  against ".join(f"{cost['p50']:6.2f}" for cost in costs) + ratio)
    print("load", *os.getloadavg())
    if options.json:
        options.json.write_text(json.dumps({"load": os.getloadavg(), "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
