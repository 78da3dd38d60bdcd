"""Glossary of the pages: what their words mean, marked in running text so that a pointer or the keyboard shows it."""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from mfm_core.config import Config

FILE = Path(__file__).with_name("glossary.toml")


class Term(Config):
    """A term and what it means.

    Attributes:
        names: Its spellings; the first is its heading.
        meaning: One or two sentences.
    """

    names: Annotated[tuple[str, ...], Field(min_length=1)]
    meaning: str


@cache
def terms() -> tuple[Term, ...]:
    """All terms, in the order of the file."""
    return TypeAdapter(tuple[Term, ...]).validate_python(tomllib.loads(FILE.read_text(encoding="utf-8"))["terms"])


def mark(escaped: str, markup: Callable[[str], str]) -> str:
    """Set a text, with the first occurrence of each term marked.

    Args:
        escaped: Text that was escaped for HTML.
        markup: Sets a text as HTML.
    """
    marked: list[tuple[str, Term]] = []

    def hold(found: re.Match[str]) -> str:
        term = _by_name()[found[0]] if found[0] in _by_name() else _by_name()[found[0].lower()]
        if any(term is one for _, one in marked):
            return found[0]
        marked.append((found[0], term))
        return f"\0{len(marked) - 1}\0"

    def put_back(held: re.Match[str]) -> str:
        said, term = marked[int(held[1])]
        tip = html.escape(term.meaning)
        return f'<dfn class="mfm-term" tabindex="0" aria-description="{tip}" data-tip="{tip}">{markup(said)}</dfn>'

    return re.sub("\0(\\d+)\0", put_back, markup(_pattern().sub(hold, escaped.replace("\0", ""))))


@cache
def _by_name() -> dict[str, Term]:
    return {name: term for term in terms() for name in term.names}


@cache
def _pattern() -> re.Pattern[str]:
    """Every spelling as whole words, the longest first; those of several letters with a capital too."""
    names = sorted(_by_name(), key=len, reverse=True)
    spelt = (re.escape(n) if len(n) < 4 else f"[{n[0].upper()}{n[0]}]{re.escape(n[1:])}" for n in names)
    return re.compile(rf"(?<![\w&-])(?:{'|'.join(spelt)})(?![\w-])")
