"""Serve the app on a free port for a benchmark, and read what the server costs from the kernel."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGE = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "PYTHONDONTWRITEBYTECODE": "1"}
"""Environment of a replica, as ``deploy/Dockerfile`` sets it."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        address: ``http://127.0.0.1:port``, without a slash at the end.
        process: Identity of its process.
    """

    address: str
    process: int

    def processor_seconds(self) -> float:
        """Processor seconds that the server has taken so far, in user and in kernel mode."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def megabytes(self) -> float:
        """Resident memory, in MB of 10^6 bytes."""
        for line in Path(f"/proc/{self.process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise ValueError(f"process: expected one with resident memory, got {self.process}")


def free_port() -> int:
    """A port of the loopback interface that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serve(
    script: Path,
    environment: dict[str, str],
    *,
    health: str = "/_stcore/health",
    root: Path = ROOT,
    log: Path | None = None,
) -> Iterator[Server]:
    """Run a Streamlit server until the block is left.

    Args:
        script: What it runs.
        environment: Set on top of this process's.
        health: Where it says that it is there; another where it is served under a base path.
        root: The checkout whose code it imports.
        log: File of what it prints; None where nobody reads it.

    Raises:
        RuntimeError: If it does not answer within a minute.
    """
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    with (log or Path(os.devnull)).open("wb") as printed:
        process = subprocess.Popen(
            [*command, "--server.address", "127.0.0.1", "--server.headless", "true"],
            cwd=root,
            env=os.environ | environment,
            stdout=printed,
            stderr=printed,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address + health)
        yield Server(address, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def proxy(nginx: str, replicas: Sequence[Server], folder: Path, base: str) -> Iterator[str]:
    """Run nginx with the configuration of ``deploy`` before replicas until the block is left.

    Args:
        nginx: The program.
        replicas: Servers of the app under the base path.
        folder: For its cache, its temporary files and its logs, ``access.log`` and ``error.log``.
        base: The base path, without slashes.

    Yields:
        Address of the app behind it.

    Raises:
        RuntimeError: If it does not answer within a minute.
    """
    port = free_port()
    servers = (f"server {one.address.removeprefix('http://')} max_fails=1 fail_timeout=5s;" for one in replicas)
    values = {
        "MFM_LISTEN": f"127.0.0.1:{port}",
        "MFM_BASE": base,
        "MFM_REPLICAS": " ".join(servers),
        "MFM_RUN": str(folder),
        "MFM_LOG": str(folder / "access.log"),
    }
    template = (ROOT / "deploy" / "nginx.conf.template").read_text()
    path = folder / "nginx.conf"
    path.write_text(re.sub(r"\$\{(MFM_\w+)\}", lambda found: values[found[1]], template))
    own = " user root;" if os.geteuid() == 0 else ""  # or its workers could not write into the folder
    with (folder / "error.log").open("wb") as errors:
        process = subprocess.Popen([nginx, "-e", "stderr", "-c", str(path), "-g", f"daemon off;{own}"], stderr=errors)
    address = f"http://127.0.0.1:{port}/{base}"
    try:
        wait_for(f"{address}/_stcore/health")
        yield address
    finally:
        process.terminate()
        process.wait(20)


def find_nginx() -> str | None:
    """Path of nginx; None where it is not installed."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def wait_for(link: str, seconds: float = 60.0) -> None:
    """Wait until a link answers.

    Raises:
        RuntimeError: If it does not in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(link, timeout=1):
                return
        except OSError:
            time.sleep(0.25)
    raise RuntimeError(f"{link}: expected an answer within {seconds:.0f} s, got none")


def tell(report: dict[str, object], path: Path | None) -> None:
    """Print a report as JSON, and write it to a file where one is named."""
    text = json.dumps(report, indent=2)
    if path:
        path.write_text(text + "\n")
    print(text)


def tell_figures(results: dict[str, object], load: object, path: Path | None) -> None:
    """Print summaries by name, a line each, then the whole report, see :func:`tell`.

    Args:
        results: Summaries, or single values, by name.
        load: Of the machine before.
        path: Where the report goes, too; None for nowhere.
    """
    for name, figure in results.items():
        print(f"{name:48}", f"{figure['p50']:8.2f}  p95 {figure['p95']:8.2f}" if isinstance(figure, dict) else figure)
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    tell({"machine": machine, "load before": load, "results": results}, path)
