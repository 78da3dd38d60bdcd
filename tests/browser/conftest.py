"""A server with a model and a real browser to look at it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

import mfm_core as mfm
from app.generate.digit_model import MODEL
from tests.app import sequences
from tests.app.conftest import save_models

ROOT = Path(__file__).parents[2]
Visit = Callable[..., Page]
PATIENCE = 180_000
"""Milliseconds that a page may take on a busy machine."""
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def serve(script: Path, environment: dict[str, str], log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server on a free port and wait until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.address", "127.0.0.1"]
    with log.open("wb") as file:
        server = subprocess.Popen(
            [*command, "--server.port", str(port)],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=file,
            stderr=file,
        )
    address = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1) as answer:
                if answer.status == 200:
                    return server, address
        except OSError:
            time.sleep(0.5)
    server.kill()
    server.wait()
    pytest.fail(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def server(tiny_model: mfm.MFM, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the app: with the stored model, or a small one where none is stored. Never with real data."""
    place = tmp_path_factory.mktemp("server")
    models = ROOT / "pretrained"
    if not (models / MODEL / "codes.safetensors").exists():
        models = save_models(place / "models", tiny_model)
    environment = {"MFM_PRETRAINED": str(models), "MFM_DATA": str(place), "OMP_NUM_THREADS": "2"}
    process, address = serve(ROOT / "app" / "main.py", environment, place / "server.log")
    yield address
    process.kill()  # it has nothing to save, and would take seconds to leave
    process.wait()


@pytest.fixture(scope="session")
def sequence_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the app with small models of sequences and the shipped studio clips."""
    place = tmp_path_factory.mktemp("server_of_sequences")
    sequences.save_studio(place / "models")
    sequences.save("ict_mmmo", place / "models")
    environment = {"MFM_PRETRAINED": str(place / "models"), "MFM_DATA": str(place), "OMP_NUM_THREADS": "2"}
    process, address = serve(ROOT / "app" / "main.py", environment, place / "server.log")
    yield address
    process.kill()  # it has nothing to save, and would take seconds to leave
    process.wait()


@pytest.fixture(scope="session")
def digit_tabs(chromium: Browser, server: str) -> Iterator[Tabs]:
    """The tabs that stay open on the app with models of digits."""
    yield from kept(Tabs(chromium, server))


@pytest.fixture(scope="session")
def sequence_tabs(chromium: Browser, sequence_server: str) -> Iterator[Tabs]:
    """The same with models of sequences."""
    yield from kept(Tabs(chromium, sequence_server))


@pytest.fixture
def visit(digit_tabs: Tabs) -> Iterator[Visit]:
    """Open the app as a visitor of its own: ``visit(query, width=, height=, scheme=, workers=)``."""
    yield digit_tabs.open
    digit_tabs.leave()


@pytest.fixture
def watch(sequence_tabs: Tabs) -> Iterator[Visit]:
    """The same with models of sequences: ``watch("flow?clip=3")``."""
    yield sequence_tabs.open
    sequence_tabs.leave()


class Tabs:
    """Tabs of one window that go from test to test.

    A tab that has read the app's scripts keeps them compiled, and opens a link for a third of what a new tab takes.
    Each link is a session of its own with the server. What the last visitor left in the browser is forgotten.

    Attributes:
        window: The window, with storage and permissions of its own.
        address: Address of the app.
    """

    def __init__(self, chromium: Browser, address: str) -> None:
        self.window: BrowserContext = chromium.new_context()
        self.address = address
        self._workers: dict[Page, bool] = {}
        self._busy: set[Page] = set()

    def open(
        self,
        query: str = "generate",
        *,
        width: int = 1280,
        height: int = 860,
        scheme: str = "light",
        workers: bool = True,
    ) -> Page:
        """Open a link in a tab that this test has not used yet; without ``workers``, in one that lacks them."""
        free = [page for page, has in self._workers.items() if has == workers and page not in self._busy]
        page = free[0] if free else self._new(workers)
        self._busy.add(page)
        page.bring_to_front()  # one behind another would be given little of the processor
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.goto(self.address + "/" + query)
        arrive(page)
        return page

    def _new(self, workers: bool) -> Page:
        page = self.window.new_page()
        if not workers:
            page.add_init_script("delete window.Worker")
        self._workers[page] = workers
        return page

    def leave(self) -> None:
        """End the test's sessions, close what it opened itself, and forget what it left in the browser."""
        self.window.set_offline(False)
        self.window.clear_permissions()
        self.window.clear_cookies()
        for page in self._busy:
            if not emptied(page):
                del self._workers[page]
        self._busy = set()
        for page in self.window.pages:
            if page not in self._workers:
                page.close()


def emptied(page: Page) -> bool:
    """Bring a tab back to where it began; whether that could be done."""
    try:
        page.unroute_all()
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.mouse.move(-1, -1)
        page.goto("about:blank")
    except Error:  # closed, crashed, or on a page of the browser's own
        return False
    return True


def kept(tabs: Tabs) -> Iterator[Tabs]:
    """Tabs until the end of all tests."""
    yield tabs
    tabs.window.close()


def arrive(page: Page) -> None:
    """Wait for a page that was gone to."""
    page.locator("h2, [data-testid=stMarkdownContainer] h1").first.wait_for(timeout=PATIENCE)
    settle(page)


def settle(page: Page) -> None:
    """Wait until the server has nothing more to send and every element of the page is drawn."""
    page.wait_for_timeout(150)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=PATIENCE)
    expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0, timeout=PATIENCE)
    expect(page.locator("[data-pending]")).to_have_count(0, timeout=PATIENCE)
    expect(page.locator("[data-busy]")).to_have_count(0, timeout=PATIENCE)
    page.wait_for_timeout(200)


PIXELS = """() => {
  const found = [];
  const walk = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) walk(node.shadowRoot);
      if (node.tagName === "CANVAS") found.push(node.toDataURL());
    }
  };
  walk(document);
  return found;
}"""


def pixels(page: Page) -> list[str]:
    """Every picture on the page, bit for bit."""
    return page.evaluate(PIXELS)  # type: ignore[no-any-return]
