"""The flow of Eq. 7 along the one direction of F_y in which the label's score moves."""

from __future__ import annotations

import torch
from torch import Tensor

from mfm_core.interpretation.base import FlowReading, Question
from mfm_core.interpretation.registry import register_interpretation
from mfm_core.model import MFM
from mfm_core.networks.forward_mode import forward_mode


def score(asked: Question) -> dict[str, Tensor]:
    """|d x^_t / d score|^2 through F_y: along the direction in which the label's score moves, per unit of it.

    Of all moves of Z_y the one along the gradient of D(G_y(Z_y)) changes the score most; this is its image in F_y,
    J J^T w with J = d F_y / d Z_y and w = d score / d F_y. Directions of F_y that no Z_y moves along do not count.
    """
    return asked.flow(score_direction(asked.model, asked.latents.y).unsqueeze(2), None)


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


register_interpretation(
    FlowReading(
        key="score",
        title="Flow along the score",
        way="flow of F_y along the score",
        meaning="how much the step that is generated moves when F_y moves where the score rises",
        unit="squared features a squared unit of the score",
        measure=score,
        needs_label=True,
    )
)
