"""Two replicas of the app on loopback behind a real nginx, with the configuration that is shipped."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

import mfm_core as mfm
from benchmarks.serving import IMAGE, ROOT, Server, find_nginx, proxy, serve
from tests.app.conftest import save_models

BASE = "mfm"
SECRET = "0" * 64
LINE = re.compile(r"(?P<path>/\S*) (?P<status>\d+) \S+ replica=(?P<replica>\S+).* visitor=(?P<visitor>.*) cache=")


T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]


@pytest.fixture(scope="module")
def run() -> Iterator[Run[Any]]:
    """Runs coroutines on a loop of a thread of its own, for the browser's tools have the loop of this thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(120)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@dataclass(frozen=True)
class Hall:
    """Replicas behind a proxy.

    Attributes:
        address: Of the app through the proxy.
        replicas: The servers behind it.
        log: The proxy's access log.
        printed: Everything that the replicas and the proxy print.
    """

    address: str
    replicas: tuple[Server, ...]
    log: Path
    printed: tuple[Path, ...]

    def served_by(self, visitor: str) -> list[str]:
        """The replica of every request of a visitor so far, in order; those that were opened and are over."""
        found = [LINE.search(line) for line in self.log.read_text().splitlines()]
        return [line["replica"] for line in found if line and line["visitor"] == visitor]


@pytest.fixture(scope="module")
def hall(tiny_model: mfm.MFM, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Two replicas behind a proxy."""
    nginx = find_nginx()
    if nginx is None:
        pytest.skip("no nginx: install it (apt-get install nginx) to test replicas behind the shipped configuration")
    place = tmp_path_factory.mktemp("hall")
    environment = IMAGE | {
        "MFM_PRETRAINED": str(save_models(place / "models", tiny_model)),
        "MFM_DATA": str(place),
        "MFM_JOBS": str(place / "store"),
        "STREAMLIT_SERVER_BASE_URL_PATH": BASE,
        "STREAMLIT_SERVER_COOKIE_SECRET": SECRET,
    }
    with ExitStack() as stack:
        script, health = ROOT / "app" / "main.py", f"/{BASE}/_stcore/health"
        logs = tuple(place / f"replica_{number}.log" for number in range(2))
        replicas = tuple(stack.enter_context(serve(script, environment, health=health, log=log)) for log in logs)
        address, access = stack.enter_context(proxy(nginx, replicas, place, BASE)), place / "access.log"
        yield Hall(address, replicas, access, (*logs, access, place / "error.log"))
