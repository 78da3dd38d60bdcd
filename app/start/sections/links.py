"""Where to read on: the paper, the README, the code."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

README = Path(__file__).parents[3] / "README.md"
PAPER = "https://arxiv.org/abs/1806.06176"
AUTHORS_CODE = "https://github.com/pliang279/factorized"
FENCED = re.compile(r"^(```.*?^```$)", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
RELATIVE_LINK = re.compile(r"\[([^\]\n]+)\]\((?!https?://)[^)\s]+\)")


def show() -> None:
    """The section."""
    st.subheader("Read on", anchor=False)
    st.markdown(
        f"* **The paper**: Tsai, Liang, Zadeh, Morency and Salakhutdinov, [*Learning Factorized Multimodal "
        f"Representations*]({PAPER}), ICLR 2019, and [its authors' code]({AUTHORS_CODE})\n"
        "* **The code** of this project: the model in `mfm_core/model.py`, its objective in "
        "`mfm_core/training/objective.py`, these pages in `app`\n"
    )
    st.page_link("lessons/page.py", label="Lessons: the same, step by step, alone or as a class")
    if README.is_file():  # not in an installed package
        _readme()


@st.fragment
def _readme() -> None:
    """The README, which is sent to those who open it."""
    place = st.expander("README: install it, use the model from Python, train your own", on_change="rerun")
    if place.open:
        place.markdown(_shown(README.read_text(encoding="utf-8")))


def _shown(text: str) -> str:
    """The README below the headings of the page, without what the app does not serve: pictures, and links to files."""
    parts = FENCED.split(text)
    return "".join(part if i % 2 else _prose(part) for i, part in enumerate(parts))


def _prose(text: str) -> str:
    """A part of the README between two blocks of code; a heading goes with the pictures that were all it had."""
    blocks = [block for block in text.split("\n\n") if "![" not in block and not block.startswith("<!--")]
    after = [*blocks[1:], ""]
    kept = [block for block, then in zip(blocks, after, strict=True) if not 0 < _level(then) <= _level(block)]
    return HEADING.sub(r"##\1 ", RELATIVE_LINK.sub(r"\1", "\n\n".join(kept)))


def _level(block: str) -> int:
    """The level of a heading; 0 of another block."""
    found = HEADING.match(block)
    return len(found[1]) if found else 0
