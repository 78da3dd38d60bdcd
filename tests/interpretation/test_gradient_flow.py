"""The gradient-norm flow, against autograd, one component at a time, and torch.func."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

from mfm_core import MFM, Latents, gradient_flow
from tests.interpretation.conftest import sequence_model


def by_autograd(model: MFM, latents: Latents, factor: str, name: str) -> torch.Tensor:
    """Squared norms of the gradient of every component of every step, ``(N, T)``."""
    factors = model.factors(latents)
    f = factors.blocks()[factor].detach().requires_grad_()
    x = model.decode_factors(factors.replace(**{factor: f})).modalities[name]
    flow = torch.zeros(x.shape[:2], dtype=torch.float64)
    for t in range(x.shape[1]):
        for component in range(x.shape[2]):
            # A sample is a function of its own factors alone, so the gradient of the sum is each sample's.
            (gradient,) = torch.autograd.grad(x[:, t, component].sum(), f, retain_graph=True)
            flow[:, t] += gradient.double().square().sum(dim=1)
    return flow


@pytest.mark.parametrize("feedback", ["hidden", "output"])
@pytest.mark.parametrize("factor", ["y", "language", "acoustic", "visual"])
def test_it_is_the_norm_of_autograds_jacobian(clips: Latents, feedback: str, factor: str) -> None:
    model = sequence_model(feedback=feedback)
    flow = gradient_flow(model, clips, factor)
    assert list(flow) == ["language", "acoustic", "visual"]
    for name, found in flow.items():
        assert found.shape == clips.mask.shape
        if factor in ("y", name):
            expected = by_autograd(model, clips, factor, name)
            torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=0)
            assert ((found > 0) == clips.mask).all()
        else:
            assert not found.any()


class Looped(nn.Module):
    """Another kind of decoder: sinusoids of the code whose frequency grows with the step."""

    def __init__(self, d_in: int, d_x: int) -> None:
        super().__init__()
        self.out = nn.Linear(d_in, d_x)

    def forward(self, code: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        steps = torch.arange(mask.shape[1])[:, None]
        return torch.where(mask[:, :, None], torch.sin(self.out(code)[:, None] * steps), 0)


def test_other_decoders_are_differentiated_too(clips: Latents) -> None:
    model = sequence_model()
    model.decoders["visual"] = Looped(12, 2)
    expected = by_autograd(model, clips, "y", "visual")
    torch.testing.assert_close(gradient_flow(model, clips)["visual"].double(), expected, rtol=1e-5, atol=0)


def test_directions_share_the_flow_among_them(spoken: MFM, clips: Latents, generator: torch.Generator) -> None:
    basis, _ = torch.linalg.qr(torch.randn(8, 8, generator=generator))
    whole = gradient_flow(spoken, clips)
    parts = [gradient_flow(spoken, clips, directions=basis[:, [i]]) for i in range(8)]
    for name, flow in whole.items():
        torch.testing.assert_close(sum(part[name] for part in parts), flow, rtol=1e-5, atol=1e-9)


def test_a_direction_is_a_small_step(spoken: MFM, clips: Latents) -> None:
    direction = torch.eye(8)[:, [2]]
    factors = spoken.factors(clips)
    with torch.no_grad():
        ahead, behind = (
            spoken.double().decode_factors(
                factors.map(lambda b: b if b.dtype == torch.bool else b.double()).replace(
                    y=factors.y.double() + s * direction.T
                )
            )
            for s in (1e-3, -1e-3)
        )
    spoken.float()
    flow = gradient_flow(spoken, clips, directions=direction)
    for name in flow:
        change = (ahead.modalities[name] - behind.modalities[name]) / 2e-3
        torch.testing.assert_close(flow[name].double(), change.square().sum(dim=2), rtol=1e-3, atol=1e-9)


def test_neither_padding_nor_company_changes_a_clip(spoken: MFM, clips: Latents) -> None:
    flow = gradient_flow(spoken, clips)
    for index in (0, 1, 5):
        length = int(clips.mask[index].sum())
        alone = Latents(clips.y[[index]], {n: z[[index]] for n, z in clips.a.items()}, torch.ones(1, length).bool())
        for name, found in gradient_flow(spoken, alone).items():
            torch.testing.assert_close(found[0], flow[name][index][clips.mask[index]], rtol=1e-5, atol=1e-9)


def test_no_clips_no_flow_and_no_graph(spoken: MFM, clips: Latents) -> None:
    assert gradient_flow(spoken, clips[[]])["visual"].shape == (0, 7)
    trained = sequence_model().requires_grad_()
    assert not gradient_flow(trained, clips)["language"].requires_grad


@pytest.mark.parametrize(
    ("factor", "directions", "message"),
    [
        ("face", None, "factor: expected one of y, language, acoustic, visual, got 'face'"),
        ("y", torch.zeros(7, 2), "directions: expected shape (8, k), got (7, 2)"),
        ("visual", torch.zeros(4), "directions: expected shape (4, k), got (4,)"),
    ],
)
def test_what_does_not_fit_is_refused(spoken: MFM, clips: Latents, factor, directions, message) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        gradient_flow(spoken, clips, factor, directions=directions)


def test_images_have_no_flow(tiny_model: MFM, latents: Latents) -> None:
    message = "model: expected a model of sequences, got one of images, which have no steps"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        gradient_flow(tiny_model, latents)


def test_sequences_need_their_mask(spoken: MFM, clips: Latents) -> None:
    with pytest.raises(ValueError, match=r"^mask: expected which steps to generate"):
        gradient_flow(spoken, Latents(clips.y, clips.a))
