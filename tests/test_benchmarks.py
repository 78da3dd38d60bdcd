"""Benchmarks start by the command that each documents, from the project's folder, installed or not."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "benchmarks").glob("*.py"))
PROGRAMS = [path for path in FILES if "__main__" in path.read_text(encoding="utf-8")]  # others are imported by these
START = """
import runpy, sys

found = list(sys.path[1:])
own = {"mfm_core", "app", *(path.rpartition("/")[2][:-3] for path in sys.argv[2:])}
for path in sys.argv[2:]:
    sys.path[:] = [sys.argv[1], *found]  # as Python does for a script: its folder, and not the one it is started from
    for name in own & set(sys.modules):  # to be found again; what the packages hold need not be read again
        del sys.modules[name]
    runpy.run_path(path, run_name="benchmark")
    print(path)
"""


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_benchmark_documents_its_command(path: Path) -> None:
    assert f"python benchmarks/{path.name}" in (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")


def test_every_benchmark_finds_what_it_imports() -> None:
    command = [sys.executable, "-W", "ignore", "-c", START, str(ROOT / "benchmarks"), *map(str, FILES)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == list(map(str, FILES))
