"""A recurrent autoencoder that begins as a linear one, against a principal component analysis."""

from __future__ import annotations

import pytest
import torch

from mfm_core import MFM, ModelConfig
from mfm_core.config import LabelConfig, SequenceModality
from mfm_core.training.linear_start import start_linear


def model_of(d_x: int = 6, **widths: int) -> MFM:
    sizes = {"decoder_hidden": 12, "encoder_hidden": 10, "step_width": 6} | widths
    modality = SequenceModality(
        d_x=d_x,
        d_z=8,
        d_f=8,
        hidden=5,
        factors_at="every",
        both_ways=True,
        residual=True,
        **sizes,
    )
    label = LabelConfig(kind="scores", size=1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MFM(
            ModelConfig(modalities={"language": modality, "acoustic": modality}, label=label, d_y=2, d_f=3, length=4)
        )


@pytest.mark.parametrize("widths", [{}, {"step_width": 10}])  # as many numbers as features, and more
def test_it_reconstructs_nearly_as_well_as_principal_components(
    widths: dict[str, int], generator: torch.Generator
) -> None:
    model = model_of(**widths)
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


@pytest.mark.parametrize("widths", [{"d_x": 3}, {"encoder_hidden": 4}, {"decoder_hidden": 4}])
def test_steps_wider_than_their_features_or_an_lstm_begin_as_linear_as_they_can(
    widths: dict[str, int], generator: torch.Generator
) -> None:
    model = model_of(**widths)
    d_x, mask = widths.get("d_x", 6), torch.ones(50, 4, dtype=torch.bool)
    x = torch.randn(50, 1, 1, generator=generator).expand(
        50, 4, d_x
    )  # one cause, which a single number of a step tells
    inputs = {"language": x, "acoustic": x}
    start_linear(model, inputs, mask)
    with torch.no_grad():
        generated = model.eval().decode(model.encode(inputs, mask)).modalities["acoustic"]
    assert float((generated - x).square().mean()) < 0.3 * float(x.square().mean())
