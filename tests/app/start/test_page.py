"""The page Start: Figure 1 with a model in it, the equations, and where its nodes lead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.elements.figure_one import figure_one
from app.generate.digit_model import MODEL, DigitModel
from app.start import nodes
from app.start.nodes import Target
from app.start.sections import links
from app.start.sections.equations import EQUATIONS
from tests.app.pages import MAIN, elements, query, words_on

FOLDS = tuple(f"start_equation_{one.number}" for one in EQUATIONS)
COLUMNS = {"x": 2, "z": 3, "f": 3, "out": 3}
"""Nodes of each column of Figure 1, of two modalities."""


@pytest.fixture(autouse=True)
def no_real_data(shown: DigitModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MFM_DATA", str(tmp_path))


def visit(opened: tuple[str, ...] = (), **params: str) -> AppTest:
    page = AppTest.from_file(MAIN, default_timeout=60)
    for fold in opened:
        page.session_state[fold] = True
    for name, value in params.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def test_it_opens_first_with_the_model_in_figure_1() -> None:
    page = visit()
    assert page.header[0].value == "MFM explorer"
    (data,) = elements(page)["mfm_figure_one"]
    (model,) = data["models"]
    assert model["name"] == MODEL
    assert model["pairs"]
    found = [node.split(".")[0] for node in data["nodes"]]
    assert {column: found.count(column) for column in COLUMNS} == COLUMNS


def test_every_equation_is_typeset_and_explained_term_by_term() -> None:
    assert not any("$$" in block.value for block in visit().markdown), "sent to those who open them"
    page = visit(FOLDS)
    tables = "\n".join(block.value for block in page.markdown)
    assert all(f"$$\n{one.latex}\n$$\n" in tables for one in EQUATIONS)
    assert all(f"| ${term}$ | {meaning} |" in tables for one in EQUATIONS for term, meaning in one.terms)


def test_the_readme_is_shown_without_what_the_app_does_not_serve() -> None:
    shown = links._shown(links.README.read_text(encoding="utf-8"))
    assert "Install and run the app" in shown
    assert "![" not in shown
    assert "<!--" not in shown
    assert all(target.startswith("https://") for target in re.findall(r"\]\(([^)\s]+)\)", shown))
    assert links._shown("# A\n\n[`a.py`](app/a.py), [b](https://b.org)") == "### A\n\n`a.py`, [b](https://b.org)"
    assert links._shown("# A\n\n## B\n\n![b](b.webp)\n\n## C\n\nc") == "### A\n\n#### C\n\nc"
    code = "```python\n# no heading\n\n# nor this\n```"
    assert links._shown(f"# A\n\n{code}\n") == f"### A\n\n{code}\n"
    assert "these pictures" not in shown, "of which there are none"


def test_formulas_of_the_readme_have_their_signs_on_lines_of_their_own() -> None:
    """Else Streamlit takes what follows the first for the name of a block without an end, and shows the rest in red."""
    lines = links._shown(links.README.read_text(encoding="utf-8")).splitlines()
    signs = [line for line in lines if "$$" in line]
    assert signs
    assert all(line == "$$" for line in signs)
    assert len(signs) % 2 == 0


def test_it_links_to_the_paper_the_readme_and_the_code() -> None:
    page = visit()
    words = "\n".join(block.value for block in page.markdown)
    assert "arxiv.org/abs/1806.06176" in words
    assert "mfm_core/model.py" in words
    assert any("README" in expander.label for expander in page.expander)


@pytest.mark.parametrize("node", [node.id for node in nodes.nodes(("svhn", "mnist"), "digit")])
def test_every_node_leads_to_a_page_that_there_is(node: str) -> None:
    target = nodes.target(node)
    assert isinstance(target, Target)
    assert (Path(MAIN).parent / target.folder / "page.py").is_file()
    assert target.title.lower().startswith(target.folder)


def test_a_link_from_when_generate_was_first_still_opens_it() -> None:
    page = visit(section="swap", seed="7")
    assert query(page) == {"section": "swap", "seed": "7"}
    assert "mfm_figure_one" not in elements(page)
    assert page.header[0].value != "MFM explorer"


def test_the_browser_is_told_the_page_of_every_node_and_of_all_sliders() -> None:
    (data,) = elements(visit())["mfm_figure_one"]
    assert data["targets"].keys() == {*data["nodes"], figure_one.SLIDERS}
    assert data["targets"][figure_one.SLIDERS]["params"] == {"section": "slide"}
    assert data["targets"]["z.y"]["z"] is True
    assert data["root"] == "/"


def test_a_link_holds_where_the_sliders_stand() -> None:
    page = visit(z="AA-_")
    assert page.header[0].value == "MFM explorer"
    assert query(page) == {"z": "AA-_"}
    assert not page.warning
    page = visit(z="<b>")
    assert query(page) == {}
    assert "“z” could not be read" in page.warning[0].value


def test_without_a_model_it_still_explains(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MFM_PRETRAINED", str(tmp_path))
    page = visit(FOLDS)
    assert "no trained model" in page.info[0].value
    assert sum(block.value.startswith("$$") for block in page.markdown) == 3
    assert "Multimodal Factorization Model" in words_on(page)


def test_a_style_node_says_what_a_probe_reads_from_it_where_that_was_measured() -> None:
    found = {node.id: node.sentence for node in nodes.nodes(("svhn", "mnist"), "digit", {"mnist": "12 % of codes"})}
    assert found["z.mnist"].endswith("the digit of 12 % of codes.")
    assert "should say nothing of the label" in found["z.svhn"]
    assert "probe" not in found["z.svhn"]
