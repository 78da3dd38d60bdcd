"""Dependency ratios of a model's held-out clips (Eq. 5), how they vary with the choices made, and the Gram matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

import mfm_core as mfm
from app.dependency.held_out_codes import MOST_CODES, HeldOutCodes
from app.dependency.view import FEWEST, DependencyView
from mfm_core.interpretation.dependency import DependencyRatio
from mfm_core.interpretation.kernels import Bandwidth
from mfm_core.interpretation.sensitivity import Curve, GramMatrices, bandwidth_curve, gram_matrices, size_curve

Progress = Callable[[float], None]
Ratios = Mapping[str, DependencyRatio]

BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Of the sensitivity curve."""

SIZES = 6
"""Numbers of clips of the sensitivity curve."""

SUBSETS = 5
"""Draws of each number of clips."""

SHOWN = 100
"""Clips in a heat map at most; of more, some at even intervals."""

PERMUTATIONS = 200


def bandwidth(view: DependencyView) -> Bandwidth:
    """Bandwidth as ``mfm_core.dependency_ratios`` takes it."""
    if view.bandwidth == "median":
        return "median"
    return 1.0 if view.bandwidth == "one" else view.value / 100


def latents(codes: HeldOutCodes, view: DependencyView) -> mfm.Latents:
    """Z of the clips that are measured."""
    return codes.latents[_measured(codes, view)]


def _measured(codes: HeldOutCodes, view: DependencyView) -> Tensor:
    """Which clips are measured, in their order."""
    return codes.order(view.seed)[: count(codes, view)]


def count(codes: HeldOutCodes, view: DependencyView) -> int:
    """How many clips are measured."""
    return min(view.n or MOST_CODES, len(codes.labels), MOST_CODES)


def ratios(codes: HeldOutCodes, view: DependencyView, progress: Progress) -> Ratios:
    """r_i of each modality, with interval and p-value."""
    index = _measured(codes, view)
    found: Ratios = mfm.dependency_ratios(
        codes.model,
        codes.latents[index],
        units=None if codes.units is None else codes.units[index],
        bandwidth=bandwidth(view),
        kernel=view.kernel,
        n_permutations=PERMUTATIONS,
        generator=torch.Generator().manual_seed(view.seed),
        progress=progress,
    )
    return found


def over_bandwidths(codes: HeldOutCodes, view: DependencyView, progress: Progress) -> Curve:
    """The ratios at every bandwidth of a row of them."""
    return bandwidth_curve(codes.model, latents(codes, view), BANDWIDTHS, kernel=view.kernel, progress=progress)


def over_sizes(codes: HeldOutCodes, view: DependencyView, progress: Progress) -> Curve:
    """The ratios of more and more of the clips, the median of several draws of each number."""
    chosen = latents(codes, view)
    return size_curve(
        codes.model,
        chosen,
        steps(len(chosen)),
        bandwidth=bandwidth(view),
        kernel=view.kernel,
        n_subsets=SUBSETS,
        generator=torch.Generator().manual_seed(view.seed),
        progress=progress,
    )


def steps(most: int) -> tuple[int, ...]:
    """Numbers of clips from few to ``most``, each about as many times the one before."""
    few = min(FEWEST, most)
    return tuple(sorted({round(few * (most / few) ** (i / (SIZES - 1))) for i in range(SIZES)}))


def grams(codes: HeldOutCodes, view: DependencyView, progress: Progress) -> GramMatrices:
    """Gram matrices of F_y and of every modality, clips sorted by label."""
    index = _measured(codes, view)
    return gram_matrices(
        codes.model,
        codes.latents[index],
        codes.labels[index],
        n_shown=SHOWN,
        bandwidth=bandwidth(view),
        kernel=view.kernel,
        progress=progress,
    )


def said_labels(labels: Tensor) -> tuple[str, ...]:
    """Labels as they are read: classes as whole numbers, scores to two decimals."""
    return tuple(f"{value:g}" if labels.dtype == torch.int64 else f"{value:.2f}" for value in labels.tolist())


def spoken(value: float) -> str:
    """A ratio in running text."""
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"
