"""A class at the app: how long its visitors wait, what each costs, and whether anything fails.

Visitors are raw websocket sessions of Streamlit's protocol (``sessions.py``) beside a few real browsers:

* cost: one visitor alone, by what it asks for: processor seconds of the server, bytes over the websocket, seconds;
* opening: ``--open`` visitors open the app within the same moment;
* working: ``--visitors`` visitors work for ``--minutes``; each looks for ``--think`` seconds on average (exponentially
  distributed), then draws anew, swaps two other pairs, slides, goes to another page, or leaves and comes back;
* memory of the server, every five seconds.

The server is warm, as after its teacher has opened each page once; ``--cold`` leaves that out.

Run: ``python benchmarks/class.py [--open 120] [--visitors 300] [--minutes 20] [--replicas 2] [--json class.json]``
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright
from scrub import ARGUMENTS, CHROMIUM
from serving import IMAGE, ROOT, Server, find_nginx, proxy, serve
from sessions import Session, SessionError

SETTLED = "[data-testid=stApp][data-test-script-state=notRunning]"
BASE = "mfm"
"""Base path of replicas behind a proxy."""
AIMS = {"opening, p95 s": 2.0, "working, p95 s": 1.5, "memory, MB": 2_000.0, "growth, MB a minute": 5.0}
FILLED = 10.0
"""Minutes of work after which caches are full; growth is told of longer runs alone."""
GROWTH = "growth over the second half, MB a minute"


@dataclass(frozen=True)
class Request:
    """A thing that visitors ask for.

    Attributes:
        page: Name in the address.
        query: With ``{n}`` where visitors differ.
        share: Of all requests of a class at work.
        most: ``n`` is below this; a visitor's own count where it is 0, as each goes from the first seed to the next.
    """

    page: str
    query: str
    share: float
    most: int = 0


REQUESTS = {
    "resample": Request("generate", "seed={n}", 0.24),
    "swap": Request("generate", "section=swap&a={n}&b=7", 0.2, 1_000),
    "swap matrix": Request("generate", "section=swap&seed={n}", 0.04),
    "slide": Request("generate", "section=slide", 0.1),
    "read": Request("generate", "section=read&seed={n}", 0.08),
    "translate": Request("generate", "section=translate&a={n}", 0.1, 1_000),
    "flow": Request("flow", "clip={n}", 0.1, 30),
    "dependency": Request("dependency", "", 0.05),
    "claims": Request("claims", "", 0.04),
    "ablations": Request("ablations", "", 0.03),
    "about": Request("about_this_model", "", 0.02),
}


@dataclass
class Record:
    """Everything that was noted.

    Attributes:
        waits: Seconds of each interaction, by kind.
        errors: How often each error came.
        memory: Seconds since the start, and megabytes.
        received: Bytes that all sessions received.
    """

    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, float]] = field(default_factory=list)
    received: int = 0


@dataclass(frozen=True)
class Servers:
    """The replicas of a benchmark.

    Attributes:
        address: Where visitors go: of the proxy, or of the only replica.
        replicas: The replicas.
    """

    address: str
    replicas: tuple[Server, ...]

    def processor_seconds(self) -> float:
        """Processor seconds of all replicas so far."""
        return sum(one.processor_seconds() for one in self.replicas)

    def megabytes(self) -> float:
        """Resident memory of all replicas."""
        return sum(one.megabytes() for one in self.replicas)


@contextmanager
def serve_replicas(n: int) -> Iterator[Servers]:
    """One server, or several behind the nginx of ``deploy``, each with its own caches."""
    with ExitStack() as stack:
        if n == 1:
            server = stack.enter_context(serve(ROOT / "app" / "main.py", IMAGE))
            yield Servers(server.address, (server,))
            return
        nginx = find_nginx()
        if nginx is None:
            raise ValueError("--replicas: expected 1 where nginx is not installed (apt-get install nginx)")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = IMAGE | {"STREAMLIT_SERVER_BASE_URL_PATH": BASE, "STREAMLIT_SERVER_COOKIE_SECRET": "0" * 64}
        health = f"/{BASE}/_stcore/health"
        script = ROOT / "app" / "main.py"
        replicas = tuple(stack.enter_context(serve(script, environment, health=health)) for _ in range(n))
        yield Servers(stack.enter_context(proxy(nginx, replicas, folder, BASE)), replicas)


async def enter(server: Servers, number: int) -> Session:
    """Open a session as a visitor of a number, who has a cookie of its own."""
    return await Session.connect(server.address, {"Cookie": f"mfm_visitor={number + 1:032x}"})


async def cost(server: Servers, repeats: int) -> dict[str, dict[str, float]]:
    """The cost of each request of one visitor alone, after it was asked for once."""
    figures: dict[str, dict[str, float]] = {}
    taken, waits, bytes_ = server.processor_seconds(), [], 0
    for _ in range(repeats):
        session = await Session.connect(server.address)
        waits.append(await session.open())
        bytes_ += session.received
        await session.close()
    figures["open"] = _cost(server.processor_seconds() - taken, bytes_, waits)
    session = await Session.connect(server.address)
    for kind, request in REQUESTS.items():
        await session.ask(request.page, request.query.format(n=1))
        taken, before, waits = server.processor_seconds(), session.received, []
        for n in range(repeats):
            most = request.most or 10_000
            waits.append(await session.ask(request.page, request.query.format(n=(5_000 + n) % most)))
        figures[kind] = _cost(server.processor_seconds() - taken, session.received - before, waits)
    await session.close()
    return figures


def _cost(processor: float, received: int, waits: list[float]) -> dict[str, float]:
    n = len(waits)
    return {
        "processor s": round(processor / n, 4),
        "kB": round(received / n / 1_000, 1),
        "s": round(float(np.median(waits)), 4),
        "n": n,
    }


async def warm(server: Servers) -> None:
    """Ask every replica for everything once."""
    base = "" if len(server.replicas) == 1 else f"/{BASE}"
    for replica in server.replicas:
        session = await Session.connect(replica.address + base)
        await session.open()
        for request in REQUESTS.values():
            await session.ask(request.page, request.query.format(n=1))
        await session.close()


async def opening(server: Servers, n: int, record: Record) -> None:
    """All visitors open the app within the same moment."""

    async def one(number: int) -> None:
        start = time.perf_counter()
        try:
            session = await enter(server, number)
            await session.open()
        except (SessionError, OSError) as error:
            record.errors[f"opening: {error}"] += 1
            return
        record.waits["opening"].append(time.perf_counter() - start)
        record.received += session.received
        await session.close()

    await asyncio.gather(*(one(number) for number in range(n)))


async def visitor(server: Servers, seed: int, end: float, think: float, record: Record) -> None:
    """One visitor at work until ``end`` of the monotonic clock."""
    rng = np.random.default_rng(seed)
    kinds = list(REQUESTS)
    shares = np.array([REQUESTS[kind].share for kind in kinds])
    session: Session | None = None
    count = 1
    await asyncio.sleep(rng.uniform(0, think))
    while time.monotonic() < end:
        kind = "open" if session is None else str(rng.choice(kinds, p=shares / shares.sum()))
        start = time.perf_counter()
        try:
            if session is None:
                session = await enter(server, seed)
                await session.open()
            else:
                request = REQUESTS[kind]
                count += 1
                n = int(rng.integers(request.most)) if request.most else count
                await session.ask(request.page, request.query.format(n=n))
            record.waits[kind].append(time.perf_counter() - start)
        except (SessionError, OSError) as error:
            record.errors[f"{kind}: {error}"] += 1
            session = None
        if session is not None and rng.random() < 0.03:
            record.received += session.received
            await session.close()
            session = None
        await asyncio.sleep(min(rng.exponential(think), max(end - time.monotonic(), 0.0)))
    if session is not None:
        record.received += session.received
        await session.close()


async def watch(server: Servers, record: Record) -> None:
    """Note the server's memory until cancelled, and tell it each minute."""
    start = time.monotonic()
    while True:
        record.memory.append((time.monotonic() - start, server.megabytes()))
        if len(record.memory) % 12 == 1:
            print(f"{record.memory[-1][0]:6.0f} s: {record.memory[-1][1]:.0f} MB", file=sys.stderr)
        await asyncio.sleep(5)


