"""Directions of a latent block, ranked by how much they change the picture."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mfm_core.forward_mode import forward_mode
from mfm_core.model import MFM
from mfm_core.representations import Latents

# Tangents pushed through the decoders at a time: the fastest of 4, 8, 16 and 32 on one core.
CHUNK = 8


class Directions(NamedTuple):
    """Orthogonal directions of one block of Z, the strongest first.

    Attributes:
        vectors: ``(k, d)``, orthonormal; the largest component of each is positive.
        effects: ``(k,)``, root mean square change of a pixel, in units of its range [0, 1], per unit step.
    """

    vectors: Tensor
    effects: Tensor


def directions(model: MFM, latents: Latents, *, factor: str, n_directions: int) -> Directions:
    """Rank the directions of a block by the change of the generated pictures, averaged over samples.

    They are the eigenvectors of the mean of J^T J, where J is the Jacobian of the pictures with respect to the block:
    of all modalities for ``"y"``, of the one modality for its Z_a (no other depends on it). The same matrix ranks
    the directions of Ramesh et al. 2019, "A spectral regularizer for unsupervised disentanglement", section 3.

    Args:
        model: The model.
        latents: ``N`` samples where the Jacobians are taken. Time and memory grow with ``N * d``.
        factor: ``"y"`` or a modality's name (its Z_a).
        n_directions: How many; at most the size ``d`` of the block.

    Raises:
        ValueError: If there are no samples, the factor is unknown, or there are fewer dimensions than directions.
    """
    latents.check_names((factor,))
    block = latents.blocks()[factor]
    n, d = block.shape
    if n == 0:
        raise ValueError("latents: expected at least 1 sample, got none")
    if not 1 <= n_directions <= d:
        raise ValueError(f"n_directions: expected 1 to {d}, the size of the block, got {n_directions}")

    def pictures(z: Tensor) -> Tensor:
        generated = model.decode(latents.replace(**{factor: z})).modalities
        shown = generated.values() if factor == "y" else (generated[factor],)
        return torch.cat([picture.flatten(1) for picture in shown], dim=1)  # (N, pixels)

    def change(direction: Tensor) -> Tensor:
        moved: Tensor = torch.func.jvp(pictures, (block,), (direction.expand_as(block),))[1]
        return moved

    with forward_mode():
        jacobian = torch.func.vmap(change, chunk_size=CHUNK)(torch.eye(d, dtype=block.dtype, device=block.device))
    flat = jacobian.flatten(1)  # (d, N * pixels)
    values, vectors = torch.linalg.eigh((flat @ flat.T).double() / flat.shape[1])
    strongest = values.argsort(descending=True)[:n_directions]
    chosen = vectors.T[strongest]
    largest = chosen.gather(1, chosen.abs().argmax(dim=1, keepdim=True))
    effects = values[strongest].clamp(min=0).sqrt()
    return Directions((chosen * largest.sign()).to(block.dtype), effects.to(block.dtype))
