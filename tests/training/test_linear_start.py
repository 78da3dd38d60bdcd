"""A recurrent autoencoder that begins as a linear one, against a principal component analysis."""

from __future__ import annotations

import pytest
import torch

from mfm_core import MFM, ModelConfig
from mfm_core.config import LabelConfig, SequenceModality
from mfm_core.training.linear_start import start_linear


@pytest.fixture
def model() -> MFM:
    modality = SequenceModality(
        d_x=6,
        d_z=8,
        d_f=8,
        hidden=5,
        factors_at="every",
        decoder_hidden=12,
        encoder_hidden=10,
        both_ways=True,
        step_width=6,
        residual=True,
    )
    label = LabelConfig(kind="scores", size=1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MFM(
            ModelConfig(modalities={"language": modality, "acoustic": modality}, label=label, d_y=2, d_f=3, length=4)
        )


def test_it_reconstructs_nearly_as_well_as_principal_components(model: MFM, generator: torch.Generator) -> None:
    lengths = torch.randint(2, 5, (400,), generator=generator)
    mask = torch.arange(4) < lengths[:, None]
    causes = torch.randn(400, 8, generator=generator)
    mixing = torch.randn(8, 24, generator=generator) / 3
    x = torch.where(mask.unsqueeze(2), (causes @ mixing).view(400, 4, 6), 0)
    inputs = {"language": x, "acoustic": x}
    start_linear(model, inputs, mask)
    with torch.no_grad():
        latents = model.eval().encode(inputs, mask)
        generated = model.decode(latents).modalities["language"]
    flat = x.flatten(1)
    centred = flat - flat.mean(0)
    axes = torch.linalg.svd(centred, full_matrices=False).Vh[:8]
    linear = (centred @ axes.T @ axes + flat.mean(0)).view_as(x)

    def explained(guess: torch.Tensor) -> float:
        return float(1 - (guess - x)[mask].square().sum() / (x[mask] - x[mask].mean(0)).square().sum())

    assert explained(linear) > 0.9
    assert explained(generated) > explained(linear) - 0.25
    assert explained(generated) > 0.6
    assert (latents.a["language"].std(dim=0) > 0.2).all()
