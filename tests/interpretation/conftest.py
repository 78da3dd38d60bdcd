"""Small models of sequences, and the explicit formula of Eq. 5."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mfm_core import MFM, Latents, ModelConfig
from mfm_core.config import LabelConfig, SequenceModality
from tests.conftest import with_large_weights


def sequence_model(*, feedback: str = "hidden", kind: str = "scores", size: int = 1) -> MFM:
    """Of three modalities: one with more features than its decoder has hidden units, one with fewer."""
    sizes = {"language": (31, 4, 6), "acoustic": (5, 3, 7), "visual": (2, 3, 4)}
    modalities = {
        name: SequenceModality(d_x=d_x, d_z=d_z, d_f=d_f, hidden=6, feedback=feedback)
        for name, (d_x, d_z, d_f) in sizes.items()
    }
    label = LabelConfig(kind=kind, size=size)
    return with_large_weights(MFM(ModelConfig(modalities=modalities, label=label, d_y=3, d_f=8, hidden=10, length=7)))


@pytest.fixture(scope="session")
def spoken() -> MFM:
    return sequence_model()


@pytest.fixture
def clips(spoken: MFM, generator: torch.Generator) -> Latents:
    """Twelve clips of 1 to 7 real steps, padded on the left, on the right and in between."""
    latents = spoken.sample(12, generator=generator)
    mask = torch.rand(12, 7, generator=generator) < 0.6
    mask[:, 3] = True
    mask[0] = torch.arange(7) >= 4
    mask[1] = torch.arange(7) < 3
    mask[2] = True
    return Latents(latents.y, latents.a, mask)


def rbf(x: Tensor, bandwidth: float) -> Tensor:
    """The Gram matrix, entry by entry."""
    x = x.flatten(1).double()
    return torch.exp(-(x[:, None] - x[None]).square().sum(2) / (2 * bandwidth**2))


def explicit(k: Tensor, m: Tensor) -> float:
    """Eq. 5 with the matrix H."""
    n = len(k)
    h = torch.eye(n, dtype=torch.float64) - torch.ones(n, n, dtype=torch.float64) / n
    return float(torch.trace(k @ h @ m @ h) / ((h @ k @ h).norm() * (h @ m @ h).norm()))
