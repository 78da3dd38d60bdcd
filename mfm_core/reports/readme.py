"""The figures in README.md, taken from metrics.json: nothing there is written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from mfm_core.evaluation.figures import Figure, read_figures, shown
from mfm_core.reports.card import HEADER, comparison_table, figure_rows, markdown_table, systems_of
from mfm_core.reports.videos import ratios_table

BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
RATIOS = "<!-- ratios -->", "<!-- /ratios -->"
# What Tsai et al. (2019) say of Figure 5(b) in section 3.2; they give no numbers.
PAPER = {"mm": "above either modality alone", "mfm": "above MM"}


def readme_figures(metrics: Mapping[str, JsonValue]) -> str:
    """Figure 5(b), paper against ours, and what else was measured, as Markdown.

    Args:
        metrics: ``metrics.json`` of the model.
    """
    parts = []
    stored = metrics.get("comparison")
    stored = stored if isinstance(stored, dict) else {}
    match comparison_table(stored) if stored else None:
        case {"note": str(note), "header": list(header), "rows": list(rows)}:
            lines = [[str(cell) for cell in row] for row in rows if isinstance(row, list)]
            said = [PAPER.get(name, "") for name in systems_of(stored)]
            lines = [[system, paper, *cells] for (system, *cells), paper in zip(lines, said, strict=True)]
            columns = ["system", "paper, Figure 5(b)", *(f"ours: {name}" for name in map(str, header[1:]))]
            parts += [f"Label accuracy. {note}", markdown_table(columns, lines)]
    if figures := read_figures(metrics.get("figures")):
        parts += [
            "The paper shows generation in pictures only (Figure 5(c)). Ours, on held-out real digits; n counts "
            "what is independent: photographs where SVHN pictures matter, else digits or samples.",
            markdown_table(["figure", "ours", *HEADER[2:]], figure_rows(figures)),
            *_realism(figures),
        ]
    return "\n\n".join(parts)


def _realism(figures: Sequence[Figure]) -> list[str]:
    """How far generated pictures are on the way from real ones to mean ones, a sentence a modality."""
    distances = {figure.subject: figure.value for figure in figures if figure.key == "frechet_distance"}
    sentences = []
    for modality in ("svhn", "mnist"):
        floor, ceiling, *generated = (
            distances.get(f"{modality}:{way}")
            for way in ("real", "mean_pictures", "swapped", "prior_matched", "aggregate")
        )
        if floor is not None and ceiling is not None and ceiling > floor:
            shares = [f"{100 * (x - floor) / (ceiling - floor):.1f} %" for x in generated if x is not None]
            sentences.append(
                f"Of the way from real {modality} pictures (Frechet distance {shown(floor, 'distance')}) to the mean "
                f"picture of each digit ({shown(ceiling, 'distance')}), pictures of swapped codes, of the prior (from "
                f"real ones as frequent as in training) and of the aggregate posterior are at {', '.join(shares)}."
            )
    return sentences


def readme_ratios(metrics: Mapping[str, JsonValue]) -> str:
    """Dependency ratios of several models beside the paper's, as Markdown.

    Args:
        metrics: ``metrics.json`` of the model that the table is stored with.
    """
    stored = metrics.get("ratios")
    match ratios_table(stored) if isinstance(stored, dict) else None:
        case {"note": str(note), "header": list(header), "rows": list(rows)}:
            lines = [[str(cell) for cell in row] for row in rows if isinstance(row, list)]
            return f"{note}\n\n{markdown_table([str(cell) for cell in header], lines)}"
    return ""


def replace_figures(readme: str, figures: str, markers: tuple[str, str] = (BEGIN, END)) -> str:
    """Put figures between the markers of a README.

    Raises:
        ValueError: If the markers are not there, once each and in order.
    """
    first, last = markers
    before, begin, rest = readme.partition(first)
    _, end, after = rest.partition(last)
    if not (begin and end) or first in rest or last in after:
        raise ValueError(f"readme: expected {first} and then {last}, once each")
    return f"{before}{first}\n\n{figures}\n\n{last}{after}"
