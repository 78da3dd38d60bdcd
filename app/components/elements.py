"""The project's own elements for the browser: HTML, style and script from ``assets``, isolated from the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

ASSETS = Path(__file__).parent / "assets"
Data = dict[str, Any]


def define(name: str, *parts: str) -> Callable[..., Any]:
    """Register the element ``assets/<name>.js`` with ``assets/<name>.css``; both are given what all elements share.

    Args:
        name: Of the element.
        parts: Further scripts that it is made of.
    """

    def read(file: str) -> str:
        return (ASSETS / file).read_text(encoding="utf-8")

    mount: Callable[..., Any] = st.components.v2.component(
        f"mfm_{name}",
        html='<div class="root"></div>',
        css=read("common.css") + read(f"{name}.css"),
        js="".join(read(f"{part}.js") for part in ("common", *parts, name)),
    )
    return mount


def on_trigger(key: str, trigger: str, take: Callable[[object], None]) -> Callable[[], None]:
    """A callback that hands over what an element sent, if it sent anything."""

    def called() -> None:
        sent = st.session_state.get(key)
        value = None if sent is None else sent.get(trigger)
        if value is not None:
            take(value)

    return called
