"""The command line: any words after a command end in what it does or in a sentence, without a traceback."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import torch
import typer
from hypothesis import given
from hypothesis import strategies as st

import mfm_core.__main__  # noqa: F401 - enters every command
from mfm_core.cli.app import app
from tests.doors.doors import HTML, door

COMMAND_LINE = typer.main.get_command(app)  # once: making it takes ten times as long as a case
WORDS = st.one_of(
    st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=12),
    st.sampled_from(
        [HTML, "../../etc/passwd", "/", ".", "", "-1", "0", "1", "2.5", "9" * 30, "nan", "a=b", "training.seed=-1", "=",
         "odd.npz", "odd.csd", "odd.pkl", "odd.h5", "odd.json", "svhn_mnist", "iemocap", "../x", "x" * 300]
    ),
)  # fmt: skip
# Commands that read before they compute; what they are given is nowhere, so that none trains or downloads anything.
COMMANDS = {
    ("data", "import"): ["--as", "--length", "--replace", "--folds"],
    ("data", "describe"): [],
    ("train",): ["--set", "--folder", "--store", "--device", "--threads"],
    ("cross-validate",): ["--repetitions", "--folds", "--folder", "--into", "--threads"],
    ("export-browser",): ["--folder", "--judge"],
    ("readme-figures",): ["--readme"],
}


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("MFM_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("mfm_core.storage.folder.PRETRAINED", tmp_path / "pretrained")
    monkeypatch.chdir(tmp_path / "here")
    for name in ("odd.npz", "odd.csd", "odd.pkl", "odd.h5", "odd.json"):
        (tmp_path / "here" / name).write_bytes(b"{}")
    return tmp_path


def run(words: Sequence[str]) -> tuple[int, str]:
    """Exit status of a command, and what it said on standard error."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as told:
        with pytest.raises(SystemExit) as ended:
            COMMAND_LINE(list(words), prog_name="mfm")
        return int(ended.value.code or 0), told.getvalue()


def test_a_name_with_a_line_break_leaves_a_message_one_line(nowhere: Path) -> None:
    assert run(["readme-figures", "--readme", "0\x1e"]) == (1, "0?: no such file\n")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@given(data=st.data())
@door
def test_any_words_end_in_a_sentence_at_most(command: tuple[str, ...], data: st.DataObject, nowhere: Path) -> None:
    options = st.tuples(st.sampled_from([*COMMANDS[command], "--help", "--nothing"]), WORDS)
    arguments = data.draw(st.lists(st.one_of(WORDS.map(lambda word: (word,)), options), max_size=4))
    threads = torch.get_num_threads()
    try:
        status, told = run([*command, *(part for group in arguments for part in group)])
    finally:
        torch.set_num_threads(threads)
    assert status in (0, 1, 2)
    assert "Traceback" not in told
    if status == 1:
        assert len(told.strip().splitlines()) == 1, told
    assert {path.name for path in nowhere.iterdir()} <= {"here", "data", "pretrained"}
