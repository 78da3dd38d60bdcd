"""Z_y moved until D gives a chosen score: the same speaker, more positive (the paper's future work, section 5)."""

from __future__ import annotations

import torch
from torch import Tensor

from mfm_core.arguments import expect
from mfm_core.latents import Latents
from mfm_core.model import MFM

STEPS = 50
NEAR = 1e-3
LONGEST = 0.5  # of one step in Z_y, so that the way follows the gradient


def with_score(model: MFM, latents: Latents, scores: Tensor | float) -> Latents:
    """Move Z_y along the gradient of the score, uphill or downhill, until D(G_y(Z_y)) is the score asked for.

    All Z_a stay, and so does what of Z_y the score does not depend on near the way. A score that no Z_y on the way has
    is approached as far as :data:`STEPS` steps lead; :meth:`MFM.decide` tells which one was reached.

    Args:
        model: A model whose label is one score.
        latents: ``N`` samples; of sequences with their mask.
        scores: One score for all, or one each, ``(N,)``.

    Returns:
        The same samples with another Z_y.

    Raises:
        ValueError: If the model's label is not one score, or the scores are not finite or not one each.
    """
    latents = expect("model", model, MFM).checked_latents(latents)
    label = model.config.label
    if label.kind != "scores" or label.size != 1:
        raise ValueError(f"model: expected a label of one score, got {label.size} {label.kind}")
    wanted = torch.as_tensor(scores, dtype=latents.y.dtype, device=latents.y.device)
    if wanted.ndim > 1 or (wanted.ndim == 1 and len(wanted) != len(latents)):
        raise ValueError(f"scores: expected one, or one of each of {len(latents)} samples, got {tuple(wanted.shape)}")
    if not bool(wanted.isfinite().all()):
        raise ValueError("scores: expected finite numbers, got NaN or infinity")
    y = latents.y.detach()
    for _ in range(STEPS):
        with torch.enable_grad():
            leaf = y.clone().requires_grad_()
            score = model.decide(leaf)[:, 0]
            (uphill,) = torch.autograd.grad(score.sum(), leaf)
        missing = (wanted - score).detach()
        if bool((missing.abs() < NEAR).all()):
            break
        move = uphill * (missing / uphill.square().sum(dim=1).clamp_min(1e-9)).unsqueeze(1)
        y = y + move * (LONGEST / move.norm(dim=1, keepdim=True).clamp_min(LONGEST))
    return latents.replace(y=y)
