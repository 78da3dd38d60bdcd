"""Files that are written whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from mfm_core.files.writing import disk_errors, replaced, write_once, write_whole


def _full(self: Path, content: bytes) -> int:
    """A disk that has room for one byte."""
    with self.open("wb") as file:
        file.write(content[:1])
    raise OSError(28, "No space left on device")


def test_a_file_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "old")
    write_whole(tmp_path / "file", "new, ä".encode())
    assert (tmp_path / "file").read_text(encoding="utf-8") == "new, ä"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")
    monkeypatch.setattr(Path, "write_bytes", _full)
    with pytest.raises(OSError, match="file: could not be written: no space left on device; what was there before is"):
        write_whole(path, "new")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "old"


def test_what_is_not_of_the_disk_is_raised_as_it_is_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError), replaced(path) as unfinished:
        unfinished.write_text("half a letter: \ud800", encoding="utf-8")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "old"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match=r"file/inside: could not be written: file exists$"):
        write_once(tmp_path / "file" / "inside", b"content")
    with (
        pytest.raises(OSError, match=r"file/inside: could not be written: not a directory$"),
        disk_errors(tmp_path / "file" / "inside"),
    ):
        (tmp_path / "file" / "inside").mkdir()


def test_threads_that_write_the_same_file_leave_one_of_theirs(tmp_path: Path) -> None:
    path, contents = tmp_path / "file", [str(n) * 100_000 for n in range(4)]
    writers = [threading.Thread(target=write_whole, args=(path, content)) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_text() in contents
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_file_named_by_its_content_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "made" / "file"
    write_once(path, b"content")
    write_once(path, b"other")
    assert path.read_bytes() == b"content"
