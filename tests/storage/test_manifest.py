"""The manifest: it names every shipped file, and tells which is missing, unknown or another."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from mfm_core.storage.folder import PRETRAINED
from mfm_core.storage.manifest import MANIFEST, differences, read_manifest, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "weights").write_bytes(b"numbers")
    (tmp_path / "a" / "card.md").write_text("A card.")
    write_manifest(tmp_path)
    return tmp_path


def test_the_shipped_files_are_those_of_the_manifest() -> None:
    assert differences(PRETRAINED) == {}, "after a change of pretrained: python -m mfm_core check --write-manifest"


def test_a_digest_is_the_sha256_of_the_content(folder: Path) -> None:
    assert read_manifest(folder).files["a/weights"] == hashlib.sha256(b"numbers").hexdigest()
    assert set(read_manifest(folder).files) == {"a/weights", "a/card.md"}
    assert differences(folder) == {}


def test_each_kind_of_difference_is_one_sentence(folder: Path) -> None:
    (folder / "a" / "weights").write_bytes(b"Numbers")
    (folder / "a" / "card.md").unlink()
    (folder / "b").write_text("new")
    found = differences(folder)
    assert list(found) == ["a/card.md", "a/weights", "b"]
    assert found["a/card.md"] == f"{folder}/a/card.md: missing"
    assert re.search(r"expected SHA-256 \w{12}…, got \w{12}…; the file was changed or damaged", found["a/weights"])
    assert "expected no such file" in found["b"]
    write_manifest(folder)
    assert differences(folder) == {}


@pytest.mark.parametrize("content", ["", "[]", '{"files": {"a": "0"}}', '{"format_version": 2, "files": {}}'])
def test_a_damaged_manifest_is_refused_in_one_sentence(folder: Path, content: str) -> None:
    (folder / MANIFEST).write_text(content)
    with pytest.raises(ValueError, match=re.escape(MANIFEST)) as caught:
        differences(folder)
    assert "\n" not in str(caught.value)
