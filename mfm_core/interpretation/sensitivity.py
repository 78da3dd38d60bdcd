"""How dependency ratios vary with the bandwidth and the number of samples, and the Gram matrices they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from mfm_core.interpretation.dependency import Measured, kernels_of, measure, ratios_of
from mfm_core.interpretation.kernels import Bandwidth, Progress, Rbf, portion
from mfm_core.interpretation.observations import KernelOfX, observe
from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.printing import short_repr


@dataclass(frozen=True)
class Curve:
    """Ratios along something that varies.

    Attributes:
        at: What varies: bandwidths, or numbers of samples.
        ratios: By modality, the ratio at each; of subsets their median.
        low: By modality, the smallest of the subsets' ratios.
        high: The largest.
        nearly_identity: By modality, whether a Gram matrix is nearly the identity there, in any of the subsets, so
            that the bandwidth sets the ratio more than the model does.
    """

    at: tuple[float, ...]
    ratios: dict[str, tuple[float, ...]]
    low: dict[str, tuple[float, ...]]
    high: dict[str, tuple[float, ...]]
    nearly_identity: dict[str, tuple[bool, ...]]


class GramMatrices(NamedTuple):
    """Gram matrices of the same samples in the same order, ``(m, m)`` each.

    Attributes:
        order: Which samples, sorted by label.
        labels: Theirs.
        y: Of F_y.
        a: Of F_a of each modality.
        x: Of each modality as generated.
    """

    order: Tensor
    labels: Tensor
    y: Tensor
    a: dict[str, Tensor]
    x: dict[str, Tensor]

    def __repr__(self) -> str:
        return short_repr(self)


def bandwidth_curve(
    model: MFM,
    latents: Latents,
    bandwidths: Sequence[float],
    *,
    kernel: KernelOfX = "averaged",
    progress: Progress | None = None,
) -> Curve:
    """r_i at several bandwidths, of all samples.

    Raises:
        ValueError: As :func:`~mfm_core.interpretation.dependency.dependency_ratios`, or if there are no bandwidths.
    """
    if not bandwidths:
        raise ValueError("bandwidths: expected at least one, got none")
    seen = observe(model, latents)
    found = []
    for index, bandwidth in enumerate(bandwidths):
        part = portion(progress, index / len(bandwidths), (index + 1) / len(bandwidths))
        kernels = kernels_of(seen, bandwidth, kernel, portion(part, 0, 0.5))
        found.append([measure(kernels, portion(part, 0.5, 1))])
    return _curve(bandwidths, list(seen.generated), found)


def size_curve(
    model: MFM,
    latents: Latents,
    sizes: Sequence[int],
    *,
    bandwidth: Bandwidth = 1.0,
    kernel: KernelOfX = "averaged",
    n_subsets: int = 10,
    generator: torch.Generator | None = None,
    progress: Progress | None = None,
) -> Curve:
    """r_i of random subsets of several sizes, drawn without replacement: where the curve is not flat, n decides.

    Of all samples there is but one subset, which is measured once.

    Args:
        model: The model.
        latents: All samples.
        sizes: Of the subsets, 2 to ``len(latents)``.
        bandwidth: As for :func:`~mfm_core.interpretation.dependency.dependency_ratios`; medians are the subset's own.
        kernel: Of sequences.
        n_subsets: Of each size.
        generator: Of the subsets; one of its own, seeded with 0, if none is given.
        progress: Called with the share of the work that is done; what it raises ends the work.

    Raises:
        ValueError: If there are no sizes or subsets, or a size does not fit.
    """
    if not sizes or not all(2 <= size <= len(latents) for size in sizes):
        raise ValueError(f"sizes: expected numbers from 2 to {len(latents)}, the number of samples, got {list(sizes)}")
    if n_subsets < 1:
        raise ValueError(f"n_subsets: expected 1 or more, got {n_subsets}")
    own = generator or torch.Generator().manual_seed(0)
    seen = observe(model, latents)
    draws = [1 if size == len(latents) else n_subsets for size in sizes]
    work, done, found = sum(n * size**2 for n, size in zip(draws, sizes, strict=True)), 0, []
    for size, n_drawn in zip(sizes, draws, strict=True):
        measured = []
        for _ in range(n_drawn):
            subset = seen[torch.randperm(len(latents), generator=own)[:size]]
            part = portion(progress, done / work, (done + size**2) / work)
            kernels = kernels_of(subset, bandwidth, kernel, portion(part, 0, 0.5))
            measured.append(measure(kernels, portion(part, 0.5, 1)))
            done += size**2
        found.append(measured)
    return _curve(sizes, list(seen.generated), found)


def gram_matrices(
    model: MFM,
    latents: Latents,
    labels: Tensor,
    *,
    n_shown: int = 200,
    bandwidth: Bandwidth = 1.0,
    kernel: KernelOfX = "averaged",
    progress: Progress | None = None,
) -> GramMatrices:
    """Gram matrices for heat maps: of at most ``n_shown`` samples at even intervals, sorted by label.

    Args:
        model: The model.
        latents: ``N`` samples.
        labels: Classes or scores ``(N,)``, or scores ``(N, k)``, of which the first counts.
        n_shown: At most.
        bandwidth: As for :func:`~mfm_core.interpretation.dependency.dependency_ratios`.
        kernel: Of sequences.
        progress: Called with the share of the work that is done; what it raises ends the work.

    Raises:
        ValueError: If the labels are not those of the samples, or fewer than 2 are to be shown.
    """
    if labels.ndim not in (1, 2) or len(labels) != len(latents):
        raise ValueError(f"labels: expected shape ({len(latents)},) or ({len(latents)}, k), got {tuple(labels.shape)}")
    if n_shown < 2:
        raise ValueError(f"n_shown: expected 2 or more, got {n_shown}")
    few = torch.linspace(0, len(latents) - 1, min(len(latents), n_shown)).round().long()
    first = labels if labels.ndim == 1 else labels[:, 0]
    order = few[first[few].argsort(stable=True)]
    seen = observe(model, latents[order])
    whole, m = slice(None), len(seen.generated)
    parts = [portion(progress, i / m, (i + 1) / m) for i in range(m)]
    return GramMatrices(
        order,
        first[order],
        Rbf(seen.factors.y, bandwidth, name="F_y").block(whole, whole),
        {name: Rbf(f, bandwidth, name=f"F_a of {name}").block(whole, whole) for name, f in seen.factors.a.items()},
        {
            name: seen.kernel(name, bandwidth, kernel, part).block(whole, whole)
            for name, part in zip(seen.generated, parts, strict=True)
        },
    )


def _curve(at: Sequence[float], names: list[str], found: list[list[Measured]]) -> Curve:
    """From what was measured at each place of each subset."""
    ratios = [torch.tensor([ratios_of(one) for one in subsets], dtype=torch.float64) for subsets in found]

    def columns(values: list[Tensor]) -> dict[str, tuple[float, ...]]:
        table = torch.stack(values)  # (places, modalities)
        return {name: tuple(table[:, i].tolist()) for i, name in enumerate(names)}

    middle = columns([subsets.quantile(0.5, dim=0) for subsets in ratios])
    low, high = (
        columns([subsets.amin(dim=0) for subsets in ratios]),
        columns([subsets.amax(dim=0) for subsets in ratios]),
    )
    near = {
        name: tuple(any(one.nearly_identity(i) for one in subsets) for subsets in found) for i, name in enumerate(names)
    }
    return Curve(tuple(at), middle, low, high, near)
