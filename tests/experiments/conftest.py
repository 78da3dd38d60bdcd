"""Worker processes of these tests start from a plain main module, whatever other tests left in its place."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest


@pytest.fixture(autouse=True)
def plain_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's tests put the app's script there, which every new process would run first."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
