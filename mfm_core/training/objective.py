"""The objective of MFM (Eq. 4): reconstruction cost + label cost + lambda * MMD(Q_Z, P_Z)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from mfm_core.config import Config, LabelConfig, Weight, Weights
from mfm_core.latents import Latents

Kernel = Callable[[Tensor, Tensor], Tensor]
SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class ObjectiveConfig(Config):
    """The weights and choices of Eq. 4.

    Attributes:
        independence: What asks Q_Z to be N(0, I). ``joint``: one MMD on the joint Z, as Eq. 4 has it;
            ``per_block``: the sum of one MMD a block, which leaves the blocks free to depend on each other;
            ``published_code``: that sum with the nearly flat kernel and the biased estimate of the authors' code;
            ``none``: nothing.
        kernel: Of ``joint`` and ``per_block``.
        mmd: lambda.
        label: Weight of the label cost.
        reconstruction: Weight of the reconstruction cost, the sum of squared errors of a sample.
        label_cost: Cost of a score; classes always cost their cross-entropy.
        surrogate: Weight of the distance of what the encoders that stand in for missing modalities infer.
        surrogate_label: Weight of the label cost of their Z_y: the mean of two classes' regions is close to both, and
            in neither.
    """

    independence: Literal["joint", "per_block", "published_code", "none"] = "joint"
    kernel: Literal["inverse_multiquadratic", "radial_basis"] = "inverse_multiquadratic"
    mmd: Weight = 100.0
    label: Weight = 10.0
    reconstruction: Weights = 1.0
    label_cost: Literal["squared", "absolute"] = "squared"
    surrogate: Weight = 1.0
    surrogate_label: Weight = 10.0


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Squared Euclidean distances between the rows of ``x`` (n, d) and of ``y`` (m, d), shape ``(n, m)``."""
    squares = x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * x @ y.T
    return squares.clamp_min(0)


def inverse_multiquadratic(x: Tensor, y: Tensor) -> Tensor:
    """Sum over scales s of C / (C + |x - y|^2) with C = 2 d s: fits N(0, I) in d dimensions at every scale."""
    squares = squared_distances(x, y)
    constants = (2 * x.shape[1] * scale for scale in SCALES)
    return torch.stack([c / (c + squares) for c in constants]).sum(0)


def radial_basis(x: Tensor, y: Tensor) -> Tensor:
    """exp(-|x - y|^2 / (2 d)): two draws from N(0, I) in d dimensions lie 2 d apart on average."""
    return torch.exp(-squared_distances(x, y) / (2 * x.shape[1]))


def flat_radial_basis(x: Tensor, y: Tensor) -> Tensor:
    """exp(-|x - y|^2 / d^2), the kernel of the authors' code: nearly constant in many dimensions."""
    return torch.exp(-squared_distances(x, y) / x.shape[1] ** 2)


def mmd(x: Tensor, y: Tensor, kernel: Kernel = inverse_multiquadratic, *, unbiased: bool = True) -> Tensor:
    """Squared maximum mean discrepancy between two samples (Gretton et al., 2012).

    Args:
        x: ``(n, d)``.
        y: ``(m, d)``.
        kernel: Maps ``(n, d)`` and ``(m, d)`` to ``(n, m)``.
        unbiased: The U-statistic, whose mean is 0 when both have one distribution; else the V-statistic.

    Returns:
        A scalar; the unbiased estimate may be negative.

    Raises:
        ValueError: If the dimensions differ, or a sample is too small for the estimate.
    """
    least = 2 if unbiased else 1
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"x, y: expected shapes (n, d) and (m, d), got {tuple(x.shape)} and {tuple(y.shape)}")
    if min(len(x), len(y)) < least:
        raise ValueError(f"x, y: expected at least {least} samples each, got {len(x)} and {len(y)}")
    within = _mean_within(kernel(x, x), unbiased) + _mean_within(kernel(y, y), unbiased)
    return within - 2 * kernel(x, y).mean()


