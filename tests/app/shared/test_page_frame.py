"""Teacher's links: a title, controls hidden or locked, on every page, and no trust in who wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app.shared import teacher_link
from app.shared.page_frame import LONGEST_TITLE, PARTS, PageFrame, read_frame, without_frame
from tests.app.pages import open_page, query

TITLE = '<img src=x onerror="alert(1)"> & more'


@pytest.fixture
def nothing_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "results").mkdir()
    monkeypatch.setenv("MFM_PRETRAINED", str(tmp_path))


def visit(**params: str) -> AppTest:
    """The page Ablations, which needs nothing that is stored."""
    return open_page("ablations/page.py", params, timeout=60)


@given(st.dictionaries(st.sampled_from(PARTS), st.text(max_size=400)))
def test_any_link_is_read_and_what_was_read_is_read_again_without_a_notice(params: dict[str, str]) -> None:
    frame, notices = read_frame(params)
    assert len(notices) <= len(PARTS)
    assert len(frame.title) <= LONGEST_TITLE
    assert not any(value in notice for notice in notices for value in params.values() if len(value) > 30)
    assert read_frame(frame.link()) == (frame, [])


def test_the_parts_of_the_frame_are_told_from_those_of_the_view() -> None:
    assert without_frame({"title": "a", "hide": "b", "seed": "3"}) == {"seed": "3"}


def test_a_field_both_hidden_and_locked_is_held_once() -> None:
    assert PageFrame(hide=("seed",), lock=("seed", "model")).held == {"seed", "model"}


@pytest.mark.usefixtures("nothing_stored")
def test_a_title_is_shown_as_text() -> None:
    page = visit(title=TITLE)
    (shown,) = [element.proto.body for element in page.get("html") if 'class="mfm-frame-title"' in element.proto.body]
    assert "<img" not in shown
    assert "&lt;img src=x" in shown
    assert query(page) == {"title": TITLE}


@pytest.mark.usefixtures("nothing_stored")
def test_a_hidden_control_is_not_there_and_keeps_the_value_of_the_link() -> None:
    page = visit(hide="variants", variants="m_a.m_b")
    assert "chosen_variants" not in [one.key for one in page.multiselect]
    assert page.session_state["view"].variants == "m_a.m_b"
    assert query(page) == {"hide": "variants", "variants": "m_a.m_b"}
    assert not page.warning


@pytest.mark.usefixtures("nothing_stored")
def test_a_locked_control_is_shown_and_changes_nothing() -> None:
    page = visit(lock="variants", variants="m_a.m_b")
    assert page.multiselect(key="chosen_variants").disabled
    assert page.multiselect(key="chosen_variants").value == ["m_a", "m_b"]
    assert query(page) == {"lock": "variants", "variants": "m_a.m_b"}


def test_no_element_changes_a_field_that_is_held() -> None:
    def script() -> None:
        import streamlit as st

        from app.ablations.view import AblationsLinks
        from app.shared import state
        from app.shared.page_frame import PageFrame

        links = AblationsLinks(("one", "two"))
        view, _ = links.parse({"variants": "m_a"})
        st.session_state.update(codec=links, view=view, frame=PageFrame(lock=("variants",)))
        state.change(variants="m_b", table="two")
        st.json(state.address())

    page = AppTest.from_function(script).run()
    assert not page.exception
    assert json.loads(page.json[0].value) == {"variants": "m_a", "table": "two"}


@pytest.mark.usefixtures("nothing_stored")
def test_names_that_the_page_lacks_are_noticed_once_and_left_out_of_the_link() -> None:
    page = visit(hide="seed,variants", lock="nothing_of_the_kind,a,b", back="../../etc")
    assert [warning.value for warning in page.warning] == [
        "The link's “back” could not be read; no lesson is gone back to.",
        "The link's “hide” names a control that this page lacks.",
        "The link's “lock” names 3 controls that this page lacks.",
    ]
    assert query(page) == {"hide": "variants"}


@pytest.mark.usefixtures("nothing_stored")
def test_each_page_keeps_its_own_frame() -> None:
    page = visit(title="For Tuesday", hide="variants")
    page.switch_page("claims/page.py")
    page.query_params.clear()
    page.run()
    assert query(page) == {}
    page.switch_page("ablations/page.py")
    page.query_params.clear()
    page.run()
    assert query(page) == {"title": "For Tuesday", "hide": "variants"}


@pytest.mark.usefixtures("nothing_stored")
def test_the_dialog_offers_the_controls_of_the_page() -> None:
    page = visit(variants="m_d")
    page.button(key="teacher_link").click().run()
    assert not page.exception
    assert page.multiselect(key="teacher_hide").options == ["Variants"]
    assert parse_qs(urlsplit(page.code[0].value).query) == {"variants": ["m_d"]}


@pytest.mark.usefixtures("nothing_stored")
def test_the_dialog_makes_a_link_that_opens_what_was_asked_for() -> None:
    def script() -> None:
        from app.shared import teacher_link

        shown = {"variants": "m_d", "host": "key", "back": "swap.1.a", "mine": "0123456789abcdef"}
        teacher_link.compose({"variants": "Variants", "table": "Ours on"}, shown)

    form = AppTest.from_function(script).run()
    form.text_input(key="teacher_title").set_value("Look & see")
    form.multiselect(key="teacher_hide").set_value(["variants"])
    form.toggle(key="teacher_presenter").set_value(True).run()
    assert form.multiselect(key="teacher_lock").options == ["Ours on"]
    link = {name: values[0] for name, values in parse_qs(urlsplit(form.code[0].value).query).items()}
    assert link == {"variants": "m_d", "title": "Look & see", "hide": "variants", "presenter": "1"}
    opened = visit(**link)
    assert not opened.warning
    assert "chosen_variants" not in [one.key for one in opened.multiselect]


@pytest.mark.usefixtures("nothing_stored")
def test_who_was_given_held_controls_is_not_offered_the_dialog() -> None:
    assert not [button for button in visit(lock="variants").button if button.key == "teacher_link"]


def test_a_link_leaves_out_what_the_address_said_before() -> None:
    made = teacher_link.link("https://host/base/flow?seed=3#x", {"title": "a b&c"})
    assert made == "https://host/base/flow?title=a+b%26c"
