"""Work on one thread leaves the number of threads as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch

from mfm_core import normalized_hsic
from mfm_core.interpretation.one_thread import one_thread


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_the_number_of_threads_is_as_before_also_after_an_error():
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2

    def cancel(share: float) -> None:
        assert torch.get_num_threads() == 1
        raise InterruptedError

    with pytest.raises(InterruptedError):
        normalized_hsic(torch.arange(9.0), torch.arange(9.0), progress=cancel)
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_sessions_that_overlap_do_not_keep_each_other_on_one_thread():
    """One enters and leaves first; the other entered meanwhile."""
    gates = [Barrier(2, timeout=20) for _ in range(4)]

    def first() -> int:
        torch.zeros(1)
        gates[0].wait()
        with one_thread():
            gates[1].wait()
            gates[2].wait()
        gates[3].wait()
        return torch.get_num_threads()

    def second() -> int:
        torch.get_num_threads()  # a thread takes over the number when it first uses torch
        gates[0].wait()
        gates[1].wait()
        with one_thread():
            gates[2].wait()
            gates[3].wait()
        return torch.get_num_threads()

    with ThreadPoolExecutor(2) as pool:
        assert [task.result() for task in [pool.submit(first), pool.submit(second)]] == [2, 2]
    assert torch.get_num_threads() == 2
