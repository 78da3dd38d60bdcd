"""Running text in which Z_y and F_y are set as the paper sets them, without a mathematics library to load."""

from __future__ import annotations

import html
import re

import streamlit as st


def markup(text: str) -> str:
    """Text as HTML: Z_y with a subscript, ``**words**`` bold, everything else as it is written."""
    escaped = html.escape(text)
    with_symbols = re.sub(r"\b([ZF])_([a-z])\b", r'<i class="mfm-symbol">\1</i><sub>\2</sub>', escaped)
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", with_symbols)


def write(text: str) -> None:
    """A paragraph."""
    st.html(f'<p class="mfm-prose">{markup(text)}</p>')


def caption(text: str) -> None:
    """A paragraph that steps back."""
    st.html(f'<p class="mfm-prose mfm-quiet">{markup(text)}</p>')


def harmless(text: str) -> str:
    """Escape a visitor's text, so that Streamlit sets it as it is written."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~:-])", r"\\\1", text)
