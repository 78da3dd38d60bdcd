"""The card as the page shows it, and the sentences before it."""

from __future__ import annotations

from app.about.card import as_shown, summary
from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.statistics import Estimate

CARD = """# svhn_mnist

A model.

- Command: `python -m mfm_core train svhn_mnist`

## Measured on held-out real digits (python -m mfm_core evaluate svhn_mnist, seed 0, 2026-11-26)

| figure | no noise | no flow |
|---|---|---|
| swap | 1 | 2 |

- `noise`: noise on Z_a.
- `flow`: a flow.
- `flow_near`: near.

## Dependency ratios (Eq. 5)
"""


def test_headings_are_titles_and_only_terms_of_the_tables_are_explained() -> None:
    assert as_shown(CARD).splitlines() == [
        "A model.",
        "",
        "- Command: `python -m mfm_core train svhn_mnist`",
        "",
        "### Measured on held-out real digits",
        "",
        "Measured by `python -m mfm_core evaluate svhn_mnist`, seed 0, 2026-11-26.",
        "",
        "| figure | no noise | no flow |",
        "|---|---|---|",
        "| swap | 1 | 2 |",
        "",
        "- `noise`: noise on Z_a.",
        "- `flow`: a flow.",
        "",
        "### Dependency ratios (Eq. 5)",
    ]


def test_a_card_of_another_form_is_shown_as_it_is() -> None:
    assert as_shown("Some text.\n\n- `noise`\n") == "Some text.\n\n- `noise`"


def test_the_summary_tells_swap_probe_and_targets_from_the_figures() -> None:
    figures = [
        figure("swap_accuracy", "svhn", Estimate(0.98, 0.97, 0.99, 9), target=0.975),
        figure("swap_accuracy", "mnist", Estimate(0.9, 0.89, 0.91, 9), target=0.95),
        figure("probe_accuracy", "svhn", Estimate(0.2, 0.18, 0.22, 9), target=0.21),
        figure("most_frequent_class", "svhn", Estimate(0.18, 0.17, 0.19, 9)),
    ]
    assert summary(figures) == (
        "After a swap, independent judges read the digit that gave Z_y in 98.00 % of SVHN pictures and 90.00 % of "
        "MNIST pictures. The best probe of Z_a, which should not know the digit, reads it at 20.00 % from that of SVHN "
        "(always guessing its most frequent digit: 18.00 %). 2 of 3 targets are reached, by the value alone; not "
        "reached: swap shows the digit of Z_y, mnist (90.00 %, wanted at least 95.00 %). The 95 % interval of 2 that "
        "are reached goes past the target: swap shows the digit of Z_y, svhn; digit read from Z_a of svhn by the best "
        "probe."
    )
    assert summary([]) == ""


def test_the_summary_of_a_model_of_videos_tells_the_correlation_and_where_the_score_is() -> None:
    figures = [
        figure("r", "", Estimate(0.46, 0.4, 0.5, 9)),
        figure("r", "language", Estimate(0.9, 0.8, 0.95, 9)),
        figure("probe_r2_y", "", Estimate(0.2, 0.1, 0.3, 9)),
        figure("probe_r2", "language", Estimate(0.03, 0.0, 0.1, 9)),
        figure("probe_r2", "acoustic", Estimate(0.05, 0.0, 0.1, 9)),
    ]
    assert summary(figures) == (
        "The predicted score correlates with the rated one at r = 0.460 (0.400 to 0.500). A probe explains 0.200 of "
        "the score's variance (R2) from Z_y, and at most 0.050 from a Z_a, that of Acoustic."
    )
    below = [figures[0], figures[2], figure("probe_r2", "visual", Estimate(-0.1, -0.2, 0.0, 9))]
    assert summary(below).endswith("from Z_y, and none of it from any Z_a.")
