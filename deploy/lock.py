"""Lock every package that the app needs, with the hash of its file, from pip's own report of what it would install.

Run on the machine that the lock is for, with the Python it is for:
``python -m pip install --dry-run --ignore-installed --report report.json -r requirements.txt``, then
``python deploy/lock.py report.json > requirements.lock``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def lock(report: dict) -> str:
    """The text of the lock.

    Args:
        report: What ``pip install --report`` wrote.

    Raises:
        ValueError: If a package has no SHA-256.
    """
    place = report["environment"]
    version = ".".join(place["python_full_version"].split(".")[:2])
    lines = [
        f"# Python {version}, {place['sys_platform']} {place['platform_machine']}; made by deploy/lock.py. To install:",
        "# pip install --no-deps --require-hashes -r requirements.lock",
    ]
    for one in sorted(report["install"], key=lambda one: one["metadata"]["name"].lower()):
        name, hashes = one["metadata"]["name"], one["download_info"].get("archive_info", {}).get("hashes", {})
        if name == "mfm-explorer":  # the project itself
            continue
        if "sha256" not in hashes:
            raise ValueError(f"{name}: expected a SHA-256 in pip's report, got {', '.join(hashes) or 'none'}")
        lines.append(f"{name}=={one['metadata']['version']} \\\n    --hash=sha256:{hashes['sha256']}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(lock(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
