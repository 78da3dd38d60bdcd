"""Dependency ratios of a model's held-out clips (Eq. 5), how they vary with the choices made, and the Gram matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

import mfm_core as mfm
from app.dependency.held_out_codes import MOST, HeldOutCodes
from app.dependency.view import FEWEST, DependencyView
from mfm_core.interpretation.dependency import DependencyRatio
from mfm_core.interpretation.kernels import Bandwidth, Rbf
from mfm_core.interpretation.observations import observe

Array = NDArray[np.float64]
Progress = Callable[[float], None]
Ratios = Mapping[str, DependencyRatio]

BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Of the sensitivity curve."""

SIZES = 6
"""Numbers of clips of the sensitivity curve."""

PIXELS = 160
"""Clips in a heat map at most; of more, every second, third ... in the order of their labels."""

PERMUTATIONS = 200


@dataclass(frozen=True)
class Curve:
    """Ratios over a row of values.

    Attributes:
        x: The values.
        ratios: At each.
    """

    x: tuple[float, ...]
    ratios: tuple[Ratios, ...]


@dataclass(frozen=True)
class Grams:
    """Gram matrices of one modality, clips sorted by label.

    Attributes:
        labels: Of the clips.
        matrices: Of F_y, F_a and the generated modality, ``(n, n)``.
    """

    labels: tuple[str, ...]
    matrices: tuple[Array, Array, Array]


def bandwidth(view: DependencyView) -> Bandwidth:
    """Bandwidth as ``mfm_core.dependency_ratios`` takes it."""
    if view.bandwidth == "median":
        return "median"
    return 1.0 if view.bandwidth == "one" else view.value / 100


def latents(codes: HeldOutCodes, view: DependencyView) -> mfm.Latents:
    """Z of the clips that are measured."""
    return codes.latents[codes.order(view.seed)[: count(codes, view)]]


def count(codes: HeldOutCodes, view: DependencyView) -> int:
    """How many clips are measured."""
    return min(view.n or MOST, len(codes.labels), MOST)


def ratios(codes: HeldOutCodes, view: DependencyView, progress: Progress) -> Ratios:
    """r_i of each modality, with interval and p-value."""
    return _ratios(codes, view, latents(codes, view), bandwidth(view), progress, PERMUTATIONS)


def over_bandwidths(codes: HeldOutCodes, view: DependencyView, progress: Progress) -> Curve:
    """The ratios at every bandwidth of a row of them."""
    chosen, n = latents(codes, view), len(BANDWIDTHS)
    found = [_ratios(codes, view, chosen, value, _part(progress, i, n)) for i, value in enumerate(BANDWIDTHS)]
    return Curve(BANDWIDTHS, tuple(found))


def over_sizes(codes: HeldOutCodes, view: DependencyView, progress: Progress) -> Curve:
    """The ratios of more and more clips."""
    sizes, order = steps(count(codes, view)), codes.order(view.seed)
    found = [
        _ratios(codes, view, codes.latents[order[:size]], bandwidth(view), _part(progress, i, len(sizes)))
        for i, size in enumerate(sizes)
    ]
    return Curve(tuple(float(size) for size in sizes), tuple(found))


def steps(most: int) -> tuple[int, ...]:
    """Numbers of clips from few to ``most``, each about as many times the one before."""
    few = min(FEWEST, most)
    return tuple(sorted({round(few * (most / few) ** (i / (SIZES - 1))) for i in range(SIZES)}))


def grams(codes: HeldOutCodes, view: DependencyView, progress: Progress) -> Grams:
    """Gram matrices of the modality in question, clips sorted by label."""
    index = codes.order(view.seed)[: count(codes, view)]
    labels = codes.labels[index].reshape(len(index), -1)[:, 0]
    order = torch.argsort(labels, stable=True)
    order = order[:: math.ceil(len(order) / PIXELS)]
    with torch.inference_mode(mode=False):
        seen = observe(codes.model, codes.latents[index[order]])
        width = bandwidth(view)
        kernels = (
            Rbf(seen.factors.y, width, name="F_y"),
            Rbf(seen.factors.a[view.gram], width, name="F_a"),
            seen.kernel(view.gram, width, view.kernel, progress),
        )
        whole = slice(0, len(order))
        matrices = [kernel.block(whole, whole).numpy() for kernel in kernels]
    said = [f"{value:g}" if codes.labels.dtype == torch.int64 else f"{value:.2f}" for value in labels[order].tolist()]
    return Grams(tuple(said), (matrices[0], matrices[1], matrices[2]))


def _ratios(
    codes: HeldOutCodes,
    view: DependencyView,
    chosen: mfm.Latents,
    width: Bandwidth,
    progress: Progress,
    n_permutations: int = 0,
) -> Ratios:
    generator = torch.Generator().manual_seed(view.seed)
    found: Ratios = mfm.dependency_ratios(
        codes.model,
        chosen,
        bandwidth=width,
        kernel=view.kernel,
        n_permutations=n_permutations,
        generator=generator,
        progress=progress,
    )
    return found


def _part(progress: Progress, i: int, n: int) -> Progress:
    return lambda share: progress((i + share) / n)


def aloud(title: str, ratio: DependencyRatio) -> str:
    """A bar, read aloud."""
    name = title.lower()
    if math.isnan(ratio.ratio):
        return f"What {name} depends on cannot be said: a factor is the same for all clips, or what is generated is."
    if math.isinf(ratio.ratio):
        return f"{title} depends on F_y only: its own factor changes nothing."
    known = math.isfinite(ratio.low) and math.isfinite(ratio.high)
    interval = f", 95 % interval {spoken(ratio.low)} to {spoken(ratio.high)}" if known else ""
    side = ""
    if known and ratio.low > 1:
        side = " It speaks of what all modalities share more than of its own style."
    elif known and ratio.high < 1:
        side = " It speaks of its own style more than of what all modalities share."
    elif known:
        side = " Which of the two it depends on more cannot be told: the interval holds 1."
    return f"{title} depends on F_y {spoken(ratio.ratio)} times as much as on its own factor{interval}.{side}"


def spoken(value: float) -> str:
    """A ratio in running text."""
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def warnings(found: Mapping[str, Ratios]) -> Sequence[str]:
    """Every warning, each once."""
    return tuple(dict.fromkeys(ratio.warning for one in found.values() for ratio in one.values() if ratio.warning))


def at_median(ratios: Ratios) -> str:
    """The ratios where each bandwidth is the median distance, of those modalities that have a warning."""
    return ", ".join(
        f"{name} {spoken(ratio.ratio_at_median)}"
        for name, ratio in ratios.items()
        if ratio.warning and math.isfinite(ratio.ratio_at_median)
    )
