"""Tables and cards: what was measured stands in them, as its kind is read."""

from __future__ import annotations

import pytest
from rich.console import Console

from mfm_core.config import ModelConfig
from mfm_core.evaluation.figures import Figure, read_figures
from mfm_core.evaluation.quantities import exact, figure
from mfm_core.evaluation.statistics import Estimate
from mfm_core.reports.card import (
    added_terms,
    card,
    comparison_table,
    figure_rows,
    figures_table,
    markdown_table,
    side_by_side,
    table_of,
)
from mfm_core.storage.folder import StoredModel
from mfm_core.training.factorization import FactorizationConfig
from tests.doors.doors import one_sentence

FIGURES = [
    figure("label_accuracy", "svhn+mnist", Estimate(0.9912, 0.98, 0.995, 1000), target=0.99),
    figure("reconstruction_error", "svhn", Estimate(0.00412, 0.004, 0.0043, 1000), target=0.004),
    figure("frechet_distance", "svhn:prior", exact(12.345, 500)),
]
ROWS = [
    ("label accuracy, svhn and mnist", "99.12 %", "98.00 % to 99.50 %", "1000", ">= 99.00 %", "yes"),
    ("reconstruction error a pixel, svhn", "0.00412", "0.00400 to 0.00430", "1000", "<= 0.00400", "no"),
    ("Frechet distance, svhn: prior", "12.35", "not resampled", "500", "", ""),
]
TABLE = {"note": "n = 7.", "header": ["system", "accuracy"], "rows": [["UM", "90.00 %"], ["MFM", "99.00 %"]]}
ABLATIONS = {
    "note": "n = 8.",
    "systems": [{"system": name, "figures": [one.stored() for one in FIGURES]} for name in ("all terms", "no noise")],
}


def stored(config: ModelConfig, kind: str, **run: object) -> StoredModel:
    return StoredModel(format_version=1, kind=kind, model=config, run=run)


def test_figures_become_rows_of_text():
    assert figure_rows(FIGURES) == ROWS
    again = read_figures([one.stored() for one in FIGURES])
    assert figure_rows(again) == ROWS


def test_a_likelihood_is_no_percentage():
    likelihood = Figure(
        key="nll", subject="svhn", unit="nats", higher_is_better=False, value=2.31, low=2.2, high=2.4, n=9, target=3.0
    )
    assert figure_rows([likelihood]) == [("nll, svhn", "2.310", "2.200 to 2.400", "9", "<= 3.000", "yes")]


def test_a_figure_without_an_interval_says_why():
    few = figure("r", "language", Estimate(0.5, float("nan"), float("nan"), 4, "at least 5 samples are needed, got 4"))
    assert figure_rows([few])[0][:3] == (
        "correlation r, from language alone",
        "0.500",
        "at least 5 samples are needed, got 4",
    )


def test_a_stored_figure_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"^m: figures: 0\.value: expected a number, got 'high'$"):
        read_figures([FIGURES[0].stored() | {"value": "high"}], "m")


def test_models_side_by_side_need_the_same_figures():
    assert side_by_side(ABLATIONS)["rows"][0] == ["label accuracy, svhn and mnist", "99.12 %", "99.12 %"]
    fewer = {"system": "other", "figures": [FIGURES[0].stored()]}
    with pytest.raises(ValueError, match=r"^metrics: ablations: expected the same figures of every system"):
        side_by_side({"note": "", "systems": [*ABLATIONS["systems"], fewer]})


RATIO = {"modality": "visual", "bandwidth": 1.0, "ratio": 0.5, "low": 0.4, "high": 0.6, "depends_on_y": 1.0}
RATIO |= {"depends_on_a": 2.0, "n": 9, "warning": None}
STORED = {
    "comparison": {"note": "n.", "reference": "MFM", "systems": [{"system": "MM", "accuracies": [0.5], "n": 9}]},
    "ablations": ABLATIONS,
    "dependency": [RATIO],
    "ratios": {"rows": [{"data": "a", "seed": 0, "n": 9, "ratios": {"visual": {"value": 1, "low": 0, "high": 2}}}]},
}


def without(whole: object, path: tuple[object, ...]) -> object:
    """A copy of JSON without the part at a path."""
    head, *rest = path
    if isinstance(whole, dict):
        return {k: without(v, tuple(rest)) if k == head else v for k, v in whole.items() if k != head or rest}
    return [without(v, tuple(rest)) if i == head else v for i, v in enumerate(whole)]


