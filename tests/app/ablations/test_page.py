"""The page Ablations: structures by Table 2, figures beside the paper's, and its link."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from streamlit.testing.v1 import AppTest

from app.ablations import costs
from app.ablations.compared import PROBES, SWAPS, beside, dashed, of_table
from app.ablations.conclusions import conclusion
from app.ablations.losses import larger
from app.ablations.pairs import DRAWS, donor_pairs, drawn_from_prior, in_all_digits
from app.ablations.structure import drawing, sentence
from app.ablations.view import AblationsLinks, AblationsView
from app.generate import digit_model
from app.shared import charts
from app.shared.charts import Bar, palettes
from mfm_core import Latents
from mfm_core.data import load_dataset
from mfm_core.experiments.losses import LOSSES, OBJECTIVES
from mfm_core.experiments.results import read_comparisons, results_folder
from mfm_core.experiments.variants import VARIANTS, VARIANTS_FILE
from mfm_core.networks.ablation import DESIGNS, TABLE_2
from mfm_core.storage.origin import Origin
from tests.app.pages import open_page, words_on


@pytest.fixture
def nothing_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "results").mkdir()
    monkeypatch.setenv("MFM_PRETRAINED", str(tmp_path))


def visit(**params: str) -> AppTest:
    return open_page("ablations/page.py", params, timeout=120)


def test_each_structure_has_a_sentence_of_its_own() -> None:
    assert len({sentence(design) for design in TABLE_2.values()}) == len(VARIANTS) == len(TABLE_2)
    assert sentence(TABLE_2["m_d"]) == "A factor of each modality; it generates nothing."


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_missing_is_dotted_and_what_each_modality_has_is_doubled(name: str) -> None:
    shapes = drawing(name, palettes()["light"]).figure.layout.shapes
    boxes = [shape for shape in shapes if shape.type == "rect"]
    dotted = sum(shape.line.dash == "dot" for shape in boxes)
    assert dotted == {"mfm": 0, "m_a": 0, "m_b": 2, "m_c": 2, "m_d": 3, "m_e": 3}[name]
    assert len(boxes) == {"mfm": 11, "m_a": 9, "m_b": 11, "m_c": 9, "m_d": 10, "m_e": 8}[name]
    assert len(shapes) - len(boxes) == 7


@pytest.mark.usefixtures("nothing_stored")
def test_the_page_shows_the_papers_figures_and_says_that_ours_are_not_computed() -> None:
    page = visit(variants="mfm.m_e")
    words = words_on(page)
    assert "76.10\u00a0%" in words
    assert "0.961" in words
    assert "Our figures of the variants" not in words
    assert "The paper's figures of the variants, on CMU-MOSI".replace("'", "&#x27;") in words
    told = [one.value for one in page.info]
    assert "No stored model of images" in told[0]
    assert "python -m mfm_core losses" in told[1]
    assert "python -m mfm_core variants" in told[2]
    assert "python -m mfm_core table cmu_mosi" in told[3]
    assert len(page.get("plotly_chart")) == 2
    page.multiselect(key="chosen_variants").set_value(["m_a", "m_b", "m_c"]).run()
    assert page.query_params["variants"] in ("m_a.m_b.m_c", ["m_a.m_b.m_c"])


def test_bars_take_the_shared_style_where_there_is_one_and_leave_out_what_a_variant_lacks() -> None:
    row = {"seed": "0", "unit": "share", "low": 0.1, "high": 0.9, "n": 5, "date": "2026-11-26"}
    of = [("mfm", "probe_accuracy", "svhn", 0.5), ("m_a", "probe_accuracy", "svhn+mnist", 0.7)]
    of += [("mfm", "swap_accuracy", "svhn", 0.6), ("mfm", "swap_accuracy", "mnist", 0.8)]
    of += [("m_a", "swap_accuracy", "svhn", 0.3), ("m_e", "label_accuracy", "", 0.9)]
    rows = [{"system": s, "key": key, "subject": subject, "value": v} | row for s, key, subject, v in of]
    found = of_table(pd.DataFrame(rows), "system", VARIANTS, str.upper)
    probes = found.groups["Digit read from house-number Z_a: lower is better"]
    assert [(bar.who, bar.value) for bar in probes] == [("MFM", 0.5), ("M_A", 0.7)]
    assert len(found.groups["Digit read from handwriting Z_a: lower is better"]) == 1
    assert "MFM 60.00 %; M_A 30.00 %. Nothing is generated, hence no bar: M_E." in found.answer
    assert (
        found.shared == "M_A has but one Z_a, of both modalities: its bar is the same figure in both groups of probes."
    )
    assert "seeds 0;" in found.measured
    assert (
        "n: 5 photographs for the swaps; 5 photographs without a picture in common for the probes. " in found.measured
    )
    assert found.concluded == "", "there is no second probe of the handwriting to compare with"


def test_the_conclusion_names_the_best_by_each_measure_and_whether_they_agree() -> None:
    def group(**of: float) -> list[Bar]:
        return [Bar(who, value, value - 0.05, value + 0.05, "") for who, value in of.items()]

    groups = {
        "s0": group(a=0.7, b=0.3),
        "s1": group(a=0.5, b=0.52),
        "p0": group(a=0.6, b=0.2),
        "p1": group(a=0.38, b=0.3),
    }

    def concluded(of: dict[str, list[Bar]], marks: dict[str, float]) -> str:
        return conclusion(of, ("s0", "s1"), ("p0", "p1"), "c", marks)

    assert concluded(groups, {}) == (
        "Swap: **a** (70.00 %, its interval apart) in house numbers, and **b** (52.00 %, its interval overlaps 1 of 1 "
        "others') in handwriting; none is best in both. Probe of Z_a, where lower is better: **b** (20.00 %, its "
        "interval apart) in house numbers, and **b** (30.00 %, its interval overlaps 1 of 1 others') in handwriting. "
        "The best by the swap is the best by the probe only in handwriting."
    )
    same = groups | {"s1": group(a=0.9, b=0.1)}
    assert "so one is best in both" in concluded(same, {})
    assert "in neither modality" in concluded(same, {})
    assert concluded({"s0": group(a=1)}, {}) == ""
    coherent = concluded(groups | {"c": group(a=0.1, b=0.2, d=0.9)}, {"s0": 0.28, "p0": 0.9})
    assert " Not above the dashed line by its interval: b in house numbers. " in coherent
    assert coherent.endswith(
        " Coherence of the prior: **d** (90.00 %, its interval apart); b, best by a swap, has 20.00 % and is number 2 "
        "of 3; a, best by a swap, has 10.00 % and is number 3 of 3."
    )


def test_augmentation_is_why_one_model_has_two_figures() -> None:
    row = {"system": "mfm", "key": "swap_accuracy", "subject": "svhn", "seed": "0", "unit": "share", "value": 0.5}
    row |= {"low": 0.1, "high": 0.9, "n": 5, "date": "2026-11-26"}
    settings = ({"augmentation": {"svhn": {"tint": 0.1, "pad_border": True}, "mnist": {"tint": 0.0}}}, {"steps": 1})
    changed, plain = (
        of_table(pd.DataFrame([row | {"configuration": json.dumps(one)}]), "system", VARIANTS, str.upper)
        for one in settings
    )
    assert "augmented (SVHN) here and not augmented there" in beside(changed, plain)
    assert beside(plain, plain) == beside(plain, None) == ""
    assert "coincidence" not in beside(changed, plain)


def test_two_models_of_one_figure_but_other_seeds_have_it_by_coincidence() -> None:
    row = {"system": "mfm", "key": "joint_coherence", "subject": "", "unit": "share", "low": 0.1, "high": 0.9}
    row |= {"n": 5, "date": "2026-11-26"}
    first, second = (
        of_table(
            pd.DataFrame(
                [
                    row | {"seed": seed, "value": value, "configuration": json.dumps(one)}
                    for seed, value in zip(("0", "1", "all"), values, strict=True)
                ]
            ),
            "system",
            VARIANTS,
            str.upper,
        )
        for values, one in (
            ((0.1, 0.3, 0.2), {"augmentation": {"svhn": {"tint": 0.1}}}),
            ((0.2, 0.2, 0.2), {"model": {"label": {"kind": "classes", "size": 4}}}),
        )
    )
    assert beside(first, second).endswith(
        " “Coherence of the prior” is 20.00 % in both by coincidence: the seeds have 10.00 %, 30.00 % here and "
        "20.00 %, 20.00 % there, hence the different intervals."
    )
    assert first.marks == {}
    assert dashed(first.marks) == ""
    assert second.marks == {"Coherence of the prior: higher is better": 0.25}


@pytest.mark.parametrize(("file", "column"), [(LOSSES, "objective"), (VARIANTS_FILE, "system")])
def test_the_line_of_swaps_and_probes_is_the_rate_of_the_most_frequent_held_out_digit(file: str, column: str) -> None:
    table = pd.read_csv(results_folder() / file, keep_default_na=False)
    order = tuple(table[column].unique())
    found = of_table(table, column, order, str)
    rates = table.loc[table["key"] == "probe_chance", "value"].unique()
    assert len(found.marks) == 5
    assert [found.marks[name] for name in (*SWAPS, *PROBES)] == [rates.item()] * 4
    assert f"{100 * rates.item():.2f} %" in dashed(found.marks)
    chart = charts.bars(found.groups, dict.fromkeys(found.groups, "y"), palettes()["light"], most=1.0, mark=found.marks)
    lines = [shape.x0 for shape in chart.figure.layout.shapes if shape.type == "line"]
    assert lines == [found.marks[name] for name in found.groups]


@pytest.mark.usefixtures("real_data")
def test_the_stored_rate_is_that_of_the_held_out_pairs() -> None:
    labels = load_dataset("svhn_mnist").part("test").labels
    table = pd.read_csv(results_folder() / LOSSES)
    assert table.loc[table["key"] == "probe_chance", "value"].unique().item() == pytest.approx(
        float(labels.bincount().max()) / len(labels)
    )


def test_what_leaving_a_part_out_costs_is_concluded_from_the_figures() -> None:
    def compared(mae: dict[str, float], p: float) -> pd.DataFrame:
        rows = [
            {"system": name, "key": "mae", "mean": value, "difference": value - mae["mfm"], "p_holm": p}
            | {"higher_is_better": False}
            for name, value in mae.items()
        ]
        return pd.DataFrame(rows)

    worst = costs.conclusion(compared({"mfm": 0.5, "m_a": 0.4, "m_e": 0.3}, 0.01), str.upper)
    assert "mean absolute error 0.500, number 3 of 3 (M_E has 0.300)" in worst
    assert "M_E is better by mean absolute error; M_A is better by mean absolute error." in worst
    assert "So no cost of leaving a part out can be told here: where a difference can be told, it helped." in worst
    best = costs.conclusion(compared({"mfm": 0.2, "m_a": 0.4}, 0.01), str.upper)
    assert "0.200, number 1 of 2. " in best
    assert "M_A is worse by mean absolute error. So it does cost something." in best
    assert "each figure by itself): none. So no cost" in costs.conclusion(
        compared({"mfm": 0.2, "m_a": 0.4}, 0.5), str.upper
    )
    assert costs.conclusion(compared({"mfm": 0.2}, 0.5), str.upper) == ""


def test_the_bar_and_the_shipped_model_are_told_apart_by_size_and_steps() -> None:
    large = Origin(6_000_000, (9_000, 240), {"svhn": 6, "mnist": 6}, ("mnist",))
    small = Origin(900_000, (400,), {"svhn": 4, "mnist": 4}, ())
    assert larger("Shipped", large, small) == (
        "**The bar “Eq. 4 and our added terms” is not Shipped**, whose pictures stand above. That one has 6,000,000 "
        "parameters and 9,240 training steps in 2 trainings, and flows of 6 layers, with whitening behind "
        "that of MNIST; each model of the bar has 900,000 parameters and 400 training steps, and flows of 4 "
        "layers, without whitening. The figures of that model are on the page About this model."
    )
    assert larger("Shipped", small, small) == ""


@pytest.mark.parametrize(
    "view",
    [
        AblationsView(pair=4),
        AblationsView(source="prior", draw=9),
        AblationsView(variants="m_b", table="two", models="b.a", pair=7),
    ],
)
def test_a_link_brings_the_view_back(view: AblationsView) -> None:
    links = AblationsLinks(("cmu_mosi", "two"), ("a", "b"), n_pairs=9, first_pair=4)
    assert links.parse(links.link(view)) == (view, [])


def test_a_wrong_link_is_put_right() -> None:
    asked = {"variants": "m_z.m_a.m_a", "table": "none", "models": "a.other", "pair": "12"}
    view, notices = AblationsLinks(("one",), ("a",), n_pairs=9).parse(asked)
    assert (view.variants, view.table, view.models, view.pair) == ("m_a", "one", "a", 8)
    assert len(notices) == 4


def test_the_shipped_models_show_the_same_pair_and_the_figures_of_each_objective() -> None:
    page = visit()
    shown = page.multiselect(key="chosen_models").value
    assert shown[0] == "svhn_mnist"
    assert "svhn_mnist_eq4" in shown
    assert sum(one.proto.body.count("as wanted in") for one in page.get("html")) == len(shown)
    assert page.expander[0].label == "The numbers"
    words = words_on(page)
    for said in (
        "is not SVHN-MNIST, digits",
        "number 1 of 6",
        "over 656 to 686 test samples of 31 videos",
        "by coincidence",
        "has but one",
    ):
        assert said in words, said
    numbers = page.dataframe[0].value
    assert {OBJECTIVES[name].title for name in ("none", "joint")} <= set(numbers["objective"])
    assert "digit read from Z_a of mnist by the best probe" in set(numbers["figure"])
    page.multiselect(key="chosen_models").set_value(["svhn_mnist_eq4"]).run()
    assert not page.exception
    assert page.query_params["models"] in ("svhn_mnist_eq4", ["svhn_mnist_eq4"])


def test_only_tables_that_have_a_variant_are_offered() -> None:
    stored = read_comparisons()
    without = [name for name, rows in stored.groupby("table") if not set(DESIGNS) & set(rows["system"])]
    if not without:
        pytest.skip("every stored table has a variant")
    page = visit(table=without[0])
    assert any("has none of the variants" in one.value for one in page.warning)
    (offered,) = (one for one in page.selectbox if one.label == "Ours on")
    assert offered.value == "cmu_mosi"
    assert len(offered.options) == stored["table"].nunique() - len(without)


def test_a_style_in_all_digits_keeps_z_a_and_takes_z_y_from_each_donor() -> None:
    shown = digit_model.load("svhn_mnist_eq4")
    donors = donor_pairs(shown)
    assert [shown.digit(one) for one in donors] == list(range(10))
    grid = in_all_digits(shown, 3, donors)
    codes = shown.codes.latents
    own = Latents(codes.y[[donors[7]]], {name: z[[3]] for name, z in codes.a.items()})
    for name, picture in shown.model.decode(own).modalities.items():
        assert np.allclose(grid.pictures[name][0, 8], picture[0].numpy(), atol=1e-5)


def test_draws_of_the_prior_go_through_every_model_and_are_judged() -> None:
    page = visit(source="prior", draw="3", models="svhn_mnist.svhn_mnist_eq4")
    assert not page.exception
    told = [one.proto.body for one in page.get("html") if "the same digit in" in one.proto.body]
    assert len(told) == 1
    assert told[0].count(f"of {DRAWS}") == 2
    shown = digit_model.load("svhn_mnist_eq4")
    grid = drawn_from_prior(shown, 3)
    prior = shown.model.sample(DRAWS, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        by_hand = shown.model.decode(prior).modalities
    for name, pictures in by_hand.items():
        assert np.allclose(grid.pictures[name][0], pictures.numpy(), atol=1e-5)
    seen = [shown.judges[name]({name: x}).argmax(1) for name, x in by_hand.items()]
    same = int((seen[0] == seen[1]).sum())
    assert f"the same digit in {same} of {DRAWS}" in told[0]
