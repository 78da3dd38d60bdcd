"""The normalised Hilbert-Schmidt Independence Criterion (Eq. 5, section 3.4), exact, in memory O(n * block)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.arguments import tensor, whole_number
from mfm_core.interpretation.kernels import Bandwidth, Kernel, Progress, Rbf
from mfm_core.interpretation.one_thread import one_thread

# Rows and columns of the Gram matrices computed at a time: the fastest of 128, 256, 512 and 1024 on one core.
BLOCK = 256


def normalized_hsic(
    f: npt.NDArray[np.floating] | Tensor | Kernel,
    x: npt.NDArray[np.floating] | Tensor | Kernel,
    bandwidth: Bandwidth = 1.0,
    *,
    block: int = BLOCK,
    progress: Progress | None = None,
) -> float:
    """Dependency of ``x`` on ``f``: tr(K_F H K_X H) / (|H K_F H| |H K_X H|), 0 to 1 (Eq. 5, section 3.4).

    With H = I - 11^T/n, and RBF kernels unless others are given. Everything is in float64, because float32 sums over
    a large Gram matrix lose the second digit; distances and kernels in float32 would be a fifth faster.

    The criterion is biased upwards by a term of order 1/n: where the Gram matrices are nearly the identity it tends to
    1 for any ``f`` and ``x``.

    Args:
        f: Samples ``(n, ...)``, a tensor or a NumPy array, flattened; or a kernel over them.
        x: The same samples of the other variable.
        bandwidth: Of the RBF kernels; the paper's is 1 (supplement F). ``"median"`` takes the median distance between
            samples, of each variable its own. Kernels that are given keep theirs.
        block: Rows and columns at a time; memory grows with ``n * block``, the result does not depend on it.
        progress: Called with the share of the work that is done; what it raises ends the work.

    Returns:
        The dependency; 1 for a variable and itself, 0 where a variable is constant, for it depends on nothing.

    Raises:
        ValueError: If the numbers of samples differ or are below 2, a value is not finite, the bandwidth is no
            positive number, or another argument is not as said.
    """
    block = whole_number("block", block, 1)
    kernels = [
        given if isinstance(given, Kernel) else Rbf(tensor(name, given), bandwidth, name=name)
        for name, given in (("f", f), ("x", x))
    ]
    return float(normalize(moments(kernels, block=block, progress=progress)[0])[0, 1])


@one_thread()
def moments(
    kernels: Sequence[Kernel], *, block: int = BLOCK, progress: Progress | None = None
) -> tuple[Tensor, Tensor]:
    """tr(K_a H K_b H) of every pair of kernels ``(k, k)``, and the mean of every Gram matrix ``(k,)``; float64.

    The first is the sum of K_a * K_b, less 2/n times the product of the vectors of row sums, plus that of the total
    sums divided by n^2; one pass over half of the blocks computes them all.

    Raises:
        ValueError: If the kernels are over different numbers of samples.
    """
    n = check_lengths(kernels)
    shifts = [shift(kernel) for kernel in kernels]
    products = torch.zeros(len(kernels), len(kernels), dtype=torch.float64)
    rows = torch.zeros(len(kernels), n, dtype=torch.float64)
    for i, j in block_pairs(n, block, progress):
        blocks = torch.stack([k.block(i, j).sub_(c).cpu() for k, c in zip(kernels, shifts, strict=True)])
        flat = blocks.flatten(1)
        rows[:, i] += blocks.sum(dim=2)
        if i == j:
            products += flat @ flat.T
        else:
            products += 2 * (flat @ flat.T)  # and the block below the diagonal
            rows[:, j] += blocks.sum(dim=1)
    sums = rows.sum(dim=1)
    products += torch.outer(sums, sums) / n**2 - 2 / n * (rows @ rows.T)
    return products, sums / n**2 + torch.tensor(shifts, dtype=torch.float64)


def normalize(products: Tensor) -> Tensor:
    """Divide centred products ``(..., k, k)`` by the norms on their diagonal; 0 where a norm is 0."""
    norms = products.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
    scale = norms.unsqueeze(-1) * norms.unsqueeze(-2)
    return torch.where(scale > 0, products / scale, 0.0)


def shift(kernel: Kernel) -> float:
    """About the mean of a Gram matrix.

    Centring removes any constant, so taking this one off beforehand changes nothing but the rounding: of a kernel
    whose values are all nearly the same, the products would otherwise be small differences of large sums.
    """
    few = slice(0, len(kernel), math.ceil(len(kernel) / BLOCK))
    return float(kernel.block(few, few).mean())


def check_lengths(kernels: Sequence[Kernel]) -> int:
    """The number of samples of all kernels.

    Raises:
        ValueError: If they differ.
    """
    for first, second in combinations([len(kernel) for kernel in kernels], 2):
        if first != second:
            raise ValueError(f"f, x: expected as many samples of both, got {first} and {second}")
    return len(kernels[0])


def block_pairs(n: int, block: int, progress: Progress | None = None) -> Iterator[tuple[slice, slice]]:
    """Row and column blocks on and above the diagonal of an ``n`` by ``n`` matrix."""
    starts = range(0, n, block)
    total, done = len(starts) * (len(starts) + 1) // 2, 0
    for i in starts:
        for j in range(i, n, block):
            yield slice(i, min(i + block, n)), slice(j, min(j + block, n))
            done += 1
            if progress is not None:
                progress(done / total)
