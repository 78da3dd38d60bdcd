"""The project's own elements for the browser: one folder each, with script and style, isolated from the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from app.shared import hues

FOLDER = Path(__file__).parent
Data = dict[str, Any]


def define(name: str, *parts: str, worker: tuple[str, ...] = ()) -> Callable[..., None]:
    """Register the element of the folder ``<name>``: ``<name>.js`` and ``<name>.css``, after what all elements share.

    Args:
        name: Of the element and its folder.
        parts: Further scripts that it is made of, of its folder or of another's: ``part``, or ``folder/part``. Where
            a style of the same name lies beside one, it is part of it.
        worker: Scripts for a worker, named as the parts are; their text is the constant ``WORKER``.

    Returns:
        Shows the element, with ``data`` or with what ``encoded`` made of them, a ``key`` and callbacks.
    """

    def read(*path: str) -> str:
        return FOLDER.joinpath(*path).read_text(encoding="utf-8")

    def script(part: str) -> str:
        folder, _, file = part.rpartition("/")
        return read(folder or name, f"{file}.js")

    def style(part: str) -> str:
        folder, _, file = part.rpartition("/")
        return read(folder or name, f"{file}.css") if (FOLDER / (folder or name) / f"{file}.css").is_file() else ""

    text = "".join(script(part) for part in worker)
    constant = f"const WORKER = {json.dumps(text)};\n" if worker else ""
    show: Callable[..., Any] = st.components.v2.component(
        f"mfm_{name}",
        html='<div class="root"></div>',
        css=read("common.css") + hues.rules() + "".join(style(part) for part in (*parts, name)),
        js=read("common.js") + constant + "".join(script(part) for part in (*parts, name)),
    )

    def mount(data: Data | bytes | None = None, **more: object) -> None:
        show(data=encoded(data) if isinstance(data, dict) else data, **more)

    return mount


def encoded(data: Data) -> bytes:
    """Data as elements are given it; Streamlit would write a dictionary as JSON twice, to send it and to compare it."""
    return json.dumps(data).encode()


def on_trigger(key: str, trigger: str, take: Callable[[object], None]) -> Callable[[], None]:
    """A callback that hands over what an element sent, if it sent anything."""

    def called() -> None:
        sent = st.session_state.get(key)
        value = None if sent is None else sent.get(trigger)
        if value is not None:
            take(value)

    return called
