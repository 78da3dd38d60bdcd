"""The presenter view: in the link of every page, kept when the page is changed, and left again."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.shared import app_view, presenter
from app.shared.app_view import AppView
from app.shared.links import fields

MAIN = str(Path(__file__).parents[3] / "app" / "main.py")


@pytest.fixture(autouse=True)
def nothing_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "results").mkdir()
    monkeypatch.setenv("MFM_PRETRAINED", str(tmp_path))


def visit(page_folder: str, **params: str) -> AppTest:
    page = AppTest.from_file(MAIN, default_timeout=120)
    for name, value in params.items():
        page.query_params[name] = value
    page.run()
    return turn(page, page_folder)


def turn(page: AppTest, folder: str) -> AppTest:
    """Go to another page, whereupon Streamlit clears the link."""
    page.switch_page(f"{folder}/page.py")
    page.query_params.clear()
    page.run()
    assert not page.exception, page.exception
    return page


def query(page: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in page.query_params.items()}


def enlarged(page: AppTest) -> bool:
    return any(presenter.STYLE in element.proto.body for element in page.get("html"))


def test_it_is_kept_from_page_to_page_and_hides_the_sidebar() -> None:
    page = visit("ablations", presenter="1")
    for folder in ("claims", "ablations", "generate"):
        turn(page, folder)
        assert query(page) == {"presenter": "1"}
        assert enlarged(page)
        assert not page.sidebar.get("toggle")
        assert not page.warning


def test_it_is_switched_on_in_the_sidebar_and_left_by_a_button() -> None:
    page = visit("ablations")
    assert not enlarged(page)
    page.sidebar.toggle(key=presenter.KEY).set_value(True).run()
    assert query(page) == {"presenter": "1"}
    assert enlarged(page)
    page.multiselect(key="chosen_variants").set_value(["m_a"]).run()
    assert query(page) == {"presenter": "1", "variants": "m_a"}
    page.button(key="leave_presenter").click().run()
    assert query(page) == {"variants": "m_a"}
    assert not enlarged(page)
    page.run()
    assert not enlarged(page)


def test_what_a_link_says_wrongly_is_put_right() -> None:
    page = visit("ablations")
    page.query_params["presenter"] = "yes"
    page.run()
    (notice,) = page.warning
    assert notice.value == "The link's “presenter” could not be read; the default is shown."
    assert query(page) == {}


def test_the_parts_of_the_app_are_told_from_those_of_a_page() -> None:
    assert app_view.of_page({"presenter": "1", "variants": "m_a"}) == {"variants": "m_a"}
    assert list(fields(AppView)) == ["presenter", "mine"]