def _mean_within(gram: Tensor, unbiased: bool) -> Tensor:
    if not unbiased:
        return gram.mean()
    n = len(gram)
    return (gram.sum() - gram.diagonal().sum()) / (n * (n - 1))


def conditional_mmd(x: Tensor, labels: Tensor, prior: Tensor, kernel: Kernel = inverse_multiquadratic) -> Tensor:
    """Squared MMD between x given its label and the prior, averaged over pairs of one label (unbiased).

    It is 0 in the mean only if x follows the prior *within every class*, that is if x tells nothing of the label.

    Args:
        x: ``(n, d)``.
        labels: Classes, ``(n,)``; a class counts by its number of pairs, one with a single sample not at all.
        prior: Draws from the prior, ``(m, d)``.
        kernel: As in :func:`mmd`.
    """
    same = (labels[:, None] == labels[None, :]).float()
    same.fill_diagonal_(0)
    n_pairs = same.sum().clamp_min(1)
    within = (kernel(x, x) * same).sum() / n_pairs
    across = (kernel(x, prior).mean(1) * same.sum(1)).sum() / n_pairs
    return within + _mean_within(kernel(prior, prior), unbiased=True) - 2 * across


def prior_cost(latents: Latents, prior: Latents, config: ObjectiveConfig) -> Tensor:
    """How far the batch's Z is from the prior, by ``config.independence`` (the last term of Eq. 4, without lambda)."""
    return block_prior_cost(latents.blocks(), prior.blocks(), config)


def block_prior_cost(blocks: Mapping[str, Tensor], prior: Mapping[str, Tensor], config: ObjectiveConfig) -> Tensor:
    """The same of any blocks of codes, each ``(N, d)``, in one order in both."""
    kernel = inverse_multiquadratic if config.kernel == "inverse_multiquadratic" else radial_basis
    pairs = [(block, prior[name]) for name, block in blocks.items()]
    match config.independence:
        case "joint":
            joint, drawn = (torch.cat(side, dim=1) for side in zip(*pairs, strict=True))
            return mmd(joint, drawn, kernel)
        case "per_block":
            return torch.stack([mmd(z, p, kernel) for z, p in pairs]).sum()
        case "published_code":
            return torch.stack([mmd(z, p, flat_radial_basis, unbiased=False) for z, p in pairs]).sum()
        case "none":
            return torch.zeros((), device=pairs[0][0].device)


def reconstruction_costs(inputs: Mapping[str, Tensor], generated: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """c(X_i, X^_i) = |X_i - X^_i|^2 of each modality (section 2.2), averaged over the batch."""
    return {name: (generated[name] - x).square().flatten(1).sum(1).mean() for name, x in inputs.items()}


def inference_cost(guess: Latents, latents: Latents) -> Tensor:
    """Mean squared distance of the blocks that a surrogate inferred from those of all modalities, summed over blocks.

    Args:
        guess: What the surrogate infers; the blocks it was given are the very tensors of ``latents``.
        latents: Z of all modalities, which it is to reach and does not move.
    """
    wanted = latents.blocks()
    distances = [
        (z - wanted[name].detach()).square().mean() for name, z in guess.blocks().items() if z is not wanted[name]
    ]
    return torch.stack(distances).sum()


def label_cost(prediction: Tensor, label: Tensor, config: LabelConfig, score_cost: str = "squared") -> Tensor:
    """c(Y, Y^): cross-entropy of classes, squared or absolute error of scores, averaged over the batch.

    Args:
        prediction: Logits, or scores ``(N, size)``.
        label: Classes ``(N,)``, or scores ``(N, size)``; those that are NaN are not known and cost nothing.
        config: What the label is.
        score_cost: ``squared`` or ``absolute``.
    """
    if config.kind == "classes":
        return nn.functional.cross_entropy(prediction, label)
    known = ~label.isnan()
    if not bool(known.any()):
        return prediction[known].sum()  # 0
    cost = nn.functional.mse_loss if score_cost == "squared" else nn.functional.l1_loss
    return cost(prediction[known], label[known])
