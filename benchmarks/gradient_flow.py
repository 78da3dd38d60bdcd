"""How fast the gradient-norm flow of Eq. 7 is, by hand against automatic differentiation, and how near to it.

One decoder of the shipped kind (code 128, of which F_y is 64; T steps of d_x features), and one that reads the code at
every step, with one clip and a batch of clips, in turns, in one process; medians and quartiles of processor times,
which with one thread are the wall times of an idle machine and on a busy one stay near them. The
ways are given the decoder as it runs in this project, without gradients of weights:

* ``torch.func.jacfwd`` and ``torch.func.jacrev`` of the sequence with respect to F_y, then the norms;
* of a batch, ``torch.func.vmap`` of jacfwd over the clips, which is the fastest of them.

Run: ``python benchmarks/gradient_flow.py [--repeats 15] [--json flow.json]``
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mfm_core.interpretation.recurrent_flow import recurrent_flow
from mfm_core.networks.recurrent import RecurrentDecoder

D_Y, D_A, CLIPS = 64, 64, 64
SIZES = [(20, 300), (20, 20), (50, 300)]
# Beyond this many numbers the Jacobian in reverse mode takes minutes.
REVERSE = 20 * 300


def jacobian_flow(transform: Callable[..., Callable[..., Tensor]], decoder: RecurrentDecoder, code: Tensor) -> Tensor:
    """Squared norms of the whole Jacobian of one clip, ``(T,)``."""
    mask = torch.ones(1, decoder.length, dtype=torch.bool)

    def sequence(f_y: Tensor) -> Tensor:
        return decoder(torch.cat([code[:D_A], f_y])[None], mask)[0]

    return transform(sequence)(code[D_A:]).square().sum(dim=(1, 2))


def measure(ways: dict[str, Callable[[], Tensor]], repeats: int) -> dict[str, dict[str, float]]:
    """Processor times of each, in turns, in milliseconds, and the largest relative error against the first."""
    reference = next(iter(ways.values()))().double()
    errors = {name: float(((run().double() - reference).abs() / reference).max()) for name, run in ways.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, run in ways.items():
            start = time.process_time()
            run()
            times[name].append(1e3 * (time.process_time() - start))
    return {
        name: {
            "p25": float(np.quantile(t, 0.25)),
            "p50": float(np.median(t)),
            "p75": float(np.quantile(t, 0.75)),
            "error": errors[name],
        }
        for name, t in times.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    part = slice(D_A, None)
    report: dict[str, object] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, 1 thread",
        "load": os.getloadavg(),
    }
    print(f"{'':34} {'ms: p25':>9} {'p50':>9} {'p75':>9} {'against by hand':>16} {'error':>9}")
    with torch.no_grad():
        for length, d_x, at in [(*size, "first") for size in SIZES] + [(*SIZES[0], "every")]:
            decoder = RecurrentDecoder(D_A + D_Y, d_x, length=length if at == "every" else None)
            decoder = decoder.requires_grad_(requires_grad=False).eval()
            decoder.length = length
            codes = torch.randn(CLIPS, D_A + D_Y)
            masks = torch.ones(CLIPS, length, dtype=torch.bool)
            one: dict[str, Callable[[], Tensor]] = {
                "by hand": lambda d=decoder, c=codes, m=masks: recurrent_flow(d, c[:1], m[:1], part)[0],
                "jacfwd": lambda d=decoder, c=codes: jacobian_flow(torch.func.jacfwd, d, c[0]),
            }
            if length * d_x <= REVERSE:
                one["jacrev"] = lambda d=decoder, c=codes: jacobian_flow(torch.func.jacrev, d, c[0])
            batch: dict[str, Callable[[], Tensor]] = {
                "by hand": lambda d=decoder, c=codes, m=masks: recurrent_flow(d, c, m, part),
                "vmap of jacfwd": lambda d=decoder, c=codes: torch.func.vmap(
                    lambda code: jacobian_flow(torch.func.jacfwd, d, code), chunk_size=8
                )(c),
            }
            for title, ways, repeats in (("1 clip", one, options.repeats), (f"{CLIPS} clips", batch, 3)):
                title = f"T={length}, d_x={d_x}, {at}, {title}"
                report[title] = results = measure(ways, repeats)
                for name, r in results.items():
                    ratio = r["p50"] / results["by hand"]["p50"]
                    times = f"{r['p25']:9.1f} {r['p50']:9.1f} {r['p75']:9.1f}"
                    print(f"{title + ': ' + name:34} {times} {ratio:15.1f}x {r['error']:9.1e}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
