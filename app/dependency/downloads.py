"""Downloads of the page Dependency: figure, numbers, table and script."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from app.dependency import figures, held_out_codes
from app.dependency.figures import Ratios
from app.dependency.view import DependencyView
from app.shared import charts, downloads, names, stored_models
from mfm_core.evaluation.paper_ratios import PAPER_RATIOS

COLUMNS = ("ratio", "low", "high", "p_value", "depends_on_y", "depends_on_a", "n", "bandwidth", "kernel")
SCRIPT = '''\
"""Dependency ratios of {title}.

Made by the page Dependency of the MFM explorer. Run it in the project's folder, with its requirements installed: it
writes dependency.npz and dependency.png beside itself.
"""

from pathlib import Path

import mfm_core as mfm
import numpy as np
import torch
from matplotlib.figure import Figure

MODELS = {models}
here, found = Path(__file__).parent, {{}}
for name, folder in MODELS.items():
    model, codes = mfm.load_pretrained(folder), mfm.load_codes(folder)
    order = torch.randperm(len(codes), generator=torch.Generator().manual_seed({seed}))
    found[name] = mfm.dependency_ratios(
        model,
        codes.latents[order[:{n}]],
        units=None if codes.units is None else codes.units[order[:{n}]],
        bandwidth={bandwidth!r},
        kernel={kernel!r},
        n_permutations={permutations},
        generator=torch.Generator().manual_seed({seed}),
    )

parts = ("ratio", "low", "high", "p_value", "depends_on_y", "depends_on_a")
arrays = {{
    f"{{name}}_{{modality}}": np.array([getattr(ratio, part) for part in parts])
    for name, ratios in found.items()
    for modality, ratio in ratios.items()
}}
np.savez(here / "dependency.npz", parts=np.array(parts), **arrays)

figure = Figure(figsize=(7, 0.4 * len(arrays) + 1), layout="constrained")
axes = figure.subplots()
for row, (name, (ratio, low, high, *_)) in enumerate(arrays.items()):
    axes.barh(row, ratio)
    axes.plot([low, high], [row, row], color="black")
axes.axvline(1, color="gray", linestyle="--")
axes.set_yticks(range(len(arrays)), list(arrays))
axes.set_xlabel("dependency ratio")
figure.savefig(here / "dependency.png", dpi=200)
'''


def offer(found: Mapping[str, Ratios], view: DependencyView) -> None:
    """A small menu of downloads; nothing is made before it is asked for."""
    downloads.menu(
        "dependency",
        draw=lambda: figure(found),
        arrays=("Ratios, NPZ", lambda: numbers(found)),
        rows=("Ratios, CSV", lambda: table(found)),
        script=lambda: script(view),
    )


def figure(found: Mapping[str, Ratios]) -> Figure:
    """The bars with their intervals, beside the paper's."""
    modalities = list(dict.fromkeys(name for one in found.values() for name in one))
    hues = list(charts.palettes()["light"].hues.values())
    drawn = Figure(figsize=(7, 0.3 * (len(found) + 3) * len(modalities) + 0.8), layout="constrained")
    axes = drawn.subplots()
    ticks, place = [], 0.0
    for modality in modalities:
        for i, (model, one) in enumerate(found.items()):
            if modality not in one:
                continue
            ratio = one[modality]
            if math.isfinite(ratio.ratio):
                axes.barh(place, ratio.ratio, color=hues[i % len(hues)])
                axes.plot([ratio.low, ratio.high], [place, place], color="black", linewidth=1)
            ticks.append((place, f"{names.title(modality)}, {stored_models.title(model)}"))
            place += 1
        for data, known in PAPER_RATIOS.items():
            if modality in known:
                axes.barh(place, known[modality], color="none", edgecolor="black")
                ticks.append((place, f"{names.title(modality)}, paper, {data}"))
                place += 1
        place += 0.6
    axes.axvline(1, color="gray", linestyle="--", linewidth=0.8)
    axes.set_yticks([at for at, _ in ticks], [said for _, said in ticks], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("dependency ratio r, with 95 % interval", fontsize=8)
    return drawn


def numbers(found: Mapping[str, Ratios]) -> bytes:
    """Every number behind the bars."""
    parts = ("ratio", "low", "high", "p_value", "depends_on_y", "depends_on_a", "n", "ratio_at_median")
    arrays: dict[str, NDArray[np.generic]] = {"parts": np.array(parts)}
    for model, one in found.items():
        for name, ratio in one.items():
            arrays[f"{model}_{name}"] = np.array([float(getattr(ratio, part)) for part in parts])
    return downloads.packed(arrays)


def table(found: Mapping[str, Ratios]) -> str:
    """The same as rows, and the paper's."""
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(["model", "modality", *COLUMNS])
    for model, one in found.items():
        for name, ratio in one.items():
            cells = asdict(ratio)
            writer.writerow([model, name, *(cells[column] for column in COLUMNS)])
    for data, known in PAPER_RATIOS.items():
        for name, value in known.items():
            writer.writerow([f"paper, {data}", name, value, *[""] * (len(COLUMNS) - 1)])
    return page.getvalue()


def script(view: DependencyView) -> str:
    """Python that makes the same ratios."""
    most = max(figures.count(held_out_codes.load(name), view) for name in view.names)
    return SCRIPT.format(
        title=", ".join(view.names),
        models={name: stored_models.stored_as(name) for name in view.names},
        seed=view.seed,
        n=most,
        bandwidth=figures.bandwidth(view),
        kernel=view.kernel,
        permutations=figures.PERMUTATIONS,
    )
