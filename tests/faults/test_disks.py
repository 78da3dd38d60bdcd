"""A full and a read-only disk, real ones of a few kilobytes: one sentence, nothing lost, and it works again after."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STEPS = """
import subprocess
import sys
from pathlib import Path
import torch
from mfm_core.files.tensors import TensorSpec, read_tensors, write_tensors
from mfm_core.training.loop import train
from tests.training.test_loop import CONFIG, Regression

disk = Path(sys.argv[1])

def mount(options, *more):
    subprocess.run(["mount", *more, "-o", options, "t", str(disk)], check=True)

def learn():
    try:
        model = train(Regression(), CONFIG, disk / "run", save_every=0)
    except OSError as error:
        print(error)
    else:
        whole = train(Regression(), CONFIG)
        pairs = zip(model.state_dict().values(), whole.state_dict().values(), strict=True)
        print("trained", all(torch.equal(a, b) for a, b in pairs))

def store(n):
    path = disk / "w.safetensors"
    try:
        write_tensors({"x": torch.arange(n, dtype=torch.float32)}, path)
    except OSError as error:
        print(error)
    held = (path.stat().st_size - 64) // 4 // 100 * 100
    print("holds", len(read_tensors(path, {"x": TensorSpec((held,), torch.float32)})["x"]))
    print("files", sorted(one.name for one in disk.iterdir()))

print("== full")
mount("size=8k", "-t", "tmpfs")
learn()
mount("remount,size=8m")
learn()
print("== read-only")
mount("size=8m", "-t", "tmpfs")
mount("remount,ro")
learn()
mount("remount,rw")
learn()
print("== weights")
mount("size=16k", "-t", "tmpfs")
store(1000)
store(9000)
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder at which small disks are mounted, for one process and nobody else."""
    return tmp_path_factory.mktemp("disk")


@pytest.fixture(scope="module")
def said(disk: Path) -> dict[str, list[str]]:
    """Lines that a process said on each disk, by name; it goes on after it was told of a fault."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare: a full disk cannot be mounted for one process here")
    probe = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "t", str(disk)], capture_output=True)
    if probe.returncode:
        pytest.skip(f"a disk cannot be mounted for one process here: {probe.stderr.decode().strip()[:100]}")
    command = ["unshare", "-rm", sys.executable, "-c", STEPS, str(disk)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    parts = (part.splitlines() for part in done.stdout.split("== ")[1:])
    return {name: lines for name, *lines in parts}


def test_training_on_a_full_disk_says_so_and_goes_on_when_there_is_room(said: dict[str, list[str]], disk: Path) -> None:
    refused, *after = said["full"]
    assert refused.startswith(str(disk / "run"))
    assert "could not be written: no space left on device" in refused
    assert after == ["trained True"]


def test_training_on_a_read_only_disk_says_so_and_goes_on_when_it_is_writable(
    said: dict[str, list[str]], disk: Path
) -> None:
    assert said["read-only"] == [f"{disk}/run: could not be written: read-only file system", "trained True"]


def test_weights_that_do_not_fit_on_the_disk_leave_the_old_ones_whole(said: dict[str, list[str]], disk: Path) -> None:
    whole = ["holds 1000", "files ['w.safetensors']"]
    refused = f"{disk}/w.safetensors: could not be written: no space left on device; what was there before is kept"
    assert said["weights"] == [*whole, refused, *whole]
