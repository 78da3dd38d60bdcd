"""Tables as wide as they are: on a narrow page they scroll in a region of their own, by finger, pointer or keyboard."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

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
    lines, plain = text.splitlines(), list[str]()
    place, count = 0, 0
    while place < len(lines):
        if place + 1 < len(lines) and lines[place].startswith("|") and RULE.match(lines[place + 1].strip()):
            end = next((i for i in range(place, len(lines)) if not lines[i].startswith("|")), len(lines))
            _paragraphs(plain)
            plain = []
            count += 1
            rows = [cells(line) for line in lines[place + 2 : end]]
            write(cells(lines[place]), rows, label=f"{label}, table {count}")
            place = end
        else:
            plain.append(lines[place])
            place += 1
    _paragraphs(plain)


def cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table."""
    parts = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return [part.strip().replace("\\|", "|") for part in parts]


def write(columns: Sequence[str], rows: Sequence[Sequence[str]], *, label: str) -> None:
    """A table of text, in which Z_y and bold words are set as in running text."""
    head = "".join(f'<th scope="col">{prose.markup(column)}</th>' for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{prose.markup(cell)}</td>' for cell in row)}</tr>" for row in rows)
    st.html(
        f'<div class="mfm-table" role="region" tabindex="0" aria-label="{html.escape(label)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _paragraphs(lines: Sequence[str]) -> None:
    if text := "\n".join(lines).strip():
        st.markdown(text)
