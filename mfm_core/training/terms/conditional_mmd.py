"""Z_a given the label follows the prior: Z_a is kept free of the label."""

from __future__ import annotations

import torch
from torch import Tensor

from mfm_core.latents import Latents
from mfm_core.training.objective import conditional_mmd
from mfm_core.training.terms.inputs import TermInputs
from mfm_core.training.terms.registry import register_term

PRIOR_DRAWS = 4  # a sample of the batch, to compare Z_a with: the more, the steadier


@register_term(
    "conditional_mmd",
    "MMD of Z_a given the label to N(0, I)",
    label="classes",
    small={"image": 100.0},
    order=70,
)
def label_independence(seen: TermInputs) -> Tensor:
    """Conditional MMD of each Z_a to as many draws of the prior as make it steady."""
    many = seen.model.sample(PRIOR_DRAWS * len(seen.labels), generator=seen.generator)
    return label_independence_cost(seen.latents, many, seen.labels)


def label_independence_cost(latents: Latents, prior: Latents, labels: Tensor) -> Tensor:
    """Conditional MMD of each Z_a to the prior, summed over modalities."""
    return torch.stack([conditional_mmd(z, labels, prior.a[name]) for name, z in latents.a.items()]).sum()
