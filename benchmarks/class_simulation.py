"""How many visitors a number of replicas serves: a queueing simulation of the service times that ``class.py`` measured.

A replica is one Python process, whose lock lets one thread compute at a time: its sessions share one processor evenly
(processor sharing), at most as fast as the processors of its machine allow. A visitor asks, waits for the answer, looks
for an exponentially distributed time, and asks again, with the shares of requests of ``class.py``; a visitor's replica
is chosen once, as the proxy does by its cookie. What a request costs and what one visitor alone waits beside it are
those of the measurement.

The simulation is first held against the measurement itself: visitors who open at once, and visitors at work.

Run: ``python benchmarks/class.py --json class.json``, then ``python benchmarks/class_simulation.py class.json``
"""

from __future__ import annotations

import argparse
import heapq
import importlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

REQUESTS = importlib.import_module("class").REQUESTS  # a name that the statement cannot take
LEAVES = 0.03
"""Share of requests after which a visitor leaves and comes back, as in ``class.py``."""
WITHIN = 1.5
"""Seconds that 95 of 100 interactions may take."""


@dataclass
class Replica:
    """A process whose requests share one processor evenly.

    Time is kept as the work that each request in it has been given since the start (virtual time): a request that
    arrives at ``given`` and needs ``s`` seconds is over when ``given`` has risen by ``s``.
    """

    speed: float
    given: float = 0.0
    at: float = 0.0
    ends: list[tuple[float, int]] = field(default_factory=list)

    def advance(self, now: float) -> None:
        """Share out the time since the last event."""
        if self.ends:
            self.given += (now - self.at) * self.speed / len(self.ends)
        self.at = now

    def next_end(self) -> float:
        """When the request that needs least is over, if nothing arrives before."""
        if not self.ends:
            return float("inf")
        return self.at + (self.ends[0][0] - self.given) * len(self.ends) / self.speed


def simulate(
    costs: dict[str, dict[str, float]], n: int, *, replicas: int, processors: float, think: float, seconds: float
) -> np.ndarray:
    """Waits of all interactions of ``n`` visitors at work; those of the first fifth of the time are left out.

    Args:
        costs: By kind of request: processor seconds, and seconds that one visitor alone waits.
        n: Visitors.
        replicas: Processes.
        processors: Of the machine that they share.
        think: Mean seconds between an answer and the next request.
        seconds: How long.
    """
    rng = np.random.default_rng(0)
    kinds = list(REQUESTS)
    shares = np.array([REQUESTS[kind].share for kind in kinds])
    shares = shares / shares.sum()
    servers = [Replica(min(1.0, processors / replicas)) for _ in range(replicas)]
    home = rng.integers(replicas, size=n)
    arrivals = [(float(at), visitor) for visitor, at in enumerate(rng.uniform(0, think, n))]
    heapq.heapify(arrivals)
    asked: dict[int, tuple[float, str]] = {}
    fresh = np.ones(n, bool)
    waits = []
    while True:
        ends = [server.next_end() for server in servers]
        place = int(np.argmin(ends))
        if arrivals and arrivals[0][0] <= ends[place]:
            now, visitor = heapq.heappop(arrivals)
            if now > seconds:
                break
            kind = "open" if fresh[visitor] else str(rng.choice(kinds, p=shares))
            fresh[visitor] = False
            server = servers[home[visitor]]
            server.advance(now)
            asked[visitor] = now, kind
            heapq.heappush(server.ends, (server.given + costs[kind]["processor s"], visitor))
        else:
            now, server = ends[place], servers[place]
            server.advance(now)
            _, visitor = heapq.heappop(server.ends)
            start, kind = asked.pop(visitor)
            beside = max(costs[kind]["s"] - costs[kind]["processor s"], 0.0)
            if start > seconds / 5:
                waits.append(now - start + beside)
            fresh[visitor] = rng.random() < LEAVES
            heapq.heappush(arrivals, (now + beside + float(rng.exponential(think)), visitor))
    return np.array(waits)


def opening(costs: dict[str, dict[str, float]], n: int, *, replicas: int, processors: float) -> np.ndarray:
    """Waits of ``n`` visitors who open at the same moment: all requests of a replica end together."""
    speed = min(1.0, processors / replicas)
    sizes = np.bincount(np.random.default_rng(0).integers(replicas, size=n), minlength=replicas)
    beside = max(costs["open"]["s"] - costs["open"]["processor s"], 0.0)
    return np.repeat(sizes * costs["open"]["processor s"] / speed, sizes) + beside


def p95(waits: np.ndarray) -> float:
    """The 95th percentile of waits in seconds."""
    return float(np.percentile(waits, 95))


def most_visitors(costs: dict[str, dict[str, float]], replicas: int, processors: float, think: float) -> int:
    """The most visitors at work of whom 95 of 100 interactions end within ``WITHIN``, to the nearest ten."""
    low, high = 10, 10 * round(100 * replicas * max(think, 1.0) / 10)
    while high - low > 10:
        middle = (low + high) // 20 * 10
        waits = simulate(costs, middle, replicas=replicas, processors=processors, think=think, seconds=300)
        low, high = (middle, high) if p95(waits) <= WITHIN else (low, middle)
    return low


def main() -> None:
    """Validate, then tell what replicas serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measured", type=Path, help="the file that class.py --json wrote")
    parser.add_argument("--processors", type=float, default=0.0, help="of the machine; default as measured")
    options = parser.parse_args()
    report = json.loads(options.measured.read_text())
    costs, told = report["cost of one visitor"], report["options"]
    replicas = told.get("replicas", 1)
    processors = options.processors or float(report["processors"])
    print("held against the measurement:")
    held = {
        f"{told['open']} open at once": (
            opening(costs, told["open"], replicas=replicas, processors=processors),
            report["waits, s"].get("opening"),
        ),
        f"{told['visitors']} at work": (
            simulate(
                costs,
                told["visitors"],
                replicas=replicas,
                processors=processors,
                think=told["think"],
                seconds=max(60 * told["minutes"], 300),
            ),
            report["waits, s"].get("working, all"),
        ),
    }
    for name, (waits, measured) in held.items():
        if measured is None:
            continue
        error = p95(waits) / measured["p95"] - 1
        print(
            f"  {name:18} p50 {np.median(waits):6.2f} s simulated, {measured['p50']:6.2f} measured; "
            f"p95 {p95(waits):6.2f} simulated, {measured['p95']:6.2f} measured, error {100 * error:+.0f} %"
        )
    print(f"95 of 100 interactions within {WITHIN} s, a processor a replica, {told['think']:g} s between interactions:")
    for count in (1, 2, 4, 8):
        n = most_visitors(costs, count, count, told["think"])
        print(f"  {count:3} replicas: {n:6} visitors at work, {n / count:.0f} a replica")


if __name__ == "__main__":
    main()
