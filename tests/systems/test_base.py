"""What systems hold out for early stopping: whole videos, by the seed alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import mfm_core as mfm
from mfm_core.data.dataset import video_of
from mfm_core.systems.base import HELD_OUT_SHARE, hold_out
from tests.systems.made_up import made_up

DATA = made_up(40, scores=True)


def of_videos(sizes: list[int]) -> mfm.Dataset:
    """Samples of videos of these sizes, their segments in turn."""
    ids = [f"v{video}[{k}]" for k in range(max(sizes)) for video, size in enumerate(sizes) if k < size]
    return replace(DATA.take(list(range(len(ids)))), ids=tuple(ids))


@given(st.lists(st.integers(1, 9), min_size=2, max_size=8).filter(lambda s: 4 <= sum(s) <= 40), st.integers(0, 50))
def test_no_video_is_on_both_sides_and_no_sample_is_lost(sizes: list[int], seed: int) -> None:
    data = of_videos(sizes)
    learnt, held_out = hold_out(data, seed)
    sides = [{video_of(one) for one in side.ids or ()} for side in (learnt, held_out)]
    assert all(sides)
    assert not set.intersection(*sides)
    assert sorted([*(learnt.ids or ()), *(held_out.ids or ())]) == sorted(data.ids or ())
    wanted = max(2, round(HELD_OUT_SHARE * len(data)))
    assert len(held_out) < wanted + max(sizes)
    assert len(held_out) >= wanted or len(sides[0]) == 1


def test_samples_that_stand_for_themselves_are_held_out_one_by_one() -> None:
    learnt, held_out = hold_out(DATA, 3)
    assert (len(learnt), len(held_out)) == (34, 6)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(3))
    assert torch.equal(torch.cat([held_out.labels, learnt.labels]), DATA.labels[order])


def test_segments_of_one_video_cannot_be_parted() -> None:
    with pytest.raises(ValueError, match=r"^train: expected samples of 2 videos at least, .*, got 12 of one; "):
        mfm.fit("tfn", of_videos([12]))
