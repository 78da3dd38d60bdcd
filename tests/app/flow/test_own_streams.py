"""A data set of one's own, of streams of any names: written, read, trained, and shown on the page Flow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mfm_core as mfm
from app.shared import hues
from tests.app.flow.test_page import lanes, visit
from tests.app.pages import query

STREAMS = {"language": 3, "pulse": 2, "Gait_2": 1, "mains_hum": 2, "мимика": 2}


def test_streams_of_ones_own_are_written_read_trained_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MFM_DATA", str(tmp_path))
    monkeypatch.setenv("MFM_PRETRAINED", str(tmp_path / "models"))
    rng, n, length = np.random.default_rng(0), 60, 5
    features = {name: rng.normal(size=(n, length, d)) for name, d in STREAMS.items()}
    mask = np.arange(length) < rng.integers(2, length + 1, size=n)[:, None]
    own = mfm.Dataset.from_arrays(features, features["pulse"][:, 0, 0], mask=mask, unit="sentence")
    told = [mfm.ModalityInfo("pulse", title="Heart rate", content="beats, per second")]
    mfm.save_dataset(own, tmp_path / "interviews.npz", streams=told)
    data = mfm.load_dataset("interviews")
    config = mfm.MFMConfig(epochs=1, hidden=4, d_y=2, d_a=2)
    system = mfm.fit(config, data.part("train"), data.part("validation"), seed=0)
    mfm.save(system, tmp_path / "models" / "own_streams")
    test = data.part("test")
    mfm.save_codes(mfm.Codes(system.encode(test), test.labels), tmp_path / "models" / "own_streams")
    page = visit(model="own_streams", factor="Gait_2")
    assert query(page) == {"factor": "Gait_2"}
    (panel,) = lanes(page)["panels"]
    assert panel["unit"] == "Sentence"
    shown = [(lane["name"], lane["title"], lane["note"]) for lane in panel["lanes"]]
    titles = ("Language", "Heart rate", "Gait 2", "Mains hum", "Мимика")
    assert shown == list(zip(STREAMS, titles, ("the words", "beats, per second", "", "", ""), strict=True))
    assert [lane["hue"] for lane in panel["lanes"]] == [hues.hue(place) for place in range(5)]
