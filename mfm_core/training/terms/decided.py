"""Labels that D gives to Z_y from the prior: as frequent as real ones, and each of them for certain."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mfm_core.training.terms.inputs import TermInputs
from mfm_core.training.terms.registry import register_term


@register_term(
    "label_balance",
    "the labels of sampled Z_y are as frequent as those of real samples",
    label="classes",
    small={"image": 20.0},
    order=50,
)
def label_balance(seen: TermInputs) -> Tensor:
    """See :func:`label_balance_cost`."""
    return label_balance_cost(seen.model.decide(seen.prior.y), seen.labels)


@register_term(
    "certainty",
    "D is sure of the label of sampled Z_y",
    label="classes",
    small={"image": 10.0},
    switch="label_balance",
    order=60,
)
def certainty(seen: TermInputs) -> Tensor:
    """See :func:`certainty_cost`: between two classes lies a border, where no modality shows another class."""
    return certainty_cost(seen.model.decide(seen.prior.y))


def label_balance_cost(decided: Tensor, labels: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the labels D gives to the prior's Z_y from those of a batch of real pairs.

    Args:
        decided: Logits of D, ``(N, n_labels)``.
        labels: Of the real pairs.
    """
    real = torch.bincount(labels, minlength=decided.shape[1]) / len(labels)
    given = torch.softmax(decided, dim=1).mean(0)
    return nn.functional.kl_div(given.clamp_min(1e-6).log(), real, reduction="sum")


def certainty_cost(decided: Tensor) -> Tensor:
    """Entropy in nats of the labels D gives to each Z_y of the prior, averaged: logits ``(N, n_labels)`` -> scalar.

    With :func:`label_balance_cost` it makes their mutual information large (Krause et al., 2010, "Discriminative
    clustering by regularized information maximization").
    """
    given = torch.log_softmax(decided, dim=1)
    return -(given.exp() * given).sum(1).mean()
