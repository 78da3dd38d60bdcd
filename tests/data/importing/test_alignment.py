"""Frames averaged over words, against a count on a grid of time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfm_core.data.importing.alignment import expected_values


@given(st.data())
def test_the_expected_value_is_the_mean_over_time(data: st.DataObject) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    # Frames and words on a grid of 10 ms, in any order, overlapping or with gaps: counting the grid is an oracle.
    frames = np.sort(random.integers(0, 60, (data.draw(st.integers(0, 12)), 2)), axis=1)
    words = np.sort(random.integers(0, 60, (data.draw(st.integers(1, 4)), 2)), axis=1)
    values = random.normal(size=(len(frames), 3))
    values[random.random(values.shape) < 0.1] = -np.inf
    given_values = expected_values(values, frames / 100, words / 100)
    for t, (begin, end) in enumerate(words):
        for k in range(3):
            seen = [
                values[i, k]
                for tick in range(begin, end)
                for i, (start, stop) in enumerate(frames)
                if start <= tick < stop and np.isfinite(values[i, k])
            ]
            touched = any(start <= tick < stop for tick in range(begin, end) for start, stop in frames)
            expected = np.mean(seen) if seen else np.nan if touched else 0
            assert given_values[t, k] == pytest.approx(expected, abs=1e-5, nan_ok=True)
