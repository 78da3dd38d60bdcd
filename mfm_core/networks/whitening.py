"""A linear map for each class, which leaves codes of mean 0 and covariance I in every one of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mfm_core.networks.flow import identity_matrix


class ClassWhitening(nn.Module):
    """Takes from codes the mean and the covariance of their class; at first nothing.

    A flow that is fitted to noisy codes leaves classes that spread differently, and by that they can be told apart.
    Mean and covariance of a class are counted, not trained, so that they cannot be learnt by heart.

    Args:
        d: Numbers of a code.
        classes: Number of classes.
    """

    mean: Tensor
    weight: Tensor

    def __init__(self, d: int, classes: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(classes, d))
        self.register_buffer("weight", identity_matrix(d).repeat(classes, 1, 1))

    def forward(self, x: Tensor, probabilities: Tensor) -> Tensor:
        """Codes (N, d) and probabilities of their classes (N, classes) -> (N, d)."""
        centred = x - probabilities @ self.mean
        return torch.einsum("nd,nc,cde->ne", centred, probabilities, self.weight)

    @torch.no_grad()
    def fit(self, x: Tensor, probabilities: Tensor) -> None:
        """Count the means and covariances of codes (N, d), each weighted by the probabilities (N, classes).

        Raises:
            ValueError: If a class has too few codes for a covariance.
        """
        codes, weights = x.double(), probabilities.double()
        counts = weights.sum(0)
        if bool((counts <= 2 * x.shape[1]).any()):
            few = int(counts.argmin())
            raise ValueError(f"x: expected over {2 * x.shape[1]} codes of each class, got {counts[few]:.0f} of {few}")
        mean = weights.T @ codes / counts[:, None]
        second = torch.einsum("nc,nd,ne->cde", weights, codes, codes) / counts[:, None, None]
        covariance = second - torch.einsum("cd,ce->cde", mean, mean)
        self.mean.copy_(mean)
        self.weight.copy_(torch.linalg.cholesky(torch.linalg.inv(covariance)))
