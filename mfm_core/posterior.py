"""The aggregate posterior: where the codes of real pairs lie, as a density that can be sampled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mfm_core.arguments import expect, seed_number, whole_number
from mfm_core.latents import Latents
from mfm_core.printing import short_repr

# Z_a is close to one Gaussian where the prior term works; more components are taken only where BIC asks for them.
STYLE_COMPONENTS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Mixture:
    """A mixture of ``k`` Gaussians in ``d`` dimensions.

    Attributes:
        weights: ``(k,)``, summing to 1.
        means: ``(k, d)``.
        scales: Lower Cholesky factors of the covariances, ``(k, d, d)``.
    """

    weights: Tensor
    means: Tensor
    scales: Tensor

    __repr__ = short_repr

    @classmethod
    def fit(cls, points: Tensor, n_components: tuple[int, ...], seed: int) -> Mixture:
        """Fit by expectation-maximization, with the number of components of the lowest BIC.

        Args:
            points: ``(N, d)``.
            n_components: Numbers to choose from; those above ``N`` are passed over.
            seed: Of the initial assignment.
        """
        # scikit-learn takes half a second to import, and most users of the package never fit anything.
        from sklearn.mixture import GaussianMixture

        data = points.detach().cpu().double().numpy()
        fitted = [
            GaussianMixture(k, covariance_type="full", reg_covar=1e-4, max_iter=500, random_state=seed).fit(data)
            for k in n_components
            if k <= len(data)
        ]
        best = min(fitted, key=lambda mixture: float(mixture.bic(data)))
        arrays = best.weights_, best.means_, np.linalg.cholesky(best.covariances_)
        weights, means, scales = (torch.from_numpy(array).float() for array in arrays)
        return cls(weights, means, scales)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` points, ``(n, d)``."""
        bounds = self.weights.cumsum(0)[:-1].contiguous()
        component = torch.searchsorted(bounds, torch.rand(n, generator=generator, dtype=torch.float32))
        noise = torch.randn(n, self.means.shape[1], 1, generator=generator, dtype=torch.float32)
        return self.means[component] + (self.scales[component] @ noise).squeeze(2)


@dataclass(frozen=True)
class AggregatePosterior:
    """Q(Z) of real pairs: one mixture of Gaussians a block, the blocks independent as in Eq. 3.

    Where training did not bring Q(Z) to N(0, I), samples of the prior fall between the codes of real pairs; samples
    of this density do not. Print both (compare WAE, Tolstikhin et al. 2018, section 4).

    Attributes:
        mixtures: Of each block, ``"y"`` first.
        masks: The masks of real sequences, ``(M, T)``, of which each sample gets one; None for still data.
    """

    mixtures: Mapping[str, Mixture]
    masks: Tensor | None = None

    __repr__ = short_repr

    @classmethod
    def fit(cls, latents: Latents, *, n_components: int = 20, seed: int = 0) -> AggregatePosterior:
        """Fit to codes of real samples.

        Args:
            latents: ``N`` samples.
            n_components: Of the mixture of Z_y: at least one for each label, more where a label has several modes.
                For each Z_a the number of the lowest BIC among ``STYLE_COMPONENTS`` is taken.
            seed: Of the fits; the same seed gives the same density.

        Raises:
            ValueError: If ``n_components`` is no whole number, not positive, or exceeds the number of samples, or
                another argument is not as said.
        """
        expect("latents", latents, Latents)
        seed = seed_number(seed)
        if not 1 <= (n_components := whole_number("n_components", n_components)) <= len(latents):
            raise ValueError(f"n_components: expected 1 to {len(latents)}, the number of samples, got {n_components}")
        wanted = {"y": (n_components,)} | dict.fromkeys(latents.a, STYLE_COMPONENTS)
        mixtures = {name: Mixture.fit(block, wanted[name], seed) for name, block in latents.blocks().items()}
        return cls(mixtures, None if latents.mask is None else latents.mask.cpu())

    def sample(self, n: int, *, generator: torch.Generator) -> Latents:
        """Draw ``n`` samples of Z.

        Args:
            n: How many.
            generator: Source of randomness, on the CPU.

        Raises:
            ValueError: If ``n`` is no whole number or negative, or ``generator`` is none.
        """
        n, generator = whole_number("n", n, 0, "samples"), expect("generator", generator, torch.Generator)
        drawn = {name: mixture.sample(n, generator) for name, mixture in self.mixtures.items()}
        mask = None if self.masks is None else self.masks[torch.randint(len(self.masks), (n,), generator=generator)]
        return Latents(drawn.pop("y"), drawn, mask)
