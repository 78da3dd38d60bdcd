"""How fast forward-backward of the fields of hidden states is, against a plain loop over samples, steps and states.

Partition functions and marginals of a batch of chains with padding, in float64, on one thread, in turns; medians of
processor times. The plain loop is the textbook recursion in log space, with a sum over the states of the step before
in NumPy for each state; what both find is compared.

Run: ``python benchmarks/forward_backward.py [--json forward_backward.json]``
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mfm_core.systems.parts.chains import forward_backward

SIZES = ((1, 64, 20, 4), (8, 64, 20, 4), (8, 64, 20, 16), (1, 256, 50, 27))
"""Chains, samples, steps, and joint states: 4 of early fusion, 16 of two views, 27 of three.

Training computes 8 chains at once, of 4 restarts and 2 labels, in batches of 64 samples.
"""


def plain_loop(nodes: Tensor, edges: Tensor, lengths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    potentials, moves = nodes.numpy(), edges.numpy()
    n, longest, states = potentials.shape
    totals, marginals = np.zeros(n), np.zeros((n, longest, states))
    for i, length in enumerate(lengths):
        alpha, beta = np.zeros((length, states)), np.zeros((length, states))
        alpha[0] = potentials[i, 0]
        for t in range(1, length):
            for s in range(states):
                alpha[t, s] = np.logaddexp.reduce(alpha[t - 1] + moves[:, s]) + potentials[i, t, s]
        for t in range(length - 2, -1, -1):
            for s in range(states):
                beta[t, s] = np.logaddexp.reduce(moves[s] + potentials[i, t + 1] + beta[t + 1])
        totals[i] = np.logaddexp.reduce(alpha[-1])
        marginals[i, :length] = np.exp(alpha + beta - totals[i])
    return totals, marginals


def each_chain(nodes: Tensor, edges: Tensor, lengths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    found = [plain_loop(a, b, lengths) for a, b in zip(nodes, edges, strict=True)]
    return np.stack([total for total, _ in found]), np.stack([marginals for _, marginals in found])


def seconds(run: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    report: dict[str, object] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, 1 thread",
        "load": os.getloadavg(),
    }
    columns = ("chains", "samples", "steps", "states", "loop, ms", "ours, ms", "times", "difference")
    print(" ".join(f"{name:>10}" for name in columns))
    for size in SIZES:
        chains, n, steps, states = size
        generator = torch.Generator().manual_seed(0)
        nodes = torch.randn(chains, n, steps, states, generator=generator, dtype=torch.float64)
        edges = torch.randn(chains, states, states, generator=generator, dtype=torch.float64)
        lengths = torch.randint(steps // 2, steps + 1, (n,), generator=generator)
        mask = (torch.arange(steps) < lengths.unsqueeze(1)).unsqueeze(0)
        run_loop = partial(each_chain, nodes, edges, lengths.tolist())
        ours, (totals, marginals) = forward_backward(nodes, edges, mask), run_loop()
        difference = max(
            float(np.abs(ours.log_partition.numpy() - totals).max()),
            float(np.abs(ours.marginals.numpy() - marginals).max()),
        )
        loop = seconds(run_loop, 1)
        fast = seconds(partial(forward_backward, nodes, edges, mask), options.repeats)
        report["x".join(map(str, size))] = {"loop_ms": 1e3 * loop, "ms": 1e3 * fast, "difference": difference}
        figures = (
            *map(str, size),
            f"{1e3 * loop:.1f}",
            f"{1e3 * fast:.2f}",
            f"{loop / fast:.0f}x",
            f"{difference:.1e}",
        )
        print(" ".join(f"{figure:>10}" for figure in figures), flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
