"""Where steps are drawn on the axis of seconds."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.elements.lanes.lanes import apart

seconds = st.floats(0, 100)


def test_times_that_can_be_read_stay_as_they_are() -> None:
    spans = [(0.0, 0.4), (0.4, 0.8), (1.0, 1.5)]
    assert apart(spans) == spans


@given(st.lists(st.tuples(seconds, seconds), min_size=1, max_size=40))
def test_every_step_is_reachable_and_covers_no_other(given_spans: list[tuple[float, float]]) -> None:
    spans = sorted((min(span), max(span)) for span in given_spans)
    drawn = apart(spans)
    assert len(drawn) == len(spans)
    for (start, end), (begun, _) in zip(drawn, spans, strict=True):
        assert end - start > 0.029
        assert start >= begun - 1e-9
    for (_, end), (start, _) in itertools.pairwise(drawn):
        assert end <= start + 1e-3 + 1e-9
