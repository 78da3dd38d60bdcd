"""A model of one's own, of three modalities of images, opens on the page Generate."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from examples.own_images import main as make_own_model
from tests.app.pages import MAIN, elements, words_on


@pytest.fixture(scope="module")
def own_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own_models")
    make_own_model(folder, epochs=1)
    return folder


@pytest.mark.parametrize("section", ["sample", "swap", "slide", "read", "translate"])
def test_every_section_shows_a_model_of_three_modalities(
    own_models: Path, section: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MFM_PRETRAINED", str(own_models))
    page = AppTest.from_file(MAIN, default_timeout=60).run()
    page.switch_page("generate/page.py")
    page.query_params["section"] = section
    page.run()
    assert not page.exception
    if section in ("sample", "swap"):
        assert page.get_by_key("view_factor").options[0] == "the label"
    assert "three_digits" in "".join(markdown.value for markdown in page.sidebar.markdown)
    said = " ".join([words_on(page), json.dumps(elements(page)), *(element.value for element in page.main.markdown)])
    assert "dashed frame" not in said
    assert section == "slide" or "No independent judge is stored" in said
    assert "digit" not in re.sub("three.digits", "", said.lower()), "its label is no digit"
