"""The cache of stored models: each once, bounded by bytes, the least recently used dropped first."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from types import SimpleNamespace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
import torch

import mfm_core as mfm
from app.shared.byte_cache import ByteCache, n_bytes


def test_a_value_is_loaded_once_however_many_threads_ask() -> None:
    cache, loads, found = ByteCache(1_000), [], []

    def load() -> bytes:
        loads.append(1)
        time.sleep(0.05)
        return b"x" * 10

    threads = [threading.Thread(target=lambda: found.append(cache.get("one", load))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert all(value is found[0] for value in found)


def test_the_least_recently_used_is_dropped_where_bytes_run_out() -> None:
    each = n_bytes(bytes(30))
    cache = ByteCache(3 * each)
    for key in "abc":
        cache.get(key, lambda: bytes(30))
    cache.get("a", lambda: pytest.fail("a was kept"))
    cache.get("d", lambda: bytes(30))
    assert cache.held == 3 * each
    cache.get("a", lambda: pytest.fail("a was kept"))
    reloaded: list[str] = []
    cache.get("b", lambda: reloaded.append("b") or bytes(30))
    assert reloaded == ["b"]


def test_what_alone_is_too_large_is_kept_until_the_next() -> None:
    cache = ByteCache(100)
    cache.get("large", lambda: bytes(500))
    cache.get("large", lambda: pytest.fail("large was kept"))
    cache.get("small", lambda: bytes(1))
    assert cache.held == n_bytes(bytes(1))


def test_a_failure_is_raised_and_not_kept() -> None:
    cache = ByteCache(100)

    def fails() -> bytes:
        raise ValueError("damaged")

    for _ in range(2):
        with pytest.raises(ValueError, match="damaged"):
            cache.get("one", fails)
    assert cache.get("one", lambda: b"whole") == b"whole"
    assert len(cache) == 1


def test_bytes_are_those_of_arrays_networks_and_what_holds_them(latents: mfm.Latents) -> None:
    assert n_bytes(torch.nn.BatchNorm1d(5)) == 4 * 4 * 5 + 8  # weight, bias, mean, variance; a count of batches
    blocks = latents.blocks()
    assert 0 < n_bytes(latents) - sum(4 * block.numel() for block in blocks.values()) < 1_000
    parts = [np.zeros(3), {"a": b"12", "b": torch.zeros(2, dtype=torch.float64)}, "text", 5]
    held = sum(map(sys.getsizeof, (parts, parts[1], b"12", "a", "b", "text", 5)))
    assert n_bytes(parts) == 24 + 16 + held


def test_no_kind_of_value_counts_as_nothing() -> None:
    """A value that counted as nothing would be kept for ever."""
    many = [str(place) * 30 for place in range(1_000)]
    least = sum(map(len, many))
    figure = go.Figure(go.Scatter(x=list(range(5_000))))
    for value in (set(many), dict.fromkeys(many), pd.DataFrame({"a": many}), SimpleNamespace(parts=many), deque(many)):
        assert n_bytes(value) >= least
    assert n_bytes(figure) > 5_000 * 8
    loop: list[object] = []
    loop.append(loop)
    assert n_bytes(loop) < 1_000
    assert n_bytes([many, many]) < 1.1 * n_bytes([many])
