"""A full and a read-only disk, real ones of a few kilobytes: one sentence, nothing lost, and it works again after."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRAIN = """
import sys
from pathlib import Path
import torch
from mfm_core.training.loop import train
from tests.training.test_loop import CONFIG, Regression
folder = Path(sys.argv[1])
try:
    model = train(Regression(), CONFIG, folder / "run", save_every=0)
except OSError as error:
    print(error)
else:
    whole = train(Regression(), CONFIG)
    same = all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), whole.state_dict().values(), strict=True))
    print("trained", same)
"""
STORE = """
import sys
from pathlib import Path
import torch
from mfm_core.files.tensors import TensorSpec, read_tensors, write_tensors
path, numbers = Path(sys.argv[1]) / "w.safetensors", torch.arange(int(sys.argv[2]), dtype=torch.float32)
try:
    write_tensors({"x": numbers}, path)
except OSError as error:
    print(error)
if path.is_file():
    n = (path.stat().st_size - 64) // 4 // 100 * 100
    print("holds", len(read_tensors(path, {"x": TensorSpec((n,), torch.float32)})["x"]))
print("files", sorted(one.name for one in path.parent.iterdir()))
"""


def on_disk(steps: str, tmp_path: Path) -> str:
    """Run shell commands beside a small disk that is mounted for them alone, at ``$DISK``; what they print."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare: a full disk cannot be mounted for one process here")
    probe = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "t", str(tmp_path)], capture_output=True)
    if probe.returncode:
        pytest.skip(f"a disk cannot be mounted for one process here: {probe.stderr.decode().strip()[:100]}")
    script = f"DISK={tmp_path}; PY={sys.executable}; cd {ROOT}; {textwrap.dedent(steps)}"
    done = subprocess.run(["unshare", "-rm", "sh", "-ec", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """Folder with the scripts and an empty folder ``disk``."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "store.py").write_text(STORE)
    return tmp_path


def test_training_on_a_full_disk_says_so_and_goes_on_when_there_is_room(scripts: Path) -> None:
    said = on_disk(
        f"""
        mount -t tmpfs -o size=8k t $DISK
        PYTHONPATH=. $PY {scripts}/train.py $DISK
        mount -o remount,size=8m $DISK
        PYTHONPATH=. $PY {scripts}/train.py $DISK
        """,
        scripts / "disk",
    ).splitlines()
    assert said[0].startswith(str(scripts / "disk" / "run"))
    assert "could not be written: no space left on device" in said[0]
    assert said[1:] == ["trained True"]


def test_training_on_a_read_only_disk_says_so_and_goes_on_when_it_is_writable(scripts: Path) -> None:
    said = on_disk(
        f"""
        mount -t tmpfs -o size=8m t $DISK
        mount -o remount,ro $DISK
        PYTHONPATH=. $PY {scripts}/train.py $DISK
        mount -o remount,rw $DISK
        PYTHONPATH=. $PY {scripts}/train.py $DISK
        """,
        scripts / "disk",
    ).splitlines()
    assert said == [f"{scripts}/disk/run: could not be written: read-only file system", "trained True"]


def test_weights_that_do_not_fit_on_the_disk_leave_the_old_ones_whole(scripts: Path) -> None:
    said = on_disk(
        f"""
        mount -t tmpfs -o size=16k t $DISK
        PYTHONPATH=. $PY {scripts}/store.py $DISK 1000
        PYTHONPATH=. $PY {scripts}/store.py $DISK 9000
        """,
        scripts / "disk",
    ).splitlines()
    path = scripts / "disk" / "w.safetensors"
    assert said[:2] == ["holds 1000", "files ['w.safetensors']"]
    assert said[2] == f"{path}: could not be written: no space left on device; what was there before is kept"
    assert said[3:] == ["holds 1000", "files ['w.safetensors']"]
