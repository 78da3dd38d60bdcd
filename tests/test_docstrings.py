"""Docstrings begin with what a thing does or is, not with a question."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path
    for room in ("mfm_core", "app", "examples", "benchmarks")
    for path in (ROOT / room).rglob("*.py")
    if ".cache" not in path.parts  # of benchmarks: others' code
)


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each docstring of a file, those of attributes and constants too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_docstring_begins_with_what(path: Path) -> None:
    found = [line for line, text in docstrings(path) if text.startswith(("What ", "What's "))]
    assert not found, f"{path.relative_to(ROOT)}: lines {found}: say what it does or is, in place of 'What …'"
