"""Whether an interpretation finds the truth, on clips whose evidence is known step by step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mfm_core.evaluation.statistics import Estimate, estimate
from mfm_core.evaluation.statistics import share as wilson

# Resamples whose areas are computed at a time: more would take memory, not time.
AT_ONCE = 32


class Findings(NamedTuple):
    """How well values of steps agree with the truth; each figure with a bootstrap interval over clips.

    Attributes:
        hits: Share of clips whose largest value is at a step that carried evidence. Of equal largest values each
            counts its part. Where all clips agree, which no resample could differ from, the interval is Wilson's.
        hits_by_chance: The same for a step drawn at random.
        auc: Area under the ROC curve of the values of all steps of all clips against whether they carried evidence;
            by chance 0.5.
        auc_within: Mean over clips of the area within a clip, of which differences between clips are no part.
    """

    hits: Estimate
    hits_by_chance: Estimate
    auc: Estimate
    auc_within: Estimate


def flow_against_truth(
    flow: Tensor,
    evidence: Tensor,
    mask: Tensor,
    *,
    n_bootstrap: int = 1_000,
    generator: torch.Generator | None = None,
) -> Findings:
    """Judge the values of steps, of the flow or of another method, by the evidence that the steps truly carried.

    Clips without evidence, or with it at every real step, have nothing to find and are left out.

    Args:
        flow: Of one modality, ``(N, T)``; of signed values it is their size that counts.
        evidence: What each step truly adds to the score, ``(N, T)``; it carried evidence where that is not 0.
        mask: Which steps are real, ``(N, T)``; the others do not matter.
        n_bootstrap: Resamples of clips, from which the 95 % intervals are read.
        generator: Of the resamples; one of its own, seeded with 0, if none is given.

    Raises:
        ValueError: If shapes differ, a value at a real step is not finite, or there is no clip to judge by.
    """
    if not flow.shape == evidence.shape == mask.shape or flow.ndim != 2:
        shapes = ", ".join(str(tuple(x.shape)) for x in (flow, evidence, mask))
        raise ValueError(f"flow, evidence, mask: expected one shape (N, T), got {shapes}")
    if mask.dtype != torch.bool:
        raise ValueError(f"mask: expected torch.bool, got {mask.dtype}")
    if n_bootstrap < 1:
        raise ValueError(f"n_bootstrap: expected 1 or more, got {n_bootstrap}")
    for name, x in (("flow", flow), ("evidence", evidence)):
        if not bool(x[mask].isfinite().all()):
            raise ValueError(f"{name}: expected finite values at real steps, got NaN or infinity")
    truth = (evidence != 0) & mask
    share = truth.sum(dim=1) / mask.sum(dim=1).clamp_min(1)
    judged = (share > 0) & (share < 1)
    if not bool(judged.any()):
        raise ValueError("evidence: expected a clip with evidence at some of its real steps, got none")
    truth, mask, share = truth[judged], mask[judged], share[judged]
    values = flow[judged].detach().abs().double().masked_fill(~mask, -1.0)
    largest = values == values.amax(dim=1, keepdim=True)
    hits = (largest & truth).sum(dim=1) / largest.sum(dim=1)

    n = len(values)
    draws = torch.randint(n, (n_bootstrap, n), generator=generator or torch.Generator().manual_seed(0))
    counts = torch.zeros(n_bootstrap, n, dtype=torch.float64).scatter_add_(1, draws, torch.ones_like(draws).double())
    counts = torch.cat([torch.ones(1, n, dtype=torch.float64), counts])  # the first is the sample itself
    clip = torch.arange(n)[:, None].expand_as(mask)[mask]
    steps = values[mask].numpy(), truth[mask].numpy()
    pooled = np.concatenate(
        [weighted_auc(*steps, counts[at : at + AT_ONCE, clip].numpy()) for at in range(0, len(counts), AT_ONCE)]
    )
    one = np.ones((1, mask.shape[1]))
    areas = [
        weighted_auc(v[m].numpy(), t[m].numpy(), one[:, : int(m.sum())])
        for v, t, m in zip(values, truth, mask, strict=True)
    ]
    within = torch.from_numpy(np.concatenate(areas))

    def mean(per_clip: Tensor) -> Estimate:
        return _estimate((counts @ per_clip.double() / n).numpy(), n)

    alike = bool((hits == 0).all()) or bool((hits == 1).all())
    return Findings(wilson(hits == 1) if alike else mean(hits), mean(share), _estimate(pooled, n), mean(within))


def weighted_auc(
    values: NDArray[np.float64], truth: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Area under the ROC curve under several weightings of the same values; a tie counts one half.

    scikit-learn's, but of a thousand weightings with one sort.

    Args:
        values: ``(n,)``.
        truth: ``(n,)``.
        weights: ``(B, n)``.

    Returns:
        ``(B,)``.
    """
    order = values.argsort(kind="stable")
    values, truth, weights = values[order], truth[order], weights[:, order]
    groups = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])  # where a new value begins
    true = np.add.reduceat(weights * truth, groups, axis=1)
    false = np.add.reduceat(weights * ~truth, groups, axis=1)
    below = false.cumsum(axis=1) - false / 2
    area: NDArray[np.float64] = (true * below).sum(axis=1) / (true.sum(axis=1) * false.sum(axis=1))
    return area


def _estimate(values: NDArray[np.float64], n: int) -> Estimate:
    """The first value, with the 95 % interval of the others."""
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return estimate(float(values[0]), float(low), float(high), n)