async def working(server: Servers, n: int, minutes: float, think: float, record: Record) -> None:
    """All visitors at work."""
    end = time.monotonic() + 60 * minutes
    await asyncio.gather(*(visitor(server, seed, end, think, record) for seed in range(n)))


def browse(server: Servers, n: int, minutes: float, think: float, record: Record) -> None:
    """Real browsers: open the app, then draw anew by its own button, in turns."""
    if not n:
        return
    end = time.monotonic() + 60 * minutes
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for turn in range(10_000):
            if time.monotonic() > end:
                break
            page = browser.new_context().new_page()
            page.on("pageerror", lambda error: record.errors.update([f"browser: {error}"]))
            start = time.perf_counter()
            page.goto(f"{server.address}/generate")
            page.get_by_role("button", name="Resample").wait_for(timeout=60_000)
            page.wait_for_selector(SETTLED, timeout=60_000)
            record.waits["browser: open, without a cache"].append(time.perf_counter() - start)
            start = time.perf_counter()
            page.get_by_role("button", name="Resample").click()
            page.wait_for_url("**/*seed=2*", timeout=60_000)
            page.wait_for_selector(SETTLED, timeout=60_000)
            record.waits["browser: resample"].append(time.perf_counter() - start)
            page.context.close()
            time.sleep(max(think / n, 0.1) if turn < n else think / n)
        browser.close()


