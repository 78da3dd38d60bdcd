"""How fast the exact normalised HSIC is, how near to the explicit formula, and how much memory it takes.

F of 64 dimensions against X of 20, bandwidth 8, in one process in turns; medians of processor times, which
with one thread are the wall times of an idle machine and on a busy one stay near them:

* the explicit formula with the matrix H, in float64 and in float32, as Eq. 5 is written;
* centring by means of rows and columns instead of H, in float64, whole matrices;
* the approximations of this project, with the error they tell;
* ``dcor``, where the user has installed it: ``pip install dcor``. It has no HSIC, but centres matrices and takes means
  of products, which is all that Eq. 5 needs.

Peak memory of n = 20,000 is that of a process of its own, on Linux.

Run: ``python benchmarks/hsic.py [--json hsic.json]``
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mfm_core import normalized_hsic
from mfm_core.interpretation.approximate import approximate_normalized_hsic

BANDWIDTH = 8.0
SIZES = (500, 1_000, 2_000)
LARGE = r'''
import re, sys, time
from pathlib import Path
import torch
from benchmarks.hsic import BANDWIDTH, variables
from mfm_core import normalized_hsic
def peak():
    """Of this process, MiB. What getrusage tells begins with the peak of the process that started it."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024

n = int(sys.argv[1])
f, x = variables(n)
normalized_hsic(f[:600], x[:600], BANDWIDTH)
before = peak()
start, busy = time.perf_counter(), time.process_time()
value = normalized_hsic(f, x, BANDWIDTH)
seconds, busy = time.perf_counter() - start, time.process_time() - busy
print(value, seconds, busy, before, peak())
'''


def variables(n: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    f = torch.randn(n, 64, generator=generator)
    return f, f[:, :20] + 0.5 * torch.randn(n, 20, generator=generator)


def gram(x: Tensor) -> Tensor:
    return torch.exp(-torch.cdist(x, x).square() / (2 * BANDWIDTH**2))


def explicit(f: Tensor, x: Tensor, dtype: torch.dtype) -> float:
    k, m = gram(f.to(dtype)), gram(x.to(dtype))
    h = torch.eye(len(f), dtype=dtype) - 1 / len(f)
    k, m = h @ k @ h, h @ m @ h
    return float((k * m).sum() / (k.norm() * m.norm()))


def centred(f: Tensor, x: Tensor) -> float:
    k, m = gram(f.double()), gram(x.double())
    for matrix in (k, m):
        matrix -= matrix.mean(dim=0)
        matrix -= matrix.mean(dim=1, keepdim=True)
    return float((k * m).sum() / (k.norm() * m.norm()))


def others(f: Tensor, x: Tensor) -> dict[str, Callable[[], float]]:
    generator = torch.Generator().manual_seed(0)
    found: dict[str, Callable[[], float]] = {
        "explicit H, float64": lambda: explicit(f, x, torch.float64),
        "explicit H, float32": lambda: explicit(f, x, torch.float32),
        "row means, float64": lambda: centred(f, x),
        "this project, exact": lambda: normalized_hsic(f, x, BANDWIDTH),
    }
    for method in ("nystroem", "fourier"):
        found[f"approximate, {method}"] = lambda method=method: (
            approximate_normalized_hsic(f, x, BANDWIDTH, method=method, n_draws=1, generator=generator).value
        )
    if importlib.util.find_spec("dcor"):
        import dcor

        def by_dcor() -> float:
            k, m = (dcor.double_centered(gram(v.double()).numpy()) for v in (f, x))
            products = (dcor.mean_product(k, m), dcor.mean_product(k, k), dcor.mean_product(m, m))
            return float(products[0] / np.sqrt(products[1] * products[2]))

        found["dcor double centring"] = by_dcor
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    report: dict[str, object] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, 1 thread",
        "load": os.getloadavg(),
    }
    print(f"{'n':>6} {'':28} {'ms: p50':>10} {'times ours':>11} {'error':>10}")
    for n in SIZES:
        runs = others(*variables(n))
        exact = runs["explicit H, float64"]()
        times: dict[str, list[float]] = {name: [] for name in runs}
        values: dict[str, float] = {}
        for _ in range(options.repeats):
            for name, run in runs.items():
                start = time.process_time()
                values[name] = run()
                times[name].append(1e3 * (time.process_time() - start))
        middle = {name: float(np.median(t)) for name, t in times.items()}
        report[str(n)] = {name: {"ms": middle[name], "error": values[name] - exact} for name in runs}
        for name in runs:
            ratio = middle[name] / middle["this project, exact"]
            print(f"{n:6} {name:28} {middle[name]:10.1f} {ratio:10.1f}x {values[name] - exact:10.1e}", flush=True)
    command = [sys.executable, "-c", LARGE, "20000"]
    root = Path(__file__).resolve().parent.parent
    environment = os.environ | {"PYTHONPATH": str(root)}
    output = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True).stdout
    value, seconds, busy, before, peak = (float(word) for word in output.split())
    report["20000"] = {
        "value": value,
        "seconds": seconds,
        "processor_seconds": busy,
        "peak_mib": peak,
        "before_mib": before,
    }
    times = f"{seconds:.1f} s, {busy:.1f} s of processors"
    print(f" 20000 exact: {value:.6f} in {times}; peak {peak:.0f} MiB, of which")
    print(f"       {before:.0f} MiB were taken before by Python, torch and the data")
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
