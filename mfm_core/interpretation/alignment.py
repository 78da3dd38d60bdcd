"""The global alignment kernel: compares series of different lengths by all of their alignments at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from mfm_core.interpretation.kernels import Bandwidth, Gram, Progress, median_distance, resolve
from mfm_core.interpretation.one_thread import one_thread
from mfm_core.networks.steps import to_front

# Cells of the alignment tables of the pairs that are computed at a time.
CELLS = 200_000
# The median is taken over the pairs of at most so many steps.
MAX_STEPS = 1_000


@one_thread()
def global_alignment(
    series: Tensor,
    mask: Tensor,
    bandwidth: Bandwidth = "median",
    *,
    name: str = "series",
    progress: Progress | None = None,
) -> Gram:
    """Normalised global alignment kernel of all pairs of series (supplement F; Cuturi, ICML 2011, Eqs. 2 and 5).

    The sum, over all ways to align two series step by step, of the product of a local kernel over the aligned steps:
    k = exp(-phi), phi = d^2/(2 s^2) + log(2 - exp(-d^2/(2 s^2))), for which the sum is positive definite. It is
    summed in log space, for many pairs at once along antidiagonals, then divided so that each series has 1 with
    itself.

    Args:
        series: ``(N, T, d)``.
        mask: Which steps are real, ``(N, T)``; what lies in the others does not matter.
        bandwidth: Of the local kernel. ``"median"``, as Cuturi advises: the median distance of two steps of any
            series, times the square root of the median length.
        name: What messages call ``series``.
        progress: Called with the share of the work that is done; what it raises ends the work.

    Returns:
        The Gram matrix, ``(N, N)``.

    Raises:
        ValueError: If shapes do not fit, there are fewer than 2 series, one has no real step, or a value is not finite.
    """
    steps, lengths = real_steps(series, mask, name)
    scale = resolve(bandwidth, lambda: step_distance(steps, lengths))
    steps = steps / (math.sqrt(2) * scale)
    n = len(steps)
    first, second = torch.triu_indices(n, n)
    at_once = max(1, CELLS // steps.shape[1] ** 2)
    logs = []
    for start in range(0, len(first), at_once):
        i, j = first[start : start + at_once], second[start : start + at_once]
        logs.append(_log_sums(steps[i], steps[j], lengths[i], lengths[j]))
        if progress is not None:
            progress(min(1.0, (start + at_once) / len(first)))
    table = steps.new_empty(n, n)
    table[first, second] = table[second, first] = torch.cat(logs)
    own = table.diagonal() / 2
    return Gram((table - own - own[:, None]).clamp_(max=0).exp_(), scale)


def _log_sums(x: Tensor, y: Tensor, x_lengths: Tensor, y_lengths: Tensor) -> Tensor:
    """Log of the sum over alignments of each of P pairs: ``x``, ``y`` ``(P, T, d)``, in units of sqrt(2) bandwidths."""
    length = x.shape[1]
    squares = x.square().sum(dim=2)[:, :, None] + y.square().sum(dim=2)[:, None]
    near = torch.baddbmm(squares, x, y.transpose(1, 2), beta=-1, alpha=2).clamp_(max=0)  # -d^2 / (2 s^2)
    local = near - torch.log(2 - near.exp())  # (P, T, T)
    # Cell (i, j) stands in row i + 1 of antidiagonal i + j, below a border of log 0.
    local = local.permute(1, 2, 0).contiguous()  # (T, T, P): pairs lie side by side
    last = x_lengths + y_lengths - 2
    result = x.new_empty(len(x))
    before = twice_before = x.new_full((length + 1, len(x)), -math.inf)
    for diagonal in range(2 * length - 1):
        low, high = max(0, diagonal - length + 1), min(diagonal, length - 1) + 1
        i = torch.arange(low, high, device=x.device)
        current = torch.full_like(before, -math.inf)
        if diagonal == 0:
            current[1] = local[0, 0]
        else:
            ways = torch.stack([before[low:high], before[low + 1 : high + 1], twice_before[low:high]])
            best = ways.amax(dim=0)
            current[low + 1 : high + 1] = (
                ways.sub_(best).exp_().sum(dim=0).log_().add_(best).add_(local[i, diagonal - i])
            )
        ends = (last == diagonal).nonzero().squeeze(1)
        result[ends] = current[x_lengths[ends], ends]
        before, twice_before = current, before
    return result


def real_steps(series: Tensor, mask: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """Real steps moved to the front, ``(N, T, d)`` in float64 and 0 elsewhere, and how many there are, ``(N,)``.

    Raises:
        ValueError: If shapes do not fit, there are fewer than 2 series, one has no real step, or a value is not finite.
    """
    if series.ndim != 3 or len(series) < 2:
        raise ValueError(f"{name}: expected shape (n, T, d) with n > 1 samples, got {tuple(series.shape)}")
    if mask.shape != series.shape[:2] or mask.dtype != torch.bool:
        raise ValueError(
            f"mask: expected booleans of shape {tuple(series.shape[:2])}, got {mask.dtype} of {tuple(mask.shape)}"
        )
    lengths = mask.sum(dim=1)
    if not bool(lengths.all()):
        raise ValueError(f"mask: expected at least one real step of each sample, got none of sample {lengths.argmin()}")
    steps = to_front(series.detach().double(), mask)
    if not bool(steps.isfinite().all()):
        raise ValueError(f"{name}: expected finite values at real steps, got NaN or infinity")
    return steps, lengths


def step_distance(steps: Tensor, lengths: Tensor) -> float:
    """Median distance of two steps of any series, times the square root of the median length."""
    real = steps[torch.arange(steps.shape[1], device=steps.device) < lengths[:, None]]
    few = real[torch.linspace(0, len(real) - 1, min(len(real), MAX_STEPS)).round().long()]
    return median_distance(few) * math.sqrt(float(lengths.median()))
