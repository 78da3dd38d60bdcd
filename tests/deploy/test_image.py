"""The image: what the Dockerfile copies is sent to who builds it, whole, and nothing beside it."""

from __future__ import annotations

import subprocess
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import pytest

from benchmarks.serving import IMAGE

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
RULES = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]


def ignored(path: str) -> bool:
    """Whether Docker leaves a file out: the last rule that its path, or a folder that it is in, matches decides."""
    last = ""
    for rule in RULES:
        pattern = rule.removeprefix("!")
        for place in (PurePosixPath(path), *PurePosixPath(path).parents):
            depth = len(place.parts)
            name = place.name if pattern.startswith("**/") else str(place)
            same = pattern.startswith("**/") or pattern.count("/") + 1 == depth
            if depth and same and fnmatchcase(name, pattern.removeprefix("**/")):
                last = rule
    return bool(last) and not last.startswith("!")


def copied() -> list[str]:
    """Names in the project's folder that the Dockerfile copies."""
    lines = [line.split() for line in DOCKERFILE.splitlines()]
    return [source for words in lines if words[:1] == ["COPY"] for source in words[1:-1]]


def stored() -> list[str]:
    """All files of the project; of a folder that is no checkout, all files that are there."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return listed.stdout.splitlines()
    return [
        str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file() and "__pycache__" not in str(path)
    ]


def test_the_image_gets_what_it_copies_and_nothing_else() -> None:
    wanted = tuple(copied())
    assert {"requirements.lock", "mfm_core", "app", "pretrained"} == set(wanted)
    needed = {path for path in stored() if path in wanted or path.startswith(tuple(f"{one}/" for one in wanted))}
    assert len(needed) > 300
    assert {path for path in stored() if not ignored(path)} == needed


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        ".mypy_cache/3.11/app.json",
        "runs/lab/weights.safetensors",
        "tests/conftest.py",
        "app/__pycache__/main.pyc",
        "mfm_core/cli/__pycache__/app.pyc",
        "app/static/0123.safetensors.gz",
    ],
)
def test_what_a_checkout_gathers_is_left_out(path: str) -> None:
    assert ignored(path)


def test_benchmarks_and_tests_run_replicas_in_the_environment_of_the_image() -> None:
    (line,) = (line for line in DOCKERFILE.splitlines() if line.startswith("ENV "))
    assert dict(word.split("=") for word in line.split()[1:]) == IMAGE