async def crowd(server: Servers, options: argparse.Namespace) -> tuple[dict[str, dict[str, float]], Record, float]:
    """Everything in turn: costs, what was noted, and processors busy while the class worked."""
    record, start = Record(), time.monotonic()

    def stage(said: str) -> None:
        print(f"{time.monotonic() - start:6.0f} s: {said}", file=sys.stderr)

    if not options.cold:
        stage("asking for everything once")
        await warm(server)
    stage("measuring what one visitor costs")
    costs = await cost(server, options.repeats) if options.repeats else {}
    watching = asyncio.create_task(watch(server, record))
    stage(f"{options.open} visitors open at once")
    await opening(server, options.open, record)
    stage(f"{options.visitors} visitors work for {options.minutes:g} minutes")
    taken, begun = server.processor_seconds(), time.monotonic()
    with ThreadPoolExecutor() as beside:
        loop = asyncio.get_running_loop()
        browsers = loop.run_in_executor(
            beside, browse, server, options.browsers, options.minutes, options.think, record
        )
        if options.visitors:
            await working(server, options.visitors, options.minutes, options.think, record)
        await browsers
    busy = (server.processor_seconds() - taken) / (time.monotonic() - begun)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return costs, record, busy


def summary(waits: list[float]) -> dict[str, float]:
    """Percentiles of seconds."""
    p50, p95, most = np.percentile(waits, [50, 95, 100])
    return {"n": len(waits), "p50": round(p50, 3), "p95": round(p95, 3), "max": round(most, 3)}


def slope(memory: list[tuple[float, float]]) -> float:
    """Growth of the memory over the second half of what was noted, in MB a minute, by least squares."""
    late = np.array(memory[len(memory) // 2 :])
    return round(float(np.polyfit(late[:, 0] / 60, late[:, 1], 1)[0]), 2) if len(late) > 2 else float("nan")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--open", type=int, default=120, help="visitors who open at once")
    parser.add_argument("--visitors", type=int, default=300, help="visitors at work")
    parser.add_argument("--minutes", type=float, default=20.0, help="of work")
    parser.add_argument("--think", type=float, default=20.0, help="mean seconds between a visitor's interactions")
    parser.add_argument("--replicas", type=int, default=1, help="servers, several of them behind the nginx of deploy")
    parser.add_argument("--browsers", type=int, default=2, help="real browsers beside them, 0 for none")
    parser.add_argument("--repeats", type=int, default=10, help="of each request when costs are measured, 0 for none")
    parser.add_argument("--cold", action="store_true", help="let the visitors be the first on the server")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    load = os.getloadavg()
    with serve_replicas(options.replicas) as server:
        costs, record, busy = asyncio.run(crowd(server, options))
    work = [wait for kind, waits in record.waits.items() if kind in {*REQUESTS, "open"} for wait in waits]
    groups = dict(sorted(record.waits.items())) | ({"working, all": work} if work else {})
    report = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "processors": os.cpu_count(),
        "load before": load,
        "load after": os.getloadavg(),
        "options": {key: value for key, value in vars(options).items() if key != "json"},
        "cost of one visitor": costs,
        "waits, s": {kind: summary(waits) for kind, waits in groups.items()},
        "memory": {
            "first MB": round(record.memory[0][1]),
            "most MB": round(max(mb for _, mb in record.memory)),
            "last MB": round(record.memory[-1][1]),
            GROWTH: slope(record.memory),
        },
        "processors busy while working": round(busy, 2),
        "MB sent": round(record.received / 1e6, 1),
        "errors": dict(record.errors),
    }
    show(report)
    if options.json:
        options.json.write_text(json.dumps(report | {"all waits, s": groups, "memory curve": record.memory}) + "\n")


def show(report: dict[str, object]) -> None:
    """Print a report in one screen."""
    costs, waits = report["cost of one visitor"], report["waits, s"]
    print(f"{report['machine']}; load before {report['load before']}, after {report['load after']}")
    print(f"options {report['options']}")
    for kind, one in costs.items():
        print(f"cost of {kind:16} {one['processor s']:7.3f} processor s  {one['kB']:7.1f} kB  {one['s']:7.3f} s")
    for kind, one in waits.items():
        print(f"{kind:32} n {one['n']:6}  p50 {one['p50']:6.2f}  p95 {one['p95']:6.2f}  max {one['max']:6.2f} s")
    for name in ("memory", "processors busy while working", "MB sent", "errors"):
        print(f"{name}: {report[name]}")
    found = {
        "opening, p95 s": waits.get("opening", {}).get("p95"),
        "working, p95 s": waits.get("working, all", {}).get("p95"),
        "memory, MB": report["memory"]["most MB"],
    }
    if report["options"]["minutes"] > FILLED:
        found["growth, MB a minute"] = report["memory"][GROWTH]
    for name, most in AIMS.items():
        if found.get(name) is not None:
            print(f"aim: {name} at most {most:g}: {found[name]:g}, {'met' if found[name] <= most else 'NOT met'}")
    print(f"aim: no error: {'met' if not report['errors'] else 'NOT met'}")


if __name__ == "__main__":
    main()
