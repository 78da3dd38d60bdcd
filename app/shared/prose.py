"""Running text in which Z_y, F_y, G_y and r_i are set as the paper sets them, without a mathematics library to load."""

from __future__ import annotations

import html
import re
from functools import lru_cache

import streamlit as st

from app.shared import glossary


def markup(text: str) -> str:
    """Text as HTML: Z_y with a subscript, ``**words**`` bold, everything else as it is written."""
    return _set(html.escape(text))


def write(text: str) -> None:
    """A paragraph, in which the first occurrence of each term of the glossary is marked."""
    st.html(_marked(text))


def caption(text: str) -> None:
    """A paragraph that steps back."""
    st.html(quiet(text))


def quiet(text: str) -> str:
    """A paragraph that steps back, as HTML."""
    return f'<p class="mfm-prose mfm-quiet">{markup(text)}</p>'


@lru_cache(maxsize=1_024)
def _marked(text: str) -> str:
    return f'<p class="mfm-prose">{glossary.mark(html.escape(text), _set)}</p>'


def _set(escaped: str) -> str:
    """Symbols and bold of an escaped text."""
    with_symbols = re.sub(r"\b([ZFGMr])_([A-Ea-z])\b", r'<i class="mfm-symbol">\1</i><sub>\2</sub>', escaped)
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", with_symbols)


def label(text: str) -> str:
    """Label of a control, Markdown of our own writing, in which Z_y is mathematics."""
    return re.sub(r"\b([ZF])_([a-z])\b", r"$\1_\2$", text)


def harmless(text: str) -> str:
    """Escape a visitor's text, so that Streamlit sets it as it is written."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~:-])", r"\\\1", text)
