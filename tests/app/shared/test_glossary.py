"""The glossary: its terms are marked in the running text of every page."""

from __future__ import annotations

import html
import re

import pytest
from streamlit.testing.v1 import AppTest

from app.generate.digit_model import DigitModel
from app.shared import glossary, prose
from tests.app.pages import MAIN, html_of

MEANINGS = {name: term.meaning for term in glossary.terms() for name in term.names}


def marked(text: str) -> str:
    return glossary.mark(html.escape(text), prose._set)


def test_the_first_occurrence_of_a_term_carries_its_meaning_once() -> None:
    found = marked("The label head reads F_y. Judges and a judge see pictures; the label head does not.")
    assert re.findall(r"<dfn.*?>(.*?)</dfn>", found) == [
        "label head",
        '<i class="mfm-symbol">F</i><sub>y</sub>',
        "Judges",
    ]
    assert html.escape(MEANINGS["judge"]) in found
    assert re.sub("</?dfn.*?>", "", found) == prose.markup(
        "The label head reads F_y. Judges and a judge see pictures; the label head does not."
    )


def test_parts_of_words_are_left_alone_and_nothing_is_let_through() -> None:
    assert marked("overflow, flows, Zurich and F1") == "overflow, flows, Zurich and F1"
    assert "<b>x" not in marked("<b>x</b> flow \0" + "0\0")


def test_a_term_in_bold_is_marked() -> None:
    assert re.fullmatch(r"<b><dfn [^>]*>flow</dfn></b>", marked("**flow**"))


def test_the_terms_that_the_pages_need_are_there_and_no_spelling_twice() -> None:
    names = [name for term in glossary.terms() for name in term.names]
    assert len(names) == len(set(names))
    wanted = ("Z", "F", "prior", "aggregate posterior", "judge", "label head", "MMD", "HSIC", "flow", "swap", "factor")
    assert all(MEANINGS[name].endswith(".") for name in wanted)


@pytest.mark.parametrize("folder", ["start", "generate", "claims", "ablations", "about"])
def test_every_page_marks_a_term(folder: str, shown: DigitModel) -> None:
    page = AppTest.from_file(MAIN, default_timeout=60).run()
    page.switch_page(f"{folder}/page.py").run()
    assert not page.exception
    assert '<dfn class="mfm-term"' in html_of(page)
