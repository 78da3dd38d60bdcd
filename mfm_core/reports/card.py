"""Reports of measured figures: tables, metrics.json and the model's card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue
from rich.table import Table

from mfm_core.data.registry import dataset_info
from mfm_core.evaluation.digits import Figure
from mfm_core.reports.videos import DEPENDENCY_HEADER, about_data, dependency_rows
from mfm_core.storage.folder import StoredModel

TERMS = {
    "same_label": "decode with the Z_y of another pair of the same label",
    "noise": "noise on Z_a while training",
    "noise_y": "noise on Z_y while training",
    "mmd_y": "MMD of Z_y alone to N(0, I)",
    "label_balance": "the labels of sampled Z_y are as frequent as those of real pairs",
    "certainty": "D is sure of the label of sampled Z_y",
    "conditional_mmd": "MMD of Z_a given the label to N(0, I)",
    "flow": "a flow, told the label that one modality shows, turns the codes of each label into N(0, I)",
    "flow_near": "its mixed couplings move a code no further than that takes: one style means the same in every label",
    "recognition": "that label is read from the modality's features, which learn from it too",
    "label_readback": "frozen readers find the label of Z_y in pictures of swapped, sampled and translated codes",
    "feature_match": "MMD between those pictures and real ones, in the readers' features and in the coarse picture",
    "style_kept": "colour, contrast and ink of a swapped picture are those of the donor of Z_a",
    "grey_kept": "so is how much of it is grey: ink is drawn in strokes, not as a haze",
}
PURPOSES = {
    "judge": "It judges generated pictures; no model was trained with it.",
    "reader": "It reads pictures back while MFM is trained; it judges none.",
}


def percent(value: float) -> str:
    """A share as a percentage with two decimals."""
    return f"{100 * value:.2f} %"


def shown(name: str, value: float) -> str:
    """A figure's value as its kind is read: errors and distances as numbers, correlations with three decimals."""
    if any(kind in name for kind in ("correlation", "absolute error", "R2", "area")):
        return f"{value:.3f}"
    if "error" in name:
        return f"{value:.5f}"
    if "Frechet" in name:
        return f"{value:.2f}"
    return f"{value:.3f}" if "style" in name else percent(value)


def figures_table(title: str, figures: Sequence[Figure]) -> Table:
    """The figures as a table for the terminal."""
    table = Table(title=title)
    for column in ("figure", "value", "95 % interval", "n", "reach", "reached"):
        table.add_column(column)
    for row in figure_rows([figure.as_dict() for figure in figures]):
        table.add_row(*row)
    return table


def figure_rows(figures: Sequence[Mapping[str, JsonValue]]) -> list[tuple[str, ...]]:
    """Each figure of ``metrics.json`` as text: name, value, interval, n, reach, whether it was reached."""
    rows: list[tuple[str, ...]] = []
    for figure in figures:
        name, value, interval = str(figure["name"]), _number(figure, "value"), ""
        if figure["low"] is None or figure["high"] is None:
            interval = "none, too few samples"
        elif (low := _number(figure, "low")) != (high := _number(figure, "high")):
            interval = f"{shown(name, low)} to {shown(name, high)}"
        reach = (
            ""
            if figure["reach"] is None
            else ("<= " if figure["at_most"] else ">= ") + shown(name, _number(figure, "reach"))
        )
        reached = "" if figure["reached"] is None else "yes" if figure["reached"] else "no"
        rows.append((name, shown(name, value), interval, str(figure["n"]), reach, reached))
    return rows


def _number(figure: Mapping[str, JsonValue], key: str) -> float:
    return _value(figure[key], key)


def _value(given: JsonValue, key: str = "comparison") -> float:
    if not isinstance(given, int | float):
        raise TypeError(f"metrics: {key}: expected a number, got {given!r}")
    return float(given)


def table_of(table: Mapping[str, JsonValue]) -> Table:
    """A stored comparison as a table for the terminal."""
    shown_table = Table(caption=str(table["note"]))
    for column in _texts(table["header"]):
        shown_table.add_column(column)
    for row in _list(table["rows"]):
        shown_table.add_row(*_texts(row))
    return shown_table


