"""Python's cyclic collector: what stays for good is left out of its passes, so that it can pass often."""

from __future__ import annotations

import gc

import streamlit as st
from streamlit import runtime


def settle(page: str) -> None:
    """Leave all that is there once a page was first shown out of later collections.

    Modules, models and charts that all visitors share are some 300,000 objects. A pass over them takes 0.2 s, during
    which everybody waits, and Python makes one only after as many new objects as a quarter of them: until then what
    visitors leave in cycles, such as plotly's figures, stays in memory. Without them a pass takes milliseconds.

    Args:
        page: Name of the page; each brings modules and models of its own.
    """
    if runtime.exists():  # not in tests, where many servers come and go in one process
        _settle(page)


@st.cache_resource(max_entries=32, show_spinner=False)
def _settle(page: str) -> None:
    del page
    gc.collect()
    gc.freeze()
