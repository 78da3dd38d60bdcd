"""Codes that no real pair has, of which the pictures are asked for what real ones show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.printing import short_repr

SWAPPED, RESTYLED, SAMPLED, TRANSLATED = range(4)


@dataclass(frozen=True)
class Imagined:
    """Codes that no real pair has.

    Attributes:
        latents: Z, ``(N, ...)``.
        labels: What their pictures must show, ``(N,)``.
        kind: How each was imagined, ``(N,)``: swapped, restyled, sampled or translated, in this order.
    """

    latents: Latents
    labels: Tensor
    kind: Tensor

    __repr__ = short_repr


def imagine(
    model: MFM, latents: Latents, inferred: Sequence[Latents], labels: Tensor, generator: torch.Generator
) -> Imagined:
    """Imagine codes of four kinds, a quarter of the batch each.

    Swapped: Z_y of another pair. Restyled: also Z_a from the prior. Sampled: all from the prior, the label is what D
    gives to Z_y. Translated: Z as surrogates infer it from some of the modalities; left out where there are none.

    Args:
        model: The model.
        latents: Z of real pairs.
        inferred: The Z that each surrogate infers of the same pairs.
        labels: The labels of the pairs, ``(N,)``.
        generator: Source of randomness, on the CPU.
    """
    n, device = len(labels), labels.device
    prior = model.sample(n, generator=generator)
    other = torch.randperm(n, generator=generator).to(device)
    kind = torch.arange(n, device=device) % (4 if inferred else 3)
    which = torch.randint(max(len(inferred), 1), (n,), generator=generator).to(device)

    def choose(name: str, swapped: Tensor, restyled: Tensor) -> Tensor:
        options = [swapped, restyled, prior.blocks()[name], *(z.blocks()[name] for z in inferred)]
        return torch.stack(options)[
            torch.where(kind == TRANSLATED, TRANSLATED + which, kind), torch.arange(n, device=device)
        ]

    shuffled = latents.y[other]
    y = choose("y", shuffled, shuffled)
    a = {name: choose(name, z, prior.a[name]) for name, z in latents.a.items()}
    with torch.no_grad():
        decided = model.decide(prior.y).argmax(1)
    shown = torch.stack([labels[other], labels[other], decided, labels])[kind, torch.arange(n, device=device)]
    return Imagined(Latents(y, a), shown, kind)
