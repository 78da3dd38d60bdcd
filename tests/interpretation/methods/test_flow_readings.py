"""Readings of the gradient flow, each against autograd or small steps; decoders that read the factors at every step."""

from __future__ import annotations

import re

import pytest
import torch

from mfm_core import MFM, Latents, ModelConfig, gradient_flow
from mfm_core.config import LabelConfig, SequenceModality
from mfm_core.interpretation.methods.score import score_direction
from mfm_core.interpretation.registry import flow_readings
from tests.conftest import with_large_weights


def at_every_step(*, step_width: int | None) -> MFM:
    sizes = {"language": (31, 4, 6), "acoustic": (5, 3, 7)}
    modalities = {
        name: SequenceModality(
            d_x=d_x,
            d_z=d_z,
            d_f=d_f,
            hidden=6,
            factors_at="every",
            decoder_hidden=9,
            encoder_hidden=4,
            both_ways=True,
            step_width=step_width,
            residual=step_width is not None,
        )
        for name, (d_x, d_z, d_f) in sizes.items()
    }
    label = LabelConfig(kind="scores", size=1)
    return with_large_weights(MFM(ModelConfig(modalities=modalities, label=label, d_y=3, d_f=8, hidden=10, length=5)))


@pytest.fixture(params=[None, 2])
def model(request: pytest.FixtureRequest) -> MFM:
    return at_every_step(step_width=request.param)


@pytest.fixture
def clips(model: MFM, generator: torch.Generator) -> Latents:
    latents = model.sample(6, generator=generator)
    mask = torch.rand(6, 5, generator=generator) < 0.6
    mask[:, 2] = True
    mask[0] = torch.arange(5) >= 3
    return Latents(latents.y, latents.a, mask)


def jacobian(model: MFM, clips: Latents, name: str) -> torch.Tensor:
    """d x^ / d F_y of each sample, ``(N, T, d_x, d_f)``."""
    factors = model.factors(clips)

    def of(y: torch.Tensor, i: int) -> torch.Tensor:
        at = factors[torch.tensor([i])]
        return model.decode_factors(at.replace(y=y[None])).modalities[name][0]

    return torch.stack([torch.func.jacrev(of)(factors.y[i], i) for i in range(len(clips))]).detach()


def test_eq_7_as_printed_is_the_default(model: MFM, clips: Latents) -> None:
    for name, flow in gradient_flow(model, clips).items():
        expected = jacobian(model, clips, name).square().sum(dim=(2, 3))
        torch.testing.assert_close(flow, expected, rtol=1e-3, atol=1e-7)
        assert torch.equal(flow, gradient_flow(model, clips, reading="norm")[name])


def test_standardised_counts_in_standard_deviations(model: MFM, clips: Latents) -> None:
    factors = model.factors(clips)
    spread = factors.y.std(dim=0, correction=0)
    generated = model.decode_factors(factors).modalities
    for name, flow in gradient_flow(model, clips, reading="standardised").items():
        scale = generated[name][clips.mask].std(dim=0, correction=0)
        expected = (jacobian(model, clips, name) * spread / scale[:, None]).square().sum(dim=(2, 3))
        torch.testing.assert_close(flow, expected.detach(), rtol=1e-3, atol=1e-7)


def test_the_score_moves_by_one_and_the_flow_with_it(model: MFM, clips: Latents) -> None:
    direction = score_direction(model, clips.y).detach()
    raised = direction @ model.label_head.weight[0].detach()
    torch.testing.assert_close(raised, torch.ones_like(raised), rtol=1e-4, atol=0)
    for name, flow in gradient_flow(model, clips, reading="score").items():
        expected = torch.einsum("ntdf,nf->ntd", jacobian(model, clips, name), direction).square().sum(dim=2)
        torch.testing.assert_close(flow, expected.detach(), rtol=1e-3, atol=1e-7)


def test_the_direction_is_where_z_y_goes_uphill(model: MFM, clips: Latents) -> None:
    for i, found in enumerate(score_direction(model, clips.y)):
        jacobian_of_g = torch.func.jacrev(model.g_y)(clips.y[i]).double()  # (d_f, d_y)
        uphill = jacobian_of_g.T @ model.label_head.weight[0].double()
        wanted = jacobian_of_g @ uphill / uphill.square().sum()
        torch.testing.assert_close(found.double(), wanted, rtol=1e-4, atol=1e-6)


def test_relative_is_to_the_mean_at_the_position(model: MFM, clips: Latents) -> None:
    norm = gradient_flow(model, clips)
    places = (clips.mask.cumsum(1) - 1).clamp_min(0)
    for name, flow in gradient_flow(model, clips, reading="relative").items():
        for place in range(5):
            here = clips.mask & (places == place)
            if here.any():
                mean = norm[name][here].mean()
                torch.testing.assert_close(flow[here], norm[name][here] / mean)
        assert not flow[~clips.mask].any()


def test_steps_beyond_the_longest_other_clip_are_relative_to_its_last(model: MFM, clips: Latents) -> None:
    short = Latents(clips.y, clips.a, (torch.arange(5) < 3).expand(6, 5))
    whole = Latents(clips.y, clips.a, torch.ones(6, 5, dtype=torch.bool))
    norm, usual = gradient_flow(model, whole), gradient_flow(model, short)
    for name, flow in gradient_flow(model, whole, reading="relative", reference=short).items():
        mean = usual[name].mean(dim=0)[[0, 1, 2, 2, 2]]
        torch.testing.assert_close(flow, norm[name] / mean, rtol=1e-4, atol=1e-7)


def test_other_clips_can_be_the_reference(model: MFM, clips: Latents) -> None:
    one = clips[torch.tensor([2])]
    for reading in ("relative", "standardised"):
        whole, alone = (
            gradient_flow(model, clips, reading=reading),
            gradient_flow(model, one, reading=reading, reference=clips),
        )
        for name, flow in whole.items():
            torch.testing.assert_close(alone[name], flow[2:3], rtol=1e-4, atol=1e-7)


def test_what_cannot_be_read_is_one_sentence(model: MFM, clips: Latents) -> None:
    one = clips[torch.tensor([0])]
    problems = {
        f"reading: expected one of {', '.join(flow_readings())}, got 'size'": {"reading": "size"},
        "directions: expected none with reading 'score', got shape (8, 1)": {
            "reading": "score",
            "directions": torch.ones(8, 1),
        },
        "factor: expected 'y', of which alone the score is a function, got 'language'": {
            "reading": "score",
            "factor": "language",
        },
    }
    for sentence, arguments in problems.items():
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            gradient_flow(model, clips, **arguments)
    with pytest.raises(ValueError, match=r"^reference: expected 2 clips or more for reading 'relative', got 1$"):
        gradient_flow(model, one, reading="relative")
    ours = ("score", "norm", "standardised", "relative")
    assert tuple(flow_readings())[: len(ours)] == ours
