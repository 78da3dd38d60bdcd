"""Gradient-norm flow: how much each step of a generated sequence moves with a factor (Eq. 7, section 3.4)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mfm_core.arguments import expect, floats
from mfm_core.interpretation.base import Measure, Question, checked_steps
from mfm_core.interpretation.recurrent_flow import recurrent_flow
from mfm_core.interpretation.registry import EQ_7, flow_readings
from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.networks.forward_mode import forward_mode
from mfm_core.networks.recurrent import RecurrentDecoder

# Tangents pushed through another decoder at a time.
CHUNK = 16


def gradient_flow(
    model: MFM,
    latents: Latents,
    factor: str = "y",
    *,
    directions: Tensor | None = None,
    reading: str = "norm",
    reference: Latents | None = None,
) -> dict[str, Tensor]:
    """|d x^_t / d f|_F^2 of every step t of every modality, for every sample (Eq. 7, section 3.4), or a reading of it.

    Exact. Through a :class:`RecurrentDecoder` the Jacobian of the hidden state is propagated by hand, and its product
    with the output layer is measured without being formed; other decoders are differentiated in forward mode.

    Args:
        model: A model of sequences.
        latents: ``N`` samples with their mask ``(N, T)``. The chain runs from F on, not from Z.
        factor: ``"y"`` for F_y, or a modality for its F_a, of which no other modality is a function.
        directions: ``(d_f, k)``, to measure the derivatives along its columns alone; None for all of the factor. Of
            Eq. 7 itself only.
        reading: ``"norm"``, Eq. 7 itself; ``"standardised"``, in units of what F and x^ vary by; ``"score"``, along
            the direction in which the label's score moves through F_y; ``"relative"``, over its mean at that position;
            or another that was registered, see :mod:`mfm_core.interpretation.registry`.
        reference: The clips that the scales of ``"standardised"`` and the means of ``"relative"`` are of, with their
            mask; None for ``latents`` themselves.

    Returns:
        By modality, ``(N, T)``: 0 at steps that are not real, and where a modality is not a function of the factor.

    Raises:
        ValueError: If the model generates no sequences, the factor or the reading is unknown, the reading has no such
            factor, the mask is missing, the directions are not of the factor's size, or there are fewer than 2 clips to
            refer to.
    """
    latents = expect("model", model, MFM).checked_latents(latents)
    latents.check_names((factor,))
    if not model.config.sequences:
        raise ValueError("model: expected a model of sequences, got one of images, which have no steps")
    known = flow_readings()
    if not isinstance(reading, str) or reading not in known:
        raise ValueError(f"reading: expected one of {', '.join(known)}, got {reading!r}")
    entry = known[reading]
    if entry.needs_label and factor != "y":
        raise ValueError(f"factor: expected 'y', of which alone the score is a function, got {factor!r}")
    if directions is not None:
        directions = floats("directions", directions, model.device)
    if directions is not None and reading != EQ_7:
        raise ValueError(f"directions: expected none with reading {reading!r}, got shape {tuple(directions.shape)}")
    beside = latents if reference is None else model.checked_latents(expect("reference", reference, Latents))
    if entry.needs_reference and len(beside) < 2:
        raise ValueError(f"reference: expected 2 clips or more for reading {reading!r}, got {len(beside)}")

    def measure(of: Latents) -> Measure:
        return lambda along, scales: jacobian_norms(model, of, factor, along, scales)

    with torch.no_grad():
        if directions is not None:
            return jacobian_norms(model, latents, factor, directions)
        asked = Question(model, latents, factor, beside, measure(latents), measure(beside))
        return checked_steps(reading, entry.measure(asked), model.modalities, asked.mask.shape)


def jacobian_norms(
    model: MFM,
    latents: Latents,
    factor: str,
    directions: Tensor | None = None,
    scales: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """|d x^_t / d f|_F^2, perhaps along directions, and with the features of x^ scaled.

    Args:
        model: A model of sequences.
        latents: ``N`` samples with their mask.
        factor: As for :func:`gradient_flow`.
        directions: ``(d_f, k)``, or those of each sample, ``(N, d_f, k)``.
        scales: By modality, what each feature is multiplied with, ``(d_x,)``.
    """
    factors = model.factors(latents)
    (mask,) = model.steps_of(factors)
    n, size = factors.blocks()[factor].shape
    fits = directions is None or tuple(directions.shape[:-1]) in ((size,), (n, size))
    if directions is not None and not fits:
        raise ValueError(f"directions: expected shape ({size}, k), got {tuple(directions.shape)}")
    flows = {}
    for name, f_a in factors.a.items():
        if factor not in ("y", name):
            flows[name] = torch.zeros(mask.shape, dtype=f_a.dtype, device=f_a.device)
            continue
        code = torch.cat([f_a, factors.y], dim=1)
        part = slice(f_a.shape[1], None) if factor == "y" else slice(size)
        decoder, scale = model.decoders[name], None if scales is None else scales[name]
        if isinstance(decoder, RecurrentDecoder):
            flows[name] = recurrent_flow(decoder, code, mask, part, directions, scale=scale)
        else:
            flows[name] = forward_flow(decoder, code, mask, part, directions, scale=scale)
    return flows


def forward_flow(
    decoder: nn.Module,
    code: Tensor,
    mask: Tensor,
    part: slice,
    directions: Tensor | None = None,
    *,
    scale: Tensor | None = None,
) -> Tensor:
    """The same as :func:`recurrent_flow`, by torch.func, for any decoder that treats samples apart.

    Args:
        decoder: (code ``(N, d)``, mask ``(N, T)``) -> ``(N, T, d_x)``.
        code: Where to differentiate.
        mask: Which steps are real.
        part: Which columns of the code f is.
        directions: ``(size of f, k)``, or ``(N, size of f, k)``, to measure the derivatives along its columns alone.
        scale: What each feature is multiplied with, ``(d_x,)``.

    Returns:
        ``(N, T)``.
    """

    def squares(tangent: Tensor) -> Tensor:
        moved: Tensor = torch.func.jvp(lambda c: decoder(c, mask), (code,), (tangent,))[1]
        return (moved if scale is None else moved * scale).square().sum(dim=2)

    tangents = torch.eye(code.shape[1], dtype=code.dtype, device=code.device)[part]  # (size of f, d)
    if directions is not None:
        tangents = directions.transpose(-1, -2) @ tangents  # (k, d), or (N, k, d)
    each = tangents.unsqueeze(0) if tangents.ndim == 2 else tangents
    each = each.expand(len(code), *each.shape[1:]).transpose(0, 1)
    with forward_mode():
        return torch.func.vmap(squares, chunk_size=CHUNK)(each).sum(dim=0)
