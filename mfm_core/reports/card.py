"""Reports of measured figures: tables, metrics.json and the model's card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue
from rich.table import Table

from mfm_core.data.registry import dataset_info
from mfm_core.evaluation.figures import Figure, read_figures, shown, shown_interval, shown_p
from mfm_core.evaluation.quantities import title
from mfm_core.reports.videos import DEPENDENCY_HEADER, dependency_rows, inference_note, part_of, ratios_table
from mfm_core.storage.folder import StoredModel
from mfm_core.training.factorization import FactorizationConfig
from mfm_core.training.terms.registry import terms_of

HEADER = ("figure", "value", "95 % interval", "n", "target", "reached")


def added_terms() -> dict[str, str]:
    """List what is added to Eq. 4 on images: by key, a sentence of each option of training and each term."""
    options = {key: str(field.description) for key, field in FactorizationConfig.model_fields.items()}
    return options | {term.key: term.sentence for term in terms_of("image")}


def figures_table(name: str, figures: Sequence[Figure]) -> Table:
    """The figures as a table for the terminal."""
    return _table(HEADER, figure_rows(figures), title=name)


def figure_rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """Each figure as text: title, value, interval or why there is none, n, target, whether it was reached."""
    rows: list[tuple[str, ...]] = []
    for figure in figures:
        target = "" if figure.target is None else shown(figure.target, figure.unit)
        bound = ">= " if figure.higher_is_better else "<= "
        reached = {None: "", True: "yes", False: "no"}[figure.reached]
        value = shown(figure.value, figure.unit)
        rows.append((title(figure), value, shown_interval(figure), str(figure.n), target and bound + target, reached))
    return rows


def _value(given: JsonValue | None, key: str = "comparison") -> float:
    if not isinstance(given, int | float):
        raise ValueError(f"metrics: {key}: expected a number, got {str(given)[:40]!r}")  # noqa: TRY004 - of a file
    return float(given)


def table_of(table: Mapping[str, JsonValue]) -> Table:
    """A table of texts, as :func:`comparison_table` gives it, for the terminal."""
    return _table(_texts(table["header"]), [_texts(row) for row in _list(table["rows"])], caption=str(table["note"]))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], **around: str) -> Table:
    table = Table(title=around.get("title"), caption=around.get("caption"))
    for column in header:
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    return table


def side_by_side(stored: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Stored figures of several models as text: a note, a header, and a row a figure with a column a model.

    Args:
        stored: A note and, by system, its figures; the same of each.

    Raises:
        ValueError: If the systems have different figures.
    """
    place = "ablations.systems"
    systems = [one for one in _list(part_of(stored, "systems", "ablations")) if isinstance(one, dict)]
    columns = {
        str(part_of(one, "system", place)): read_figures(part_of(one, "figures", place), "ablations") for one in systems
    }
    keys = {tuple((figure.key, figure.subject) for figure in figures) for figures in columns.values()}
    if len(keys) > 1:
        raise ValueError("metrics: ablations: expected the same figures of every system, got different ones")
    rows: list[JsonValue] = [
        [title(figures[0]), *(shown(figure.value, figure.unit) for figure in figures)]
        for figures in zip(*columns.values(), strict=True)
    ]
    return {"note": part_of(stored, "note", "ablations"), "header": ["figure", *columns], "rows": rows}


