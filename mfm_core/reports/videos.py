"""Reports of a model of spoken videos: its data, and its dependency ratios beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from pydantic import JsonValue

from mfm_core.data.modalities import SPOKEN
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.paper_ratios import PAPER_RATIOS

WHY_INFERRED_IS_POOR = (
    "An R2 below 0 means that the mean of the stream would be nearer than what is inferred of it. A surrogate reads "
    "the features that the encoder of Z_y learnt for the label, and these hardly tell the Z_a of another stream: what "
    "it infers is close to the mean Z_a, and a decoder does not make the mean sequence of the mean Z_a."
)


def part_of(row: Mapping[str, JsonValue], key: str, where: str) -> JsonValue:
    """A part of what is stored among a model's figures.

    Args:
        row: An object of ``metrics.json``.
        key: The part.
        where: The place of the object, for the message.

    Raises:
        ValueError: If it is missing.
    """
    if key not in row:
        raise ValueError(f"metrics: {where}: expected the key {key}, got none of that name")
    return row[key]


def inference_note(figures: Sequence[Figure]) -> str:
    """Explanation of inferred streams that explain less than their mean; empty where none does."""
    poor = any(figure.key == "inferred_r2" and figure.value < 0 for figure in figures)
    return WHY_INFERRED_IS_POOR if poor else ""


def dependency_rows(stored: JsonValue) -> list[tuple[str, ...]]:
    """Stored dependency ratios as text, in the columns of :data:`DEPENDENCY_HEADER`."""
    rows: list[tuple[str, ...]] = []
    for found in stored if isinstance(stored, list) else []:
        if not isinstance(found, dict):
            continue
        part = partial(part_of, found, where="dependency")
        rows.append(
            (
                str(part("modality")),
                str(part("bandwidth")),
                _decimals(part("ratio")),
                f"{_decimals(part('low'))} to {_decimals(part('high'))}",
                _decimals(part("depends_on_y")),
                _decimals(part("depends_on_a")),
                _counted(found, "dependency"),
                str(part("warning") or ""),
            )
        )
    return rows


DEPENDENCY_HEADER = (
    "modality",
    "bandwidth",
    "r_i",
    "95 % interval",
    "HSIC with F_y",
    "HSIC with its F_a",
    "n",
    "warning",
)


def ratios_table(stored: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Stored dependency ratios of several models as text, with the paper's: a note, a header and a row a model."""
    rows: list[JsonValue] = []
    models = stored.get("rows")
    given = [row for row in models if isinstance(row, dict)] if isinstance(models, list) else []
    measured = [(row, ratios) for row in given if isinstance(ratios := row.get("ratios"), dict)]
    others = [name for _, ratios in measured for name in ratios]
    streams = tuple(dict.fromkeys([*(info.name for info in SPOKEN), *others]))
    for row, ratios in measured:
        found = [ratio if isinstance(ratio := ratios.get(stream), dict) else {} for stream in streams]
        known = [str(part_of(row, key, "ratios.rows")) for key in ("data", "seed")]
        known.append(_counted(row, "ratios.rows"))
        at_median = [_decimals(ratio.get("at_median")) for ratio in found]
        rows.append([*known, *(_with_interval(ratio) for ratio in found), *at_median])
    for data, paper in PAPER_RATIOS.items():
        printed = [f"{paper[stream]:.3f}" if stream in paper else "" for stream in streams]
        rows.append([f"{data}, the paper", "", "", *printed, *("" for _ in streams)])
    note = (
        "r_i = HSIC(F_y, X^_i) / HSIC(F_a_i, X^_i) on held-out videos, at the paper's bandwidth 1 with 95 % intervals "
        "of the jackknife, which leaves out a video at a time, and at the median bandwidth."
    )
    header: list[JsonValue] = ["data", "seed", "n", *streams, *(f"{stream}, median" for stream in streams)]
    return {"note": note, "header": header, "rows": rows}


def _counted(row: Mapping[str, JsonValue], where: str) -> str:
    """Samples of a row, and of how many videos they are where those are fewer: ``686 of 31 videos``."""
    told = str(part_of(row, "n", where))
    return f"{told} of {row['n_units']} videos" if "n_units" in row else told


def _with_interval(ratio: Mapping[str, JsonValue]) -> str:
    if not ratio:
        return "none"
    value, low, high = (_decimals(part_of(ratio, key, "ratios.rows")) for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _decimals(value: JsonValue | None) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else "none"
