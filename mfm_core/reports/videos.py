"""Reports of a model of spoken videos: its data, and its dependency ratios beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from mfm_core.data.registry import dataset_info


def about_data(run: Mapping[str, JsonValue]) -> str:
    """Describe the data that a model of sequences was trained on, a paragraph; empty where it is not known."""
    configuration = run.get("configuration")
    data = configuration.get("data") if isinstance(configuration, dict) else None
    return dataset_info(str(data)).description


def dependency_rows(stored: JsonValue) -> list[tuple[str, ...]]:
    """Stored dependency ratios as text: modality, bandwidth, ratio, interval, p-value, n."""
    rows: list[tuple[str, ...]] = []
    for found in stored if isinstance(stored, list) else []:
        if not isinstance(found, dict):
            continue
        interval = f"{_decimals(found['low'])} to {_decimals(found['high'])}"
        rows.append(
            (
                str(found["modality"]),
                str(found["bandwidth"]),
                _decimals(found["ratio"]),
                interval,
                _decimals(found["depends_on_y"]),
                _decimals(found["depends_on_a"]),
                str(found["n"]),
                str(found["warning"] or ""),
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


def _decimals(value: JsonValue) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else "none"
