"""Turns at the processor: heavy work in the threads of sessions, a few pieces at once, in the order of asking.

Without it a hall that asks at once would be computed for all at the same time, and everybody would wait for the last.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

EVERY = 0.3
"""Seconds between two looks at the queue by who waits; then a page says how long it is, and may be left."""


class Turns:
    """A fair queue: who came first is served first.

    Args:
        at_once: How many have their turn at the same time.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._queue: list[object] = []
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, wait: Callable[[int], None]) -> Iterator[None]:
        """Wait for one's turn, and have it until the block is left.

        Args:
            wait: Called now and then, while one waits, with how many are before; what it raises ends the waiting.
        """
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
        try:
            while (before := self._wait(ticket)) > 0:
                wait(before)
            yield
        finally:
            with self._changed:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def _wait(self, ticket: object) -> int:
        """Wait a little; how many have to end before it is this one's turn, 0 where it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._before(ticket) <= 0, EVERY)
            return max(self._before(ticket), 0)

    def _before(self, ticket: object) -> int:
        return self._queue.index(ticket) + 1 - self._at_once


@contextmanager
def turn() -> Iterator[None]:
    """One's turn at this server's processors; a page says meanwhile how many are before.

    A visitor who asks for something else leaves the queue. Nothing that waits for others may be done in the block, and
    none of it in a function that Streamlit caches, which would keep what is said of the waiting.
    """
    with ExitStack() as shown:
        places: list[DeltaGenerator] = []

        def tell(before: int) -> None:
            if get_script_run_ctx(suppress_warning=True) is None:
                return  # nobody looks at what this thread makes
            if not places:
                places.append(st.empty())
                shown.callback(places[0].empty)
            places[0].caption(f"Waiting: {before} before this.")

        with turns().turn(tell):
            shown.close()
            yield


@st.cache_resource
def turns() -> Turns:
    """The queue of this server: as many at once as it has processors."""
    return Turns(len(os.sched_getaffinity(0)))