def comparison_table(stored: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """A stored comparison of systems (Figure 5(b)) as text: its note, a header and a row a system."""
    reference, rows = str(stored["reference"]), list[JsonValue]()
    for system in _list(stored["systems"]):
        if not isinstance(system, dict):
            raise TypeError(f"metrics: comparison.systems: expected objects, got {system!r}")
        accuracies = [_value(accuracy) for accuracy in _list(system["accuracies"])]
        tested = ""
        if "p" in system:
            p = _value(system["p"])
            told = "< 1e-300" if p < 1e-300 else f"= {p:.2g}"  # less than a float can say
            tested = f"{system['gained']} gained, {system['lost']} lost, p {told}"
            match system.get("difference"):
                case {"value": float(value), "low": float(low), "high": float(high)}:
                    points = f"{100 * value:+.2f} points ({100 * low:+.2f} to {100 * high:+.2f})"
                    tested = f"{points}; {tested}"
        rows.append(
            [
                str(system["system"]),
                percent(sum(accuracies) / len(accuracies)),
                ", ".join(map(percent, accuracies)),
                f"{system['errors']} of {system['n']}",
                tested,
            ]
        )
    header: list[JsonValue] = ["system", "mean accuracy", "each seed", "errors, all seeds"]
    return {"note": stored["note"], "header": [*header, f"against {reference} (McNemar, p)"], "rows": rows}


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def about(name: str, stored: StoredModel) -> list[str]:
    """Describe a model and its data, a paragraph each."""
    modalities = stored.model.modalities
    if stored.model.sequences:
        what = f"A Multimodal Factorization Model of the {' and '.join(modalities)} streams of spoken videos."
        return [what, about_data(stored.run)]
    if stored.kind == "mfm":
        what = f"A Multimodal Factorization Model of {' and '.join(modalities)}: digits of one label."
    else:
        what = (
            f"A classifier of digits from {' and '.join(modalities)}: the encoder that MFM uses for Z_y, no generation."
        )
    purpose = PURPOSES.get(name.partition("_")[0], "")
    return [f"{what} {purpose}".rstrip(), " ".join(filter(None, (dataset_info(m).licence for m in modalities)))]


def card(name: str, stored: StoredModel, metrics: Mapping[str, JsonValue]) -> str:
    """The model's card, from what was measured.

    Args:
        name: The model's name.
        stored: Its configuration and provenance.
        metrics: ``metrics.json``.
    """
    run = stored.run
    parts = [f"# {name}", *about(name, stored), "## How it was made"]
    made = [f"- Command: `{run.get('command', 'unknown')}`", f"- Date: {run.get('date', 'unknown')}"]
    made += [f"- {note}" for note in _texts(run.get("notes"))]
    made.append(f"- Seed: {_seed(run)}; the whole configuration stands in `config.json`.")
    parts.append("\n".join(made))
    figures = metrics.get("figures")
    if isinstance(figures, list) and figures:
        how = metrics.get("evaluated")
        when = f" ({how.get('command')}, seed {how.get('seed')}, {how.get('date')})" if isinstance(how, dict) else ""
        parts += [
            f"## Measured on held-out {'videos' if stored.model.sequences else 'real digits'}{when}",
            markdown_table(
                ("figure", "value", "95 % interval", "n", "reach", "reached"),
                figure_rows([figure for figure in figures if isinstance(figure, dict)]),
            ),
        ]
    if rows := dependency_rows(metrics.get("dependency")):
        parts += ["## Dependency ratios (Eq. 5)", markdown_table(DEPENDENCY_HEADER, rows)]
    match metrics.get("cross_validation"):
        case {"note": str(note), "figures": list(found)}:
            lines = [
                (str(f["name"]), *(shown(str(f["name"]), _number(f, key)) for key in ("value", "low", "high")))
                for f in found
                if isinstance(f, dict)
            ]
            parts += ["## Repeated cross-validation", note, markdown_table(("figure", "mean", "low", "high"), lines)]
    titles = {
        "comparison": "## Figure 5(b): label accuracy",
        "ablations": "## What each added term buys",
        "ratios": "## Dependency ratios of several models, and the paper's (Figure 9a)",
    }
    for key, title in titles.items():
        table = metrics.get(key)
        if isinstance(table, dict):
            table = comparison_table(table) if key == "comparison" else table
            parts += [
                title,
                str(table["note"]),
                markdown_table(_texts(table["header"]), [_texts(r) for r in _list(table["rows"])]),
            ]
    if metrics.get("ablations") is not None:
        parts.append("\n".join(f"- `{term}`: {meaning}." for term, meaning in TERMS.items()))
    return "\n\n".join(parts) + "\n"


def _seed(run: Mapping[str, JsonValue]) -> JsonValue:
    inner = run.get("configuration")
    training = inner.get("training") if isinstance(inner, dict) else None
    return training.get("seed", "unknown") if isinstance(training, dict) else "unknown"


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _texts(value: JsonValue | None) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
