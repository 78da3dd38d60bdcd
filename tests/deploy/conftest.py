"""Two replicas of the app on loopback behind a real nginx, with the configuration that is shipped."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

import mfm_core as mfm
from benchmarks.serving import ROOT, Server, free_port, serve, wait_for
from tests.app.conftest import save_models

TEMPLATE = ROOT / "deploy" / "nginx.conf.template"
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
    """

    address: str
    replicas: tuple[Server, ...]
    log: Path

    def served_by(self, visitor: str) -> list[str]:
        """The replica of every request of a visitor so far, in order; those that were opened and are over."""
        found = [LINE.search(line) for line in self.log.read_text().splitlines()]
        return [line["replica"] for line in found if line and line["visitor"] == visitor]


def configure(folder: Path, replicas: tuple[Server, ...], port: int) -> Path:
    """The shipped configuration with addresses and folders of a test."""
    servers = " ".join(
        f"server {replica.address.removeprefix('http://')} max_fails=1 fail_timeout=5s;" for replica in replicas
    )
    values = {
        "MFM_LISTEN": f"127.0.0.1:{port}",
        "MFM_BASE": BASE,
        "MFM_REPLICAS": servers,
        "MFM_RUN": str(folder),
        "MFM_LOG": str(folder / "access.log"),
    }
    text = re.sub(r"\$\{(MFM_\w+)\}", lambda found: values[found[1]], TEMPLATE.read_text())
    path = folder / "nginx.conf"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def hall(tiny_model: mfm.MFM, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Two replicas behind a proxy."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if nginx is None:
        pytest.skip("no nginx: install it (apt-get install nginx) to test replicas behind the shipped configuration")
    place = tmp_path_factory.mktemp("hall")
    environment = {
        "MFM_PRETRAINED": str(save_models(place / "models", tiny_model)),
        "MFM_DATA": str(place),
        "STREAMLIT_SERVER_BASE_URL_PATH": BASE,
        "STREAMLIT_SERVER_COOKIE_SECRET": SECRET,
        "OMP_NUM_THREADS": "1",
    }
    with ExitStack() as stack:
        replicas = tuple(
            stack.enter_context(serve(ROOT / "app" / "main.py", environment, health=f"/{BASE}/_stcore/health"))
            for _ in range(2)
        )
        port = free_port()
        own = " user root;" if os.geteuid() == 0 else ""  # or it could not write into this test's folder
        proxy = subprocess.Popen(
            [nginx, "-e", "stderr", "-c", str(configure(place, replicas, port)), "-g", f"daemon off;{own}"],
            stdout=sys.stderr,
        )
        stack.callback(lambda: (proxy.send_signal(signal.SIGTERM), proxy.wait(20)))
        wait_for(f"http://127.0.0.1:{port}/{BASE}/_stcore/health")
        yield Hall(f"http://127.0.0.1:{port}/{BASE}", replicas, place / "access.log")
