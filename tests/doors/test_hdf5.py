"""Feature files in HDF5: whatever is in them, each is read, or refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mfm_core.data.importing.csd import read_role
from mfm_core.data.importing.h5 import read_tensors_of
from mfm_core.data.notes import Notes
from tests.data.features import spoken, write_csd, write_h5
from tests.doors.doors import at_most, damaged, door, one_sentence


@given(data=st.data())
@door
def test_any_computational_sequence_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    whole = write_csd(tmp_path / "words.csd", "words", {"a": spoken(["so", "good"]), "b": spoken(["fine"])})
    path = tmp_path / "odd.csd"
    path.write_bytes(data.draw(damaged(whole.read_bytes())))
    try:
        with at_most(200_000_000):
            tracks = read_role(path, "words", Notes())
    except ValueError as error:
        one_sentence(error)
        return
    for track in tracks.values():
        assert np.isfinite(track.intervals).all()
        assert len(track.features) == len(track.intervals)


@given(data=st.data())
@door
def test_any_tensor_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    arrays = {"text_train": np.ones((3, 4, 2), np.float32), "y_train": np.arange(3.0)}
    paths = write_h5(tmp_path, arrays)
    paths[0].write_bytes(data.draw(damaged(paths[0].read_bytes())))
    try:
        with at_most(200_000_000):
            read_tensors_of(paths, Notes())
    except ValueError as error:
        one_sentence(error)
