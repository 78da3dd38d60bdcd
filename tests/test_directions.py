"""Directions of a latent block, against Jacobians taken by automatic differentiation and by finite differences."""

from __future__ import annotations

import re

import pytest
import torch

from mfm_core import MFM, Latents, ModelConfig, directions
from mfm_core.config import ImageModality
from tests.conftest import with_large_weights


def shown(model: MFM, latents: Latents, factor: str) -> torch.Tensor:
    generated = model.decode(latents).modalities
    return torch.cat([generated[name].flatten(1) for name in (generated if factor == "y" else (factor,))], dim=1)


def reference(model: MFM, latents: Latents, factor: str) -> torch.Tensor:
    """The mean of J^T J, sample by sample and in reverse mode: ``(d, d)``, per pixel."""
    products = []
    for index in range(len(latents)):
        one = latents[[index]]
        jacobian = torch.autograd.functional.jacobian(
            lambda z, one=one: shown(model, one.replace(**{factor: z}), factor)[0], one.blocks()[factor]
        )[:, 0].double()
        products.append(jacobian.T @ jacobian / len(jacobian))
    return torch.stack(products).mean(0)


@pytest.fixture(scope="module")
def small_model() -> MFM:
    """Of pictures so small that a Jacobian can be taken pixel by pixel."""
    widths = {"d_z": 4, "d_f": 5, "channels": (6, 8), "fusion_channels": (4,), "hidden": 8}
    modalities = {
        "svhn": ImageModality(shape=(3, 8, 8), **widths),
        "mnist": ImageModality(shape=(1, 9, 10), **widths),
    }
    model = MFM(ModelConfig(modalities=modalities, d_y=3, d_f=6, features=4, hidden=8))
    return with_large_weights(model)


@pytest.mark.parametrize("factor", ["y", "svhn", "mnist"])
def test_they_are_the_eigenvectors_of_the_mean_squared_jacobian(
    small_model: MFM, generator: torch.Generator, factor: str
) -> None:
    latents = small_model.sample(3, generator=generator)
    d = small_model.sizes[factor]
    found = directions(small_model, latents, factor=factor, n_directions=d)
    expected = reference(small_model, latents, factor)
    vectors = found.vectors.double()
    torch.testing.assert_close(vectors @ vectors.T, torch.eye(d).double(), atol=1e-6, rtol=0)
    rebuilt = vectors.T @ found.effects.double().square().diag() @ vectors
    torch.testing.assert_close(rebuilt, expected, rtol=1e-4, atol=1e-6 * float(expected.max()))
    assert found.effects.tolist() == sorted(found.effects.tolist(), reverse=True)


def test_the_effect_is_the_root_mean_square_change_of_a_small_step(tiny_model: MFM, latents: Latents) -> None:
    found = directions(tiny_model, latents, factor="y", n_directions=2)
    step = 1e-2
    for vector, effect in zip(found.vectors, found.effects, strict=True):
        ahead = shown(tiny_model, latents.replace(y=latents.y + step * vector), "y")
        behind = shown(tiny_model, latents.replace(y=latents.y - step * vector), "y")
        change = ((ahead - behind) / (2 * step)).square().mean().sqrt()
        torch.testing.assert_close(change, effect, rtol=2e-2, atol=0)


def test_the_largest_component_is_positive(tiny_model: MFM, latents: Latents) -> None:
    vectors = directions(tiny_model, latents, factor="svhn", n_directions=5).vectors
    assert (vectors.gather(1, vectors.abs().argmax(1, keepdim=True)) > 0).all()


def test_fewer_directions_are_the_first_of_all(tiny_model: MFM, latents: Latents) -> None:
    two = directions(tiny_model, latents, factor="svhn", n_directions=2)
    five = directions(tiny_model, latents, factor="svhn", n_directions=5)
    assert torch.equal(two.vectors, five.vectors[:2])
    assert torch.equal(two.effects, five.effects[:2])


def test_no_graph_and_no_mode_are_left_behind(tiny_model: MFM, latents: Latents) -> None:
    with torch.inference_mode():
        inside = directions(tiny_model, latents, factor="y", n_directions=1)
    outside = directions(tiny_model, latents, factor="y", n_directions=1)
    torch.testing.assert_close(inside.vectors, outside.vectors)
    assert not outside.vectors.requires_grad
    channels_last = torch.zeros(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    assert channels_last.stride() == (48, 1, 12, 3)


@pytest.mark.parametrize(
    ("n", "factor", "n_directions", "message"),
    [
        (2, "text", 1, "factor: expected one of y, svhn, mnist, got 'text'"),
        (2, "y", 0, "n_directions: expected 1 to 3, the size of the block, got 0"),
        (2, "y", 4, "n_directions: expected 1 to 3, the size of the block, got 4"),
        (0, "y", 1, "latents: expected at least 1 sample, got none"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(
    tiny_model: MFM, generator: torch.Generator, n: int, factor: str, n_directions: int, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        directions(tiny_model, tiny_model.sample(n, generator=generator), factor=factor, n_directions=n_directions)