def paths(whole: object) -> list[tuple[object, ...]]:
    """Places of all parts of the objects in JSON."""
    parts = whole.items() if isinstance(whole, dict) else enumerate(whole) if isinstance(whole, list) else ()
    below = [(key, *path) for key, part in parts for path in paths(part)]
    return below + ([(key,) for key in whole] if isinstance(whole, dict) else [])


@pytest.mark.parametrize("path", paths(STORED), ids=lambda path: ".".join(map(str, path)))
def test_metrics_that_lack_a_part_make_a_card_or_are_refused_in_a_sentence(tiny_config, path):
    assert "Figure 5(b)" in card("x", stored(tiny_config, "mfm"), STORED)
    try:
        card("x", stored(tiny_config, "mfm"), without(STORED, path))
    except ValueError as error:
        one_sentence(error)


def text_of(table) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_the_terminal_shows_every_cell():
    shown_figures = text_of(figures_table("both", FIGURES))
    assert all(cell in shown_figures for row in ROWS for cell in row)
    comparison = text_of(table_of(TABLE))
    assert all(cell in comparison for row in (TABLE["header"], *TABLE["rows"], [TABLE["note"]]) for cell in row)


def test_a_table_in_markdown():
    assert markdown_table(("a", "b"), [("1", "2")]) == "| a | b |\n|---|---|\n| 1 | 2 |"


def test_a_card_tells_what_was_made_how_and_how_good_it_is(tiny_config):
    run = {"command": "python -m mfm_core train x", "date": "2020-02-02", "configuration": {"training": {"seed": 5}}}
    run |= {"data": "svhn_mnist"}
    metrics = {
        "evaluated": {"command": "python -m mfm_core evaluate x", "seed": 3, "date": "2020-03-03"},
        "figures": [one.stored() for one in FIGURES],
        "comparison": {
            "note": "n = 7.",
            "reference": "MFM",
            "systems": [{"system": "MFM", "accuracies": [0.99], "errors": 1, "n": 100}],
        },
        "ablations": ABLATIONS,
    }
    text = card("x", stored(tiny_config, "mfm", **run, notes=["two hours"]), metrics)
    for part in (
        "# x\n\nA Multimodal Factorization Model of svhn and mnist",
        "non-commercial use only",
        "CC BY-SA 3.0",
        "- Command: `python -m mfm_core train x`\n- Date: 2020-02-02\n- two hours\n- Seed: 5;",
        "(python -m mfm_core evaluate x, seed 3, 2020-03-03)",
        "| reconstruction error a pixel, svhn | 0.00412 | 0.00400 to 0.00430 | 1000 | <= 0.00400 | no |",
        "## Figure 5(b): label accuracy\n\nn = 7.\n\n| system | mean accuracy |",
        "## What each added term buys",
        "- `flow`: a flow, told the label that one modality shows,",
    ):
        assert part in text


def test_of_many_seeds_the_least_and_the_most_differing_pairs_are_told():
    rows = [
        {"system": name, "accuracies": [0.5] * n, "n": 9, "differ": differ}
        for name, n, differ in (("a", 2, [4]), ("b", 4, [7, 5, 6, 9, 8, 7]))
    ]
    table = comparison_table({"note": "n.", "reference": "b", "systems": rows})
    assert [row[4] for row in table["rows"]] == ["4", "5 to 9"]


def test_a_card_of_what_was_not_measured_claims_nothing(tiny_config):
    judge = stored(tiny_config, "discriminative").model_copy(update={"about": "It judges pictures."})
    text = card("judge_mnist", judge, {})
    assert "no generation. It judges pictures.\n" in text
    assert "Measured" not in text
    assert "- Command: `unknown`" in text
    assert "- Seed: unknown;" in text


def test_a_card_names_the_licence_of_the_data_that_was_seen_only(tiny_config):
    config = tiny_config.model_copy(update={"modalities": {"mnist": tiny_config.modalities["mnist"]}})
    text = card("um_mnist", stored(config, "discriminative", data="svhn_mnist"), {})
    assert "SVHN" not in text
    assert "MNIST (LeCun et al., 1998)" in text
    own = card("own", stored(config, "discriminative"), {})  # a modality of one's own that is called mnist
    assert "LeCun" not in own


def test_every_added_term_is_explained():
    said = added_terms()
    assert {"same_label", "noise", "noise_y", *FactorizationConfig.given, "flow_near", "grey_kept"} <= set(said)
    assert all(sentence and not sentence.endswith(".") for sentence in said.values())
