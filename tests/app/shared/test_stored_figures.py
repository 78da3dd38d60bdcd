"""Stored figures: those of a model, and in a sentence why they cannot be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

import mfm_core as mfm
from app.shared import stored_figures
from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.statistics import Estimate

MEASURED = figure("mae", "", Estimate(0.5, 0.4, 0.6, 20))


def test_figures_are_those_that_were_measured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFM_PRETRAINED", str(folder.parent))
    mfm.save_metrics({"figures": [MEASURED.stored()]}, folder)
    assert stored_figures.of_model("tiny") == stored_figures.StoredFigures((MEASURED,))
    (folder / "metrics.json").unlink()
    assert stored_figures.of_model("tiny") == stored_figures.StoredFigures()
    assert stored_figures.damages() == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "expected JSON"),
        (b"\xff\xfe", "expected "),
        (b"[]", "expected an object"),
        (b'{"figures": {}}', "figures: the file: expected a list"),
        (b'{"figures": [{"key": "mae"}]}', "figures: 0.unit: expected this key, which is missing"),
    ],
)
def test_damaged_figures_are_told_in_a_sentence_without_a_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, why: str
) -> None:
    monkeypatch.setenv("MFM_PRETRAINED", str(folder.parent))
    (folder / "metrics.json").write_bytes(content)
    (told,) = stored_figures.damages()
    assert told.startswith(f"None of the measured figures of tiny can be shown: metrics.json: {why}")
    assert str(folder) not in told
    assert "\n" not in told
    assert not stored_figures.of_model("tiny").figures
