"""Tables as wide as they are: on a narrow page they scroll in a region of their own, by finger, pointer or keyboard."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import streamlit as st

from app.shared import prose

RULE = re.compile(r"^\|(\s*:?-+:?\s*\|)+$")


def show(table: Mapping[str, Sequence[object]], *, label: str) -> None:
    """A table.

    Args:
        table: Columns by name.
        label: What it is, for those who cannot see it.
    """
    columns = list(table)
    write(columns, [[str(cell) for cell in row] for row in zip(*table.values(), strict=True)], label=label)


def markdown(text: str, *, label: str) -> None:
    """Markdown of our own writing, its tables in regions that scroll.

    Args:
        text: The Markdown.
        label: What the tables belong to, for those who cannot see them.
    """
    for part, is_table in _parts(text, label):
        (st.html if is_table else st.markdown)(part)


@lru_cache(maxsize=64)
def _parts(text: str, label: str) -> tuple[tuple[str, bool], ...]:
    """The Markdown between tables, and each table as HTML; with each part whether it is a table."""
    lines, plain, parts = text.splitlines(), list[str](), list[tuple[str, bool]]()
    place, count = 0, 0
    while place < len(lines):
        if place + 1 < len(lines) and lines[place].startswith("|") and RULE.match(lines[place + 1].strip()):
            end = next((i for i in range(place, len(lines)) if not lines[i].startswith("|")), len(lines))
            count += 1
            rows = [cells(line) for line in lines[place + 2 : end]]
            parts += [("\n".join(plain).strip(), False)]
            parts += [(_written(cells(lines[place]), rows, f"{label}, table {count}"), True)]
            plain, place = [], end
        else:
            plain.append(lines[place])
            place += 1
    parts += [("\n".join(plain).strip(), False)]
    return tuple(part for part in parts if part[0])


def cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table."""
    parts = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return [part.strip().replace("\\|", "|") for part in parts]


def write(columns: Sequence[str], rows: Sequence[Sequence[str]], *, label: str) -> None:
    """A table of text, in which Z_y and bold words are set as in running text."""
    st.html(_written(columns, rows, label))


def unbroken(cell: str) -> str:
    """A cell whose figures stay on one line with their signs: ``99.00 %``, and ``≥ 99.00 %`` for ``>= 99.00 %``."""
    signed = cell.replace(">= ", "≥\u00a0").replace("<= ", "≤\u00a0")
    return re.sub(r"(?<=\d) %", "\u00a0%", signed)


def _written(columns: Sequence[str], rows: Sequence[Sequence[str]], label: str) -> str:
    head = "".join(f'<th scope="col">{prose.markup(column)}</th>' for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{prose.markup(unbroken(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="mfm-table" role="region" tabindex="0" aria-label="{html.escape(label)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
