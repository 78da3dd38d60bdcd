"""A download whose process is killed in the middle of a file: nothing half is taken for whole, the next is complete."""

from __future__ import annotations

import hashlib
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mfm_core.data.importing.fetch import fetch
from mfm_core.data.registry import Recipe, Source

CONTENT = np.random.default_rng(0).integers(0, 256, 200_000, dtype=np.uint8).tobytes()
CHILD = """
import sys
from pathlib import Path
from tests.faults.test_download import fetch, recipes
fetch("noise", Path(sys.argv[1]), recipes=recipes(sys.argv[2]))
"""


def convert(paths: list[Path]) -> dict[str, np.ndarray]:
    return {"x": np.frombuffer(paths[0].read_bytes(), np.uint8)}


def recipes(address: str) -> dict[str, Recipe]:
    source = Source(f"{address}/noise.bin", hashlib.sha256(CONTENT).hexdigest())
    return {"noise": Recipe((source,), convert, "made up")}


class Server(http.server.ThreadingHTTPServer):
    """A server that stops in the middle of a file for as long as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.stalls, self.half, self.release = True, threading.Event(), threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2])
        self.wfile.flush()
        if self.server.stalls:
            self.server.half.set()
            self.server.release.wait(60)
            return
        self.wfile.write(CONTENT[len(CONTENT) // 2 :])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Server() as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield served
        served.release.set()
        served.shutdown()
        thread.join()


def test_a_killed_download_is_not_taken_for_a_whole_one(server: Server, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{server.server_port}"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path), address], cwd=Path(__file__).parents[2])
    assert server.half.wait(60)
    child.kill()
    child.wait(20)
    assert not (tmp_path / "noise.npz").exists()
    assert not (tmp_path / "downloads" / "noise.bin").exists()
    server.stalls = False
    path = fetch("noise", tmp_path, recipes=recipes(address))
    assert np.load(path)["x"].tobytes() == CONTENT
