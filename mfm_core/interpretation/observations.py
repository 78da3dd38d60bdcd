"""Observations that dependency is measured on: the factors, and what the model generates from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from mfm_core.arguments import expect
from mfm_core.interpretation.alignment import global_alignment
from mfm_core.interpretation.kernels import Bandwidth, Gram, Progress, Rbf
from mfm_core.latents import Factors, Latents
from mfm_core.model import MFM
from mfm_core.printing import short_repr

# Samples decoded at a time.
BATCH = 256
KernelOfX = Literal["averaged", "alignment"]


@dataclass(frozen=True)
class Observations:
    """Factors, and each modality as generated from them.

    Attributes:
        factors: F_y and each F_a, with the mask of sequences.
        generated: Each modality ``(N, ...)``.
    """

    factors: Factors
    generated: dict[str, Tensor]

    __repr__ = short_repr

    def __len__(self) -> int:
        return len(self.factors)

    def __getitem__(self, index: slice | Tensor) -> Observations:
        return Observations(self.factors[index], {name: x[index] for name, x in self.generated.items()})

    def kernel(
        self, name: str, bandwidth: Bandwidth, kind: KernelOfX = "averaged", progress: Progress | None = None
    ) -> Rbf | Gram:
        """Kernel of a generated modality: RBF on the average over real steps, or the global alignment kernel.

        Raises:
            ValueError: If the kernel is unknown, or asks for sequences and there are none.
        """
        x, mask = self.generated[name], self.factors.mask
        if kind not in ("averaged", "alignment"):
            raise ValueError(f"kernel: expected 'averaged' or 'alignment', got {kind!r}")
        if kind == "averaged":
            return Rbf(x if mask is None else average(x, mask), bandwidth, name=name)
        if mask is None:
            raise ValueError(f"kernel: expected 'averaged', for {name} has no steps to align, got 'alignment'")
        return global_alignment(x, mask, bandwidth, name=name, progress=progress)


def observe(model: MFM, latents: Latents) -> Observations:
    """Compute the factors of latents and decode them, some samples at a time, without gradients.

    Raises:
        ValueError: If there are fewer than 2 samples, or the latents are not the model's.
    """
    expect("model", model, MFM)
    if len(expect("latents", latents, Latents)) < 2:
        raise ValueError(f"latents: expected at least 2 samples, got {len(latents)}")
    parts: dict[str, list[Tensor]] = {name: [] for name in model.modalities}
    with torch.no_grad():
        factors = model.factors(latents)
        for start in range(0, len(latents), BATCH):
            generated = model.decode_factors(factors[start : start + BATCH]).modalities
            for name, x in generated.items():
                parts[name].append(x)
    return Observations(factors, {name: torch.cat(x) for name, x in parts.items()})


def average(series: Tensor, mask: Tensor) -> Tensor:
    """Mean over the real steps of ``(N, T, d)``, ``(N, d)``: X_aug of supplement F, which divides by n but means T."""
    real = series.double().masked_fill(~mask.unsqueeze(2), 0.0)
    return real.sum(dim=1) / mask.sum(dim=1).clamp_min(1).unsqueeze(1)
