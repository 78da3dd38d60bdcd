"""Training that is killed, whose checkpoint is cut off, whose clock jumps: it ends as if nothing had been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mfm_core.training.loop import train
from tests.training.test_loop import CONFIG, Regression


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Tensor]:
    return dict(train(Regression(), CONFIG).state_dict())


@pytest.fixture(scope="module")
def trainer() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.faults.run_training"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, cwd=Path(__file__).parents[2], **pipes) as process:
        yield process
        process.kill()


def killed(trainer: subprocess.Popen[str], folder: Path, fault: str, wanted: str) -> list[str]:
    """Kill a process that trains without warning once it wrote a line, and return all its lines so far."""
    assert trainer.stdin is not None
    assert trainer.stdout is not None
    trainer.stdin.write(f"{fault} {folder}\n")
    trainer.stdin.flush()
    process, lines = int(trainer.stdout.readline()), [""]
    while lines[-1] not in (wanted, "ended"):
        lines.append(trainer.stdout.readline().strip())
    assert lines[-1] == wanted, lines
    os.kill(process, signal.SIGKILL)
    while trainer.stdout.readline().strip() != "ended":
        pass
    return lines[1:]


def ends_as(folder: Path, undisturbed: dict[str, Tensor]) -> None:
    """Go on in a folder; the model that comes of it is that of a run that nothing disturbed, to the last bit."""
    made = train(Regression(), CONFIG, folder, save_every=0).state_dict()
    assert all(torch.equal(made[name], tensor) for name, tensor in undisturbed.items())
    assert not (folder / "state.partial").exists()


def test_a_run_killed_twice_loses_no_step(
    tmp_path: Path, trainer: subprocess.Popen[str], undisturbed: dict[str, Tensor]
) -> None:
    first = killed(trainer, tmp_path, "calm", "5")
    second = killed(trainer, tmp_path, "calm", "12")
    assert first[0] == "1"
    assert int(second[0]) in (5, 6)  # the state of the step that was told last may have been written or not
    ends_as(tmp_path, undisturbed)


@pytest.mark.parametrize("moment", ["write", "replace"])
def test_a_kill_while_a_checkpoint_is_written_keeps_the_last_one(
    tmp_path: Path, trainer: subprocess.Popen[str], undisturbed: dict[str, Tensor], moment: str
) -> None:
    killed(trainer, tmp_path, moment, "there")
    assert (tmp_path / "state.partial").is_file()
    ends_as(tmp_path, undisturbed)


def test_a_clock_that_jumps_changes_nothing(
    tmp_path: Path, undisturbed: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    jumps = iter([0.0, 4e9, -4e9, 86_400.0, -1e5] * 20)
    now = time.time
    monkeypatch.setattr("mfm_core.training.loop.time.time", lambda: now() + next(jumps))
    ends_as(tmp_path, undisturbed)
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == sorted(steps)
