"""Resampling of dependencies: leaving samples out, and permuting one variable against another."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mfm_core.interpretation.hsic import BLOCK, block_pairs, check_lengths, shift
from mfm_core.interpretation.kernels import Kernel, Progress, portion
from mfm_core.interpretation.one_thread import one_thread

MIN_SAMPLES = 5
"""Samples below which no interval is given: so few say next to nothing of how far a figure would vary."""
# Permutations need whole Gram matrices; of more samples they take so many.
MAX_PERMUTED = 2_000


@one_thread()
def leave_one_out(
    kernels: Sequence[Kernel],
    pairs: Sequence[tuple[int, int]],
    *,
    block: int = BLOCK,
    progress: Progress | None = None,
) -> Tensor:
    """tr(K_a H K_b H) of all samples but one, for each of them, in two passes over the Gram matrices.

    What one sample adds to the sums is in its own row; memory is O(n * block).

    Args:
        kernels: Over the same ``n`` samples.
        pairs: Which products of two kernels are asked for.
        block: Rows and columns at a time.
        progress: Called with the share of the work that is done; what it raises ends the work.

    Returns:
        ``(n, pairs)``, float64.
    """
    n = check_lengths(kernels)
    shifts = [shift(kernel) for kernel in kernels]
    rows, own = torch.zeros(2, len(kernels), n, dtype=torch.float64)
    along, ab, ba = torch.zeros(3, len(pairs), n, dtype=torch.float64)
    for i, j in block_pairs(n, block, portion(progress, 0, 0.5)):
        blocks = [k.block(i, j).sub_(c).cpu() for k, c in zip(kernels, shifts, strict=True)]
        for index, values in enumerate(blocks):
            rows[index, i] += values.sum(dim=1)
            if i == j:
                own[index, i] = values.diagonal()
            else:
                rows[index, j] += values.sum(dim=0)
        for index, (a, b) in enumerate(pairs):
            both = blocks[a] * blocks[b]
            along[index, i] += both.sum(dim=1)
            if i != j:
                along[index, j] += both.sum(dim=0)
    for i, j in block_pairs(n, block, portion(progress, 0.5, 1)):
        blocks = [k.block(i, j).sub_(c).cpu() for k, c in zip(kernels, shifts, strict=True)]
        for index, (a, b) in enumerate(pairs):
            for total, values, sums in ((ab, blocks[a], rows[b]), (ba, blocks[b], rows[a])):
                total[index, i] += values @ sums[j]
                if i != j:
                    total[index, j] += values.T @ sums[i]
    columns = []
    for index, (a, b) in enumerate(pairs):
        product = along[index].sum() - 2 * along[index] + own[a] * own[b]
        crossed = rows[a] @ rows[b] - ab[index] - ba[index] + along[index]
        crossed -= (rows[a] - own[a]) * (rows[b] - own[b])
        sums_a, sums_b = (rows[k].sum() - 2 * rows[k] + own[k] for k in (a, b))
        columns.append(product - 2 / (n - 1) * crossed + sums_a * sums_b / (n - 1) ** 2)
    return torch.stack(columns, dim=1)


def leave_one_unit_out(
    kernels: Sequence[Kernel],
    pairs: Sequence[tuple[int, int]],
    units: Tensor,
    *,
    block: int = BLOCK,
    progress: Progress | None = None,
) -> Tensor:
    """tr(K_a H K_b H) of all samples but those of one unit, for each unit, in one pass over the Gram matrices.

    Args:
        kernels: Over the same ``n`` samples.
        pairs: Which products of two kernels are asked for.
        units: Of each sample the number of its unit, such as a video, ``(n,)`` int64; every number from 0 to the
            greatest is some sample's.
        block: Rows and columns at a time.
        progress: Called with the share of the work that is done; what it raises ends the work.

    Returns:
        ``(units, pairs)``, float64.
    """
    n = check_lengths(kernels)
    member = torch.nn.functional.one_hot(units).double()  # (n, units)
    shifts = [shift(kernel) for kernel in kernels]
    to_unit = torch.zeros(len(kernels), *member.shape, dtype=torch.float64)  # sums of a row over a unit's columns
    products = torch.zeros(len(pairs), n, dtype=torch.float64)
    within = torch.zeros(len(pairs), member.shape[1], dtype=torch.float64)
    for i, j in block_pairs(n, block, progress):
        blocks = [k.block(i, j).sub_(c).cpu() for k, c in zip(kernels, shifts, strict=True)]
        for index, values in enumerate(blocks):
            to_unit[index, i] += values @ member[j]
            if i != j:
                to_unit[index, j] += values.T @ member[i]
        for index, (a, b) in enumerate(pairs):
            both = blocks[a] * blocks[b]
            products[index, i] += both.sum(dim=1)
            inside = ((both @ member[j]) * member[i]).sum(dim=0)
            within[index] += inside if i == j else 2 * inside
            if i != j:
                products[index, j] += both.sum(dim=0)
    left = 1 - member  # (n, units)
    rest = (to_unit.sum(dim=2, keepdim=True) - to_unit) * left  # of the samples that are left, over those alone
    sums, count = rest.sum(dim=1), left.sum(dim=0)  # (kernels, units), (units,)
    columns = []
    for index, (a, b) in enumerate(pairs):
        product = products[index].sum() - 2 * products[index] @ member + within[index]
        crossed = (rest[a] * rest[b]).sum(dim=0)
        columns.append(product - 2 / count * crossed + sums[a] * sums[b] / count**2)
    return torch.stack(columns, dim=1)


def permutation_p_values(
    f: Kernel,
    others: Sequence[Kernel],
    n_permutations: int,
    generator: torch.Generator,
    *,
    progress: Progress | None = None,
) -> list[float]:
    """Of the hypothesis that a variable is independent of ``f``: how often chance makes it as dependent as it is.

    The samples of ``f`` are permuted against those of the others. That leaves the norms in Eq. 5 as they are, and of
    the centred Gram matrices, which are computed once, permutes rows and columns.

    Args:
        f: Kernel over the samples; of more than 2,000 the test takes about 2,000, at even intervals.
        others: Kernels of the variables that may depend on ``f``.
        n_permutations: How many; the smallest p-value is 1 / (n_permutations + 1).
        generator: Of the permutations, the same for all variables.
        progress: Called with the share of the work that is done; what it raises ends the work.
    """
    n = check_lengths([f, *others])
    few = slice(0, n, math.ceil(n / MAX_PERMUTED))
    centred = _centred(f, few)
    matrices = torch.stack([_centred(other, few).flatten() for other in others])  # (k, n * n)
    observed = matrices @ centred.flatten()
    # Sums of the same numbers in another order differ by rounding, which is no evidence against the hypothesis.
    slack = 1e-12 * matrices.norm(dim=1) * centred.norm()
    reached = torch.zeros(len(others), dtype=torch.long)
    for done in range(1, n_permutations + 1):
        order = torch.randperm(len(centred), generator=generator)
        reached += matrices @ centred[order].index_select(1, order).flatten() >= observed - slack
        if progress is not None:
            progress(done / n_permutations)
    return [(1 + int(count)) / (1 + n_permutations) for count in reached]


def _centred(kernel: Kernel, few: slice) -> Tensor:
    """H K H of some samples."""
    matrix = kernel.block(few, few).cpu()
    matrix -= matrix.mean(dim=0)
    matrix -= matrix.mean(dim=1, keepdim=True)
    return matrix
