"""The collector is settled once a page of a server, and never outside of one."""

from __future__ import annotations

import gc

import pytest
from streamlit import runtime

from app.shared import collector


def test_what_a_page_brings_is_left_out_once_after_a_full_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(gc, "collect", lambda: done.append("collect"))
    monkeypatch.setattr(gc, "freeze", lambda: done.append("freeze"))
    collector._settle.clear()
    collector.settle("Start")
    assert done == []
    monkeypatch.setattr(runtime, "exists", lambda: True)
    for page in ("Start", "Flow", "Start", "Flow"):
        collector.settle(page)
    assert done == ["collect", "freeze"] * 2
