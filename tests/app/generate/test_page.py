from __future__ import annotations

import base64
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from app.elements.latent_sliders import latent_sliders
from app.generate import slider_models
from app.generate.digit_model import MODEL, DigitModel, load
from app.generate.figures import read, swap, translate
from app.generate.view import View
from app.shared.pictures import pack, to_bytes
from tests.app.charts import charts, numbers
from tests.app.conftest import CARD
from tests.app.pages import MAIN, elements, query

SECTIONS = ("sample", "swap", "slide", "read", "translate")


@pytest.fixture(autouse=True)
def no_real_data(shown: DigitModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every test of this file shows the small models, and finds no real data."""
    monkeypatch.setenv("MFM_DATA", str(tmp_path))


def visit(*, unable: bool = False, **params: str) -> AppTest:
    """The page of a link, in a browser that can decode or not."""
    page = AppTest.from_file(MAIN, default_timeout=60).run()
    page.switch_page("generate/page.py")
    if unable:
        page.session_state["unable_to_decode"] = "it has no workers"
    for name, value in params.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def picture(page: AppTest) -> list[str]:
    """Versions of the pictures on the walls."""
    return [data["version"] for data in elements(page)["mfm_wall"]]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_from_its_link(section: str) -> None:
    page = visit(section=section)
    assert page.header
    assert not page.warning
    if section != "slide":
        assert elements(page)["mfm_diagram"][0]["alt"]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_picture_carries_alternative_text(section: str) -> None:
    for data in elements(visit(unable=True, section=section))["mfm_wall"]:
        for panel in data["panels"]:
            for row in panel["rows"]:
                for cell in row.get("cells", []):
                    assert all(shot["alt"] for shot in cell["shots"])
                    assert cell["read"] is None or "reads" in cell["read"]["alt"]


def test_the_probabilities_of_the_digits_are_a_chart_with_its_numbers(shown: DigitModel) -> None:
    page = visit(section="read", seed="4")
    (chart,) = charts(page)
    rows = numbers(page)
    grid = read.make(shown, View(seed=4))
    readers = [grid.label[0], *(judged[0] for judged in grid.judged.values())]
    expected = np.stack([reader[sample] for sample in range(len(grid.columns)) for reader in readers])
    np.testing.assert_allclose([[row[str(digit)] for digit in range(10)] for row in rows], expected, atol=1e-4)
    assert [row["read by"] for row in rows[: len(readers)]] == ["label head", "SVHN judge", "MNIST judge"]
    top = expected[0].argmax()
    assert f"sample 1, label head: {top} with {100 * expected[0, top]:.0f} %" in chart["alt"]


def test_resample_goes_to_the_next_seed_and_the_seed_brings_the_picture_back() -> None:
    page = visit()
    first = picture(page)
    page.button(key="resample").click().run()
    assert query(page)["seed"] == str(View().seed + 1)
    assert picture(page) != first
    page.get_by_key("view_seed").set_value(View().seed).run()
    assert picture(page) == first
    assert "seed" not in query(page)


def test_the_fixed_z_and_the_source_are_chosen_by_buttons() -> None:
    page = visit()
    first = picture(page)
    page.get_by_key("view_factor").set_value("svhn").run()
    assert query(page) == {"factor": "svhn"}
    second = picture(page)
    page.get_by_key("view_source").set_value("posterior").run()
    assert query(page) == {"factor": "svhn", "source": "posterior"}
    assert len({*first, *second, *picture(page)}) == 3
    assert not page.exception


def test_the_section_is_chosen_by_buttons_and_keeps_the_rest_of_the_view() -> None:
    page = visit(seed="9", factor="mnist")
    for section in (*SECTIONS[1:], SECTIONS[0]):
        page.get_by_key("view_section").set_value(section).run()
        assert not page.exception
        assert query(page).get("section", "sample") == section
        assert query(page)["seed"] == "9"
        assert query(page)["factor"] == "mnist"


def test_the_size_of_the_matrix_is_chosen_on_a_slider() -> None:
    page = visit(section="swap")
    page.slider(key="view_size").set_value(3).run()
    assert query(page)["size"] == "3"
    assert elements(page)["mfm_wall"][-1]["panels"][0]["across"] == 3


def test_others_goes_to_the_next_pair_of_the_same_digit(shown: DigitModel) -> None:
    page = visit(section="swap", a="4", b="9")
    page.button(key="other_a").click().run()
    page.button(key="other_b").click().run()
    assert shown.digit(int(query(page)["a"])) == 4
    assert shown.digit(int(query(page)["b"])) == 9
    assert query(page)["a"] != "4"


def test_the_path_of_a_slide_is_chosen_from_a_list() -> None:
    page = visit(unable=True, section="slide")
    versions = set()
    for path in ("direction-2", "dimension-3", "pair"):
        page.selectbox(key="view_path").set_value(path).run()
        assert query(page)["path"] == path
        versions.add(elements(page)["mfm_scrubber"][0]["version"])
    assert len(versions) == 3


def test_a_path_that_the_chosen_z_does_not_have_falls_back_to_the_first_direction() -> None:
    page = visit(unable=True, section="slide", factor="svhn", path="dimension-5")
    page.get_by_key("view_factor").set_value("y").run()
    assert page.selectbox(key="view_path").value == "direction-1"


def test_the_sweep_is_one_sprite_a_modality_with_all_frames() -> None:
    data = elements(visit(unable=True, section="slide", at="7"))["mfm_scrubber"][0]
    assert data["start"] == 7
    assert data["frames"] == len(data["values"]) == len(data["believed"]) == 61
    assert set(data["tiles"]) == {"svhn", "mnist"}


def test_the_sliders_are_given_the_model_and_the_files_they_need(shown: DigitModel) -> None:
    z = base64.urlsafe_b64encode(bytes(2 * sum(shown.model.sizes.values()))).decode().rstrip("=")
    data = elements(visit(section="slide", z=z, locks="y-1"))["mfm_latent_sliders"][0]
    (model,) = data["models"]
    assert model["name"] == MODEL
    assert model["model"]["sizes"] == shown.model.sizes
    assert all((latent_sliders.STATIC / one["weights"]).exists() for one in (model["model"], *model["judges"].values()))
    first = shown.codes.latents[[shown.shown[0]]]
    for factor, block in first.blocks().items():
        assert model["pairs"][0][factor] == pytest.approx(block[0].tolist(), abs=1e-4)
    decoded = shown.model.decode(shown.pair(shown.shown[0])).modalities
    for name, tile in model["tiles"].items():
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(tile["source"].partition(",")[2]))))
        assert np.array_equal(picture, to_bytes(decoded[name][0].numpy())), (
            "stands until the browser has decoded its own"
        )
    assert list(model["tiles"]) == list(decoded)
    assert data["link"] == {"z": z, "model": "", "locks": "y-1", "names": ""}


def test_the_contrast_model_is_offered_where_it_is_stored(
    shown: DigitModel, models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    both = shutil.copytree(models, tmp_path / "both")
    shutil.copytree(both / MODEL, both / slider_models.CONTRAST)
    monkeypatch.setenv("MFM_PRETRAINED", str(both))
    page = visit(section="slide", model=slider_models.CONTRAST)
    data = elements(page)["mfm_latent_sliders"][0]
    assert [model["name"] for model in data["models"]] == [MODEL, slider_models.CONTRAST]
    assert data["link"]["model"] == slider_models.CONTRAST
    assert f"{MODEL} and {slider_models.CONTRAST}" in page.sidebar.markdown[0].value
    (both / slider_models.CONTRAST / "config.json").write_text(
        (both / MODEL / "config.json").read_text().replace('"about": ""', '"about": "By Eq. 4."', 1)
    )
    notes = [model["note"] for model in elements(page.run())["mfm_latent_sliders"][0]["models"]]
    assert notes == ["A model of your own: does the digit stay when you slide a Z_a?", "By Eq. 4."]


def test_where_the_browser_cannot_decode_the_page_says_so() -> None:
    page = visit(unable=True, section="slide")
    assert [info.value for info in page.info] == ["The server decodes here, for the browser cannot: it has no workers."]
    assert "mfm_latent_sliders" not in elements(page)


def test_where_the_weights_cannot_be_written_the_page_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setattr(latent_sliders, "STATIC", blocked / "static")
    slider_models.bundle.clear()
    page = visit(section="slide")
    assert "the weights could not be written" in page.info[0].value
    assert "mfm_scrubber" in elements(page)


def test_a_translation_starts_from_either_modality() -> None:
    page = visit(section="translate")
    first = picture(page)
    page.get_by_key("view_given").set_value("svhn").run()
    assert picture(page) != first
    assert "reconstruction" in " ".join(element.proto.body for element in page.get("html"))


def test_a_photograph_cannot_be_drawn() -> None:
    page = visit(section="translate", **{"from": "draw"})
    assert page.info
    page.get_by_key("view_given").set_value("svhn").run()
    assert not page.exception
    assert query(page).get("from", "pair") == "pair"


def test_an_uploaded_digit_is_translated_and_carried_by_the_link(shown: DigitModel) -> None:
    page = visit(section="translate", **{"from": "upload"})
    digit = _png_of_a_stroke()
    page.file_uploader(key="upload").upload("digit.png", digit, "image/png").run()
    assert not page.exception
    letters = query(page)["picture"]
    start = translate.start(shown, View(from_="upload", given="mnist", picture=letters))
    assert start is not None
    assert pack(start.picture) == letters
    assert len(picture(page)) == 1


def test_an_upload_that_is_no_picture_gets_a_sentence() -> None:
    page = visit(section="translate", **{"from": "upload"})
    page.file_uploader(key="upload").upload("digit.png", b"not a picture", "image/png").run()
    assert not page.exception
    assert "could not be read" in page.warning[0].value


def test_a_picture_that_cannot_be_taken_leaves_nothing_of_the_one_before(shown: DigitModel) -> None:
    page = visit(section="translate", **{"from": "upload"})
    page.file_uploader(key="upload").upload("digit.png", _png_of_a_stroke(), "image/png").run()
    assert "picture" in query(page)
    page.file_uploader(key="upload").set_value(("other.png", b"not a picture", "image/png")).run()
    assert "could not be read" in page.warning[0].value
    assert "picture" not in query(page)


@pytest.mark.parametrize(
    "params",
    [
        {"section": "<img src=x onerror=alert(1)>"},
        {"seed": "1" * 400},
        {"a": "-1", "b": "99999999999"},
        {"section": "translate", "from": "draw", "picture": "AAAA"},
        {"section": "slide", "path": "direction-9999", "factor": "nothing"},
        {"unheard": "of", "and": "more"},
    ],
)
def test_a_hostile_link_gives_a_notice_and_a_page(params: dict[str, str]) -> None:
    page = visit(**params)
    assert page.warning
    assert page.header
    assert all(text not in warning.value for warning in page.warning for text in params.values() if len(text) > 4)


def test_a_notice_goes_when_the_visitor_moves_on() -> None:
    page = visit(seed="nonsense")
    assert page.warning
    page.button(key="resample").click().run()
    assert not page.warning


def test_every_download_is_offered() -> None:
    labels = [button.label for button in visit().get("download_button")]
    assert len(labels) == 5


def test_about_shows_the_card() -> None:
    page = visit()
    page.switch_page("about/page.py").run()
    assert not page.exception
    table = CARD.partition("| figure")[2]
    assert [one.value for one in page.title] == ["About this model"]
    assert "### Measured, seed 3" in [block.value.strip() for block in page.markdown]
    (body,) = (element.proto.body for element in page.get("html") if 'class="mfm-table"' in element.proto.body)
    assert re.findall(r"<td>(.*?)</td>", body) == ["accuracy", "50\u00a0%", "60"]
    assert all(cell in table for cell in ("accuracy", "50 %", "60"))


def test_about_says_that_a_model_has_no_card(models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(models, tmp_path / "models"))
    (copy / MODEL / "card.md").unlink()
    monkeypatch.setenv("MFM_PRETRAINED", str(copy))
    page = visit()
    page.switch_page("about/page.py").run()
    assert "no card" in page.info[0].value
    (copy / MODEL / "card.md").write_bytes(b"\xff")
    assert "cannot be read" in page.run().warning[0].value


def test_going_to_about_and_back_keeps_the_view() -> None:
    page = visit(seed="5")
    page.switch_page("about/page.py").run()
    page.switch_page("generate/page.py").run()
    assert query(page)["seed"] == "5"


def test_without_a_model_the_page_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MFM_PRETRAINED", str(tmp_path))
    page = visit()
    assert "There is no model to show yet" in page.markdown[0].value
    assert not page.header


def _png_of_a_stroke() -> bytes:
    import io

    from PIL import Image, ImageDraw

    page = Image.new("L", (120, 120), 255)
    ImageDraw.Draw(page).line([(60, 20), (60, 100)], fill=0, width=12)
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_seed_beyond_its_bounds_is_told_of() -> None:
    page = visit()
    page.number_input(key="view_seed").set_value(-99_999_999_999_999).run()
    assert not page.exception
    assert page.number_input(key="view_seed").value == 0
    assert page.warning[0].value == "Seed: a whole number from 0 to 999,999 is expected; 0 is taken."


def test_one_pair_is_not_offered_in_both_rows_and_told_of_where_a_link_has_it(shown: DigitModel) -> None:
    a, *others = (pairs[0] for pairs in shown.digits if pairs)
    page = visit(section="swap", a=str(a), b=str(a))
    assert page.info[0].value.startswith(f"A and B are the same pair, {a}:")
    page = visit(section="swap", a=str(a), b=str(others[0]))
    assert not page.info
    for _ in range(len(shown.digits[shown.digit(others[0])])):
        page.get_by_key("other_b").click().run()
        _, below = (one for one in elements(page)["mfm_wall"] if one["panels"][0]["rows"][0]["cells"][0].get("pick"))
        assert str(a) not in [cell["pick"] for cell in below["panels"][0]["rows"][0]["cells"]]


def test_the_seed_is_offered_where_something_is_drawn_by_it() -> None:
    page = visit()
    assert page.number_input(key="view_seed").value == View().seed
    page.get_by_key("view_section").set_value("slide").run()
    assert not page.exception
    assert "view_seed" not in [one.key for one in page.number_input]


def test_a_visitor_meets_pairs_and_a_matrix_that_are_read_as_the_model_is_on_average(monkeypatch) -> None:
    """The opening state is the rule, not an exception: both pairs are read rightly, and no row of the matrix errs."""
    monkeypatch.delenv("MFM_PRETRAINED")
    shown = load(MODEL)
    first = swap.make(shown, View(a=shown.shown[0], b=shown.shown[1]))
    for j, pair in enumerate(shown.shown):
        read = [first.label[0, j].argmax(), *(seen[0, j].argmax() for seen in first.judged.values())]
        assert set(map(int, read)) == {shown.digit(pair)}
    matrix = swap.make_matrix(shown, View())
    true = [shown.digit(pair) for pair in swap.donors(shown, View())[0]]
    assert swap.digits_read(matrix) == true
    rates = swap.rates(shown)
    for name, seen in matrix.judged.items():
        right = float((seen.argmax(-1) == [[digit] for digit in true]).mean())
        assert rates[name].low - 0.02 <= right <= rates[name].high + 0.01


def test_a_teacher_can_hide_what_stands_below_the_sidebar() -> None:
    page = visit(section="swap")
    page.button(key="teacher_link").click().run()
    offered = page.multiselect(key="teacher_hide").options
    assert {"Seed", "Exchange", "Pair A", "Rows and columns"} - {*offered} == set()
    page.query_params["section"] = "read"
    page.run()
    page.button(key="teacher_link").click().run()
    assert "Exchange" not in page.multiselect(key="teacher_hide").options
