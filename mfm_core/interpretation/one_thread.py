"""Where many small operations follow each other, one thread is the fastest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch's operations on the calling thread alone, and as before afterwards.

    At the end of every operation its threads wait for each other in a busy loop. Of operations of some microseconds, on
    a machine with other work, that can take twenty times as long as they do: a thread that waits for one that is not
    running burns the time that one needs.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
