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
from playwright.sync_api import Browser, BrowserContext, Page, expect

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
    process.terminate()
    process.wait(60)


@pytest.fixture(scope="session")
def sequence_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the app with small models of sequences and the shipped studio clips."""
    place = tmp_path_factory.mktemp("server_of_sequences")
    sequences.save_studio(place / "models")
    sequences.save("ict_mmmo", place / "models")
    environment = {"MFM_PRETRAINED": str(place / "models"), "MFM_DATA": str(place), "OMP_NUM_THREADS": "2"}
    process, address = serve(ROOT / "app" / "main.py", environment, place / "server.log")
    yield address
    process.terminate()
    process.wait(60)


@pytest.fixture(scope="session")
def window(chromium: Browser) -> Iterator[BrowserContext]:
    """The window whose tabs the pages are, for one that has read the app's scripts opens the next page faster."""
    context = chromium.new_context()
    yield context
    context.close()


@pytest.fixture
def visit(window: BrowserContext, server: str) -> Iterator[Visit]:
    """Open the app as a visitor of its own: ``visit(query, width=, height=, scheme=, workers=)``."""
    yield from opener(window, server)


@pytest.fixture
def watch(window: BrowserContext, sequence_server: str) -> Iterator[Visit]:
    """The same with models of sequences: ``watch("flow?clip=3")``."""
    yield from opener(window, sequence_server)


def opener(window: BrowserContext, address: str) -> Iterator[Visit]:
    """Opener of pages of one server; afterwards they are closed and the window forgets the visitor."""

    def open_page(
        query: str = "generate", *, width: int = 1280, height: int = 860, scheme: str = "light", workers: bool = True
    ) -> Page:
        page = window.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        if not workers:
            page.add_init_script("delete window.Worker")
        page.goto(address + "/" + query)
        arrive(page)
        return page

    yield open_page
    for page in window.pages:
        page.close()
    window.set_offline(False)
    window.clear_permissions()
    window.clear_cookies()


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
