"""Readings of the gradient flow: how the Jacobian of Eq. 7 (section 3.4) becomes one number a step.

``norm`` is Eq. 7 as printed. The others ask the same Jacobian something narrower: ``standardised`` in units of what F
and x^ vary by, ``score`` along the one direction in which the label moves, ``relative`` beside other clips.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.networks.forward_mode import forward_mode
from mfm_core.networks.steps import in_front, put_back, to_front

Reading = Literal["norm", "standardised", "score", "relative"]
# Jacobian of a factor along directions, with features of x^ scaled -> |.|^2 a step, by modality.
Measure = Callable[[Tensor | None, Mapping[str, Tensor] | None], dict[str, Tensor]]


@dataclass(frozen=True)
class Question:
    """Question to a reading.

    Attributes:
        model: A model of sequences.
        latents: ``N`` samples with their mask.
        factor: ``"y"``, or a modality for its F_a.
        reference: The clips that give scales and means.
        flow: Measures the Jacobian at ``latents``.
        flow_of_reference: The same at ``reference``.
    """

    model: MFM
    latents: Latents
    factor: str
    reference: Latents
    flow: Measure
    flow_of_reference: Measure


def norm(asked: Question) -> dict[str, Tensor]:
    """|d x^_t / d F|_F^2: Eq. 7."""
    return asked.flow(None, None)


def standardised(asked: Question) -> dict[str, Tensor]:
    """The same of F and x^ in units of their standard deviations over the reference clips and their real steps.

    A feature, or a number of F, that does not vary there counts nothing.
    """
    factors = asked.model.factors(asked.reference)
    generated = asked.model.decode_factors(factors).modalities
    real = _mask_of(asked.reference)
    spread = factors.blocks()[asked.factor].std(dim=0, correction=0)
    scales = {name: _inverse(x[real].std(dim=0, correction=0)) for name, x in generated.items()}
    return asked.flow(torch.diag(spread), scales)


def score(asked: Question) -> dict[str, Tensor]:
    """|d x^_t / d score|^2 through F_y: along the direction in which the label's score moves, per unit of it.

    Of all moves of Z_y the one along the gradient of D(G_y(Z_y)) changes the score most; this is its image in F_y,
    J J^T w with J = d F_y / d Z_y and w = d score / d F_y. Directions of F_y that no Z_y moves along do not count.

    Raises:
        ValueError: If the factor is not ``"y"``, of which alone the label is a function.
    """
    if asked.factor != "y":
        raise ValueError(f"factor: expected 'y', of which alone the score is a function, got {asked.factor!r}")
    return asked.flow(score_direction(asked.model, asked.latents.y).unsqueeze(2), None)


def relative(asked: Question) -> dict[str, Tensor]:
    """Eq. 7 over its mean at that position, counted in real steps, over the reference clips.

    Early steps pass on to all later ones, and so move with F more than others in every clip; what is left is what is
    particular to this one.
    """
    usual = asked.flow_of_reference(None, None)
    there, mask = _mask_of(asked.reference), _mask_of(asked.latents)
    found = {}
    for name, flow in asked.flow(None, None).items():
        fronted, counted = to_front(usual[name].unsqueeze(2), there).squeeze(2), in_front(there)
        mean = fronted.sum(dim=0) / counted.sum(dim=0).clamp_min(1)
        length = mask.shape[1]
        typical = torch.nn.functional.pad(mean, (0, max(length - len(mean), 0)), value=float(mean[-1]))[:length]
        expected = put_back(typical.expand(len(mask), length).unsqueeze(2), mask).squeeze(2)
        found[name] = torch.where(expected > 0, flow / expected.clamp_min(torch.finfo(flow.dtype).tiny), 0)
    return found


READINGS: Mapping[str, Callable[[Question], dict[str, Tensor]]] = {
    "norm": norm,
    "standardised": standardised,
    "score": score,
    "relative": relative,
}


def score_direction(model: MFM, z_y: Tensor) -> Tensor:
    """The move of F_y that raises the label's score by 1, along the gradient of the score by Z_y.

    Args:
        model: The model; of several scores the first counts, of classes the logit of the one it takes a sample for.
        z_y: ``(N, d_y)``.

    Returns:
        ``(N, d_f)``; 0 where no move of Z_y changes the score.
    """
    weights: Tensor = model.label_head.weight
    first = model.config.label.kind == "scores"
    chosen = weights[:1].expand(len(z_y), -1) if first else weights[model.decide(z_y).argmax(dim=1)]
    with forward_mode():
        steepest: Tensor = torch.func.grad(lambda z: (model.g_y(z) * chosen).sum())(z_y)
        moved: Tensor = torch.func.jvp(model.g_y, (z_y,), (steepest,))[1]
    raised = (moved * chosen).sum(dim=1, keepdim=True)  # |J^T w|^2
    return torch.where(raised > 0, moved / raised.clamp_min(torch.finfo(raised.dtype).tiny), 0)


def _mask_of(latents: Latents) -> Tensor:
    if latents.mask is None:
        raise ValueError("mask: expected which steps are real, boolean (N, T), got none")
    return latents.mask


def _inverse(x: Tensor) -> Tensor:
    return torch.where(x > 0, 1 / x.clamp_min(torch.finfo(x.dtype).tiny), 0)
