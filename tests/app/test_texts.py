"""Texts of the pages: the commands that they name exist, with the options that they give them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

import mfm_core.__main__  # noqa: F401 - enters all commands
from mfm_core.cli.app import app

APP = Path(__file__).parents[2] / "app"
COMMANDS = sorted(
    {
        " ".join(command.split())
        for path in APP.rglob("*.py")
        for command in re.findall(r"`(python -m mfm_core [^`{]+)`", path.read_text(encoding="utf-8"))
    }
)


def test_pages_name_commands() -> None:
    assert len(COMMANDS) >= 5


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_that_pages_name_exist(command: str) -> None:
    words, found = shlex.split(command)[3:], get_command(app)
    while hasattr(found, "commands"):
        found = found.commands[words.pop(0)]
    options = {option for parameter in found.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options
