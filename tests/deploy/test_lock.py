"""The lock: every required package is in it at its pinned version, each with a hash, and no address of a host."""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest

from deploy.lock import lock

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"([A-Za-z0-9_.-]+)==(\S+) \\\n    --hash=sha256:([0-9a-f]{64})\n")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    return {plain(name): version for name, version, _ in PIN.findall((ROOT / "requirements.lock").read_text())}


def test_every_line_pins_a_package_with_its_hash() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert PIN.sub("", re.sub(r"^#.*\n", "", text, flags=re.M)) == ""
    assert "://" not in text


def test_every_required_package_is_locked_at_its_version() -> None:
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] not in "-#"]
    for line in lines:
        name, version = line.split("==")
        assert locked()[plain(name)].partition("+")[0] == version, line


def test_what_the_locked_packages_need_is_locked_too() -> None:
    for name in locked():
        for needed in distribution(name).requires or []:
            package, _, condition = needed.partition(";")
            if not condition:
                assert plain(re.split(r"[ <>=!~\[(]", package.strip())[0]) in locked(), f"{name} needs {needed}"


def test_a_package_without_a_hash_is_refused() -> None:
    environment = {"python_full_version": "3.11.7", "sys_platform": "linux", "platform_machine": "x86_64"}
    one = {"metadata": {"name": "a", "version": "1"}, "download_info": {"archive_info": {"hashes": {"md5": "0"}}}}
    with pytest.raises(ValueError, match=r"^a: expected a SHA-256 in pip's report, got md5$"):
        lock({"environment": environment, "install": [one]})
    one["download_info"]["archive_info"]["hashes"] = {"sha256": "0" * 64}
    assert lock({"environment": environment, "install": [one]}).endswith(f"a==1 \\\n    --hash=sha256:{'0' * 64}\n")


def test_the_image_is_built_with_the_index_that_has_what_pypi_lacks() -> None:
    assert [name for name, version in locked().items() if "+" in version] == ["torch"]
    lines = (ROOT / "deploy" / "Dockerfile").read_text().splitlines()
    named = lines.index("ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu")
    assert named < next(at for at, line in enumerate(lines) if "--require-hashes" in line)
