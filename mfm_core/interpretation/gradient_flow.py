"""Gradient-norm flow: how much each step of a generated sequence moves with a factor (Eq. 7, section 3.4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mfm_core.interpretation.recurrent_flow import recurrent_flow
from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.networks.forward_mode import forward_mode
from mfm_core.networks.recurrent import RecurrentDecoder

# Tangents pushed through another decoder at a time.
CHUNK = 16


def gradient_flow(
    model: MFM, latents: Latents, factor: str = "y", *, directions: Tensor | None = None
) -> dict[str, Tensor]:
    """|d x^_t / d f|_F^2 of every step t of every modality, for every sample (Eq. 7, section 3.4).

    Exact. Through a :class:`RecurrentDecoder` the Jacobian of the hidden state is propagated by hand, and its product
    with the output layer is measured without being formed; other decoders are differentiated in forward mode.

    Args:
        model: A model of sequences.
        latents: ``N`` samples with their mask ``(N, T)``. The chain runs from F on, not from Z.
        factor: ``"y"`` for F_y, or a modality for its F_a, of which no other modality is a function.
        directions: ``(d_f, k)``, to measure the derivatives along its columns alone; None for all of the factor.

    Returns:
        By modality, ``(N, T)``: 0 at steps that are not real, and where a modality is not a function of the factor.

    Raises:
        ValueError: If the model generates no sequences, the factor is unknown, the mask is missing, or the directions
            are not of the factor's size.
    """
    latents.check_names((factor,))
    if not model.config.sequences:
        raise ValueError("model: expected a model of sequences, got one of images, which have no steps")
    with torch.no_grad():
        factors = model.factors(latents)
        (mask,) = model.steps_of(factors)
        size = factors.blocks()[factor].shape[1]
        if directions is not None and (directions.ndim != 2 or len(directions) != size):
            raise ValueError(f"directions: expected shape ({size}, k), got {tuple(directions.shape)}")
        flows = {}
        for name, f_a in factors.a.items():
            if factor not in ("y", name):
                flows[name] = torch.zeros(mask.shape, dtype=f_a.dtype, device=f_a.device)
                continue
            code = torch.cat([f_a, factors.y], dim=1)
            part = slice(f_a.shape[1], None) if factor == "y" else slice(size)
            decoder = model.decoders[name]
            if isinstance(decoder, RecurrentDecoder):
                flows[name] = recurrent_flow(decoder, code, mask, part, directions)
            else:
                flows[name] = forward_flow(decoder, code, mask, part, directions)
    return flows


def forward_flow(
    decoder: nn.Module, code: Tensor, mask: Tensor, part: slice, directions: Tensor | None = None
) -> Tensor:
    """The same as :func:`recurrent_flow`, by torch.func, for any decoder that treats samples apart.

    Args:
        decoder: (code ``(N, d)``, mask ``(N, T)``) -> ``(N, T, d_x)``.
        code: Where to differentiate.
        mask: Which steps are real.
        part: Which columns of the code f is.
        directions: ``(size of f, k)``, to measure the derivatives along its columns alone.

    Returns:
        ``(N, T)``.
    """

    def squares(tangent: Tensor) -> Tensor:
        moved: Tensor = torch.func.jvp(lambda c: decoder(c, mask), (code,), (tangent.expand_as(code),))[1]
        return moved.square().sum(dim=2)

    tangents = torch.eye(code.shape[1], dtype=code.dtype, device=code.device)[part]
    if directions is not None:
        tangents = directions.T @ tangents
    with forward_mode():
        return torch.func.vmap(squares, chunk_size=CHUNK)(tangents).sum(dim=0)