def comparison_table(stored: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """A stored comparison of systems (Figure 5(b)) as text: its note, a header and a row a system."""
    reference, rows = str(part_of(stored, "reference", "comparison")), list[JsonValue]()
    for system in _list(part_of(stored, "systems", "comparison")):
        if not isinstance(system, dict):
            raise ValueError(f"metrics: comparison.systems: expected objects, got {str(system)[:40]!r}")  # noqa: TRY004 - of a file
        accuracies, n = [_value(accuracy) for accuracy in _list(system.get("accuracies"))], _value(system.get("n"))
        name = str(part_of(system, "system", "comparison.systems"))
        if not accuracies:
            raise ValueError(f"metrics: comparison: {name}: accuracies: expected at least one, got none")
        mean = shown(sum(accuracies) / len(accuracies), "share")
        match system.get("low"), system.get("high"):
            case float(low), float(high):
                mean += f" ({shown(low, 'share')} to {shown(high, 'share')})"
        tested = ""
        match system.get("difference"):
            case {"value": float(value), "low": float(low), "high": float(high), "p": float(p)}:
                tested = f"{100 * value:+.2f} points ({100 * low:+.2f} to {100 * high:+.2f}), p {shown_p(p)}"
            case {"value": float(value)}:
                tested = f"{100 * value:+.2f} points, too few photographs for a test"
        rows.append(
            [
                name,
                mean,
                ", ".join(shown(accuracy, "share") for accuracy in accuracies),
                f"{', '.join(f'{(1 - accuracy) * n:.0f}' for accuracy in accuracies)} of {n:.0f}",
                _differing(_list(system.get("differ"))),
                tested,
            ]
        )
    header: list[JsonValue] = ["system", "mean accuracy", "each seed", "errors of each seed"]
    header += ["pairs that each two seeds read differently", f"{reference} minus it"]
    empty = {i for i in range(len(header)) if all(row[i] == "" for row in rows if isinstance(row, list))}
    kept = [[cell for i, cell in enumerate(row) if i not in empty] for row in rows if isinstance(row, list)]
    columns: list[JsonValue] = [name for i, name in enumerate(header) if i not in empty]
    return {"note": part_of(stored, "note", "comparison"), "header": columns, "rows": list[JsonValue](kept)}


def _differing(counts: Sequence[JsonValue]) -> str:
    """On how many pairs seeds differ, two by two; of many twos the least and the most."""
    if len(counts) <= 3:
        return ", ".join(map(str, counts))
    numbers = [round(_value(count)) for count in counts]
    return f"{min(numbers)} to {max(numbers)}"


def systems_of(stored: Mapping[str, JsonValue]) -> list[str]:
    """The registered name of each system of a stored comparison; empty where it has none."""
    return [str(one.get("name", "")) for one in _list(stored.get("systems")) if isinstance(one, dict)]


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def about(stored: StoredModel) -> list[str]:
    """Describe a model and its data, a paragraph each."""
    modalities = stored.model.modalities
    if stored.model.sequences:
        what = f"A Multimodal Factorization Model of the {' and '.join(modalities)} streams of spoken videos."
        return [f"{what} {stored.about}".rstrip(), stored.dataset.description]
    if stored.kind == "mfm":
        what = f"A Multimodal Factorization Model of {' and '.join(modalities)}: digits of one label."
    else:
        what = (
            f"A classifier of digits from {' and '.join(modalities)}: the encoder that MFM uses for Z_y, no generation."
        )
    known = [dataset_info(name).licence for name in modalities if name in stored.dataset.parts]
    return [f"{what} {stored.about}".rstrip(), " ".join(known)]


def card(name: str, stored: StoredModel, metrics: Mapping[str, JsonValue]) -> str:
    """The model's card, from what was measured.

    Args:
        name: The model's name.
        stored: Its configuration and provenance.
        metrics: ``metrics.json``.
    """
    run = stored.run
    parts = [f"# {name}", *about(stored), "## How it was made"]
    made = [f"- Command: `{run.get('command', 'unknown')}`", f"- Date: {run.get('date', 'unknown')}"]
    made += [f"- {note}" for note in _texts(run.get("notes"))]
    made.append(f"- Seed: {_seed(run)}; the whole configuration stands in `config.json`.")
    parts.append("\n".join(made))
    if figures := read_figures(metrics.get("figures"), name):
        how = metrics.get("evaluated")
        when = f" ({how.get('command')}, seed {how.get('seed')}, {how.get('date')})" if isinstance(how, dict) else ""
        parts += [
            f"## Measured on held-out {'videos' if stored.model.sequences else 'real digits'}{when}",
            markdown_table(HEADER, figure_rows(figures)),
        ]
        parts += [note] if (note := inference_note(figures)) else []
    if rows := dependency_rows(metrics.get("dependency")):
        parts += ["## Dependency ratios (Eq. 5)", markdown_table(DEPENDENCY_HEADER, rows)]
    match metrics.get("cross_validation"):
        case {"note": str(note), "figures": found}:
            folds = read_figures(found, f"{name}: cross_validation")
            lines = [(title(f), *(shown(x, f.unit) for x in (f.value, f.low, f.high))) for f in folds]
            parts += ["## Repeated cross-validation", note, markdown_table(("figure", "mean", "low", "high"), lines)]
    tables = {
        "comparison": ("## Figure 5(b): label accuracy", comparison_table),
        "ablations": ("## What each added term buys", side_by_side),
        "ratios": ("## Dependency ratios of several models, and the paper's (Figure 9a)", ratios_table),
    }
    for key, (heading, as_text) in tables.items():
        if isinstance(kept := metrics.get(key), dict):
            table = as_text(kept)
            cells = [_texts(row) for row in _list(table["rows"])]
            parts += [heading, str(table["note"]), markdown_table(_texts(table["header"]), cells)]
    if metrics.get("ablations") is not None:
        parts.append("\n".join(f"- `{term}`: {meaning}." for term, meaning in added_terms().items()))
    return "\n\n".join(parts) + "\n"


def _seed(run: Mapping[str, JsonValue]) -> JsonValue:
    inner = run.get("configuration")
    training = inner.get("training") if isinstance(inner, dict) else None
    return training.get("seed", "unknown") if isinstance(training, dict) else "unknown"


def _list(value: JsonValue | None) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _texts(value: JsonValue | None) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
