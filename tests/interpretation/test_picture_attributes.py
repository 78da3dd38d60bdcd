from __future__ import annotations

import math

import pytest
import torch

from mfm_core import MFM, Latents
from mfm_core.interpretation import picture_attributes
from mfm_core.interpretation.named_directions import named_directions
from mfm_core.interpretation.picture_attributes import AMOUNTS, choose_names, correlate, move, name_labels, name_styles

SIDE = 64


def stroke(width: float, height: float, shear: float = 0.0) -> torch.Tensor:
    """An upright stroke of soft edges, (1, 1, SIDE, SIDE), its top pushed to the right by ``shear`` a pixel."""
    y, x = torch.meshgrid(torch.arange(SIDE) - SIDE / 2 + 0.5, torch.arange(SIDE) - SIDE / 2 + 0.5, indexing="ij")
    inside = (width / 2 + 0.5 - (x + shear * y).abs()).clamp(0, 1) * (height / 2 + 0.5 - y.abs()).clamp(0, 1)
    return inside[None, None]


def disc(radius: float) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(SIDE) - SIDE / 2 + 0.5, torch.arange(SIDE) - SIDE / 2 + 0.5, indexing="ij")
    return (radius + 0.5 - (x.square() + y.square()).sqrt()).clamp(0, 1)[None, None]


def flat(red: float, green: float, blue: float) -> torch.Tensor:
    return torch.tensor([red, green, blue])[None, :, None, None].expand(1, 3, 8, 8).contiguous()


@pytest.mark.parametrize("shear", [-0.4, 0.0, 0.25])
def test_the_slant_of_a_sheared_stroke_is_its_shear(shear: float) -> None:
    assert picture_attributes.slant(stroke(5, 40, shear)).item() == pytest.approx(shear, abs=0.01)


@pytest.mark.parametrize("radius", [6.0, 14.0])
def test_the_size_of_a_disc_is_its_radius_over_the_root_of_two(radius: float) -> None:
    assert picture_attributes.size(disc(radius)).item() == pytest.approx(radius / math.sqrt(2), rel=0.03)


@pytest.mark.parametrize("width", [3.0, 6.0])
def test_the_stroke_width_of_a_long_stroke_is_its_width(width: float) -> None:
    assert picture_attributes.stroke_width(stroke(width, 50)).item() == pytest.approx(width, rel=0.2)


def test_brightness_contrast_and_hue_of_flat_colours() -> None:
    orange, blue, grey = flat(0.8, 0.5, 0.2), flat(0.2, 0.5, 0.8), flat(0.4, 0.4, 0.4)
    assert picture_attributes.brightness(grey).item() == pytest.approx(0.4)
    assert picture_attributes.contrast(grey).item() == pytest.approx(0, abs=1e-6)
    assert picture_attributes.warmth(orange).item() == pytest.approx(0.6)
    assert picture_attributes.warmth(blue).item() == pytest.approx(-0.6)
    assert picture_attributes.greenness(flat(0.1, 0.9, 0.3)).item() == pytest.approx(0.7)
    assert picture_attributes.contrast(
        torch.cat([flat(0.0, 0.0, 0.0), flat(1.0, 1.0, 1.0)], dim=3)
    ).item() == pytest.approx(0.5)


def test_polarity_tells_a_light_digit_from_a_dark_one() -> None:
    light = torch.full((1, 3, 32, 32), 0.3)
    light[:, :, 10:22, 14:18] = 0.9
    assert picture_attributes.polarity(light).item() == pytest.approx(0.6, abs=0.01)
    assert picture_attributes.polarity(1 - light).item() == pytest.approx(-0.6, abs=0.01)


def test_correlations_are_within_samples() -> None:
    amounts = torch.tensor(AMOUNTS)
    offsets = torch.tensor([0.0, 100.0, -50.0])[:, None]  # what samples differ in does not count
    rising, falling, still = offsets + amounts, offsets - 3 * amounts, offsets.expand(3, len(AMOUNTS))
    measured = torch.stack([rising, falling, still], dim=-1)[None]
    torch.testing.assert_close(correlate(measured), torch.tensor([[1.0, -1.0, 0.0]], dtype=torch.float64))


def test_correlations_are_those_of_numpy_where_there_is_one_sample(generator: torch.Generator) -> None:
    measured = torch.randn(2, 1, len(AMOUNTS), 3, generator=generator)
    wanted = [
        [torch.corrcoef(torch.stack([measured[k, 0, :, m], torch.tensor(AMOUNTS)]))[0, 1] for m in range(3)]
        for k in range(2)
    ]
    torch.testing.assert_close(correlate(measured), torch.tensor(wanted, dtype=torch.float64), atol=1e-6, rtol=0)


def test_an_attribute_names_one_direction_and_weak_ones_name_none() -> None:
    correlations = torch.tensor([[0.7, 0.1], [-0.9, 0.65], [0.8, 0.2], [0.3, -0.4]])
    named = choose_names(("slant", "size"), correlations)
    assert [one.name for one in named] == [None, "slant", None, None]
    assert [round(one.correlation, 2) for one in named] == [0.7, -0.9, 0.8, -0.4]
    low = choose_names(("slant", "size"), torch.tensor([[0.7, 0.1], [-0.9, 0.2], [0.8, 0.65]]))
    assert [one.name for one in low] == [None, "slant", "size"]


def test_samples_are_moved_along_each_direction(latents: Latents) -> None:
    vectors = torch.eye(3)[:2]
    moved = move(latents, vectors, factor="y")
    shaped = moved.y.view(2, len(latents), len(AMOUNTS), 3)
    torch.testing.assert_close(shaped[1, 4, 0], latents.y[4] + AMOUNTS[0] * vectors[1])
    torch.testing.assert_close(moved.a["svhn"].view(2, len(latents), len(AMOUNTS), -1)[1, 4, 2], latents.a["svhn"][4])


@pytest.mark.parametrize("factor", ["y", "svhn", "mnist"])
def test_named_directions_rise_with_their_attribute(tiny_model: MFM, latents: Latents, factor: str) -> None:
    found = named_directions(tiny_model, latents, factor=factor, n_directions=3)
    assert len(found.names) == 3
    torch.testing.assert_close(found.directions.vectors @ found.directions.vectors.T, torch.eye(3), atol=1e-5, rtol=0)
    at = latents
    if factor == "y":
        at = latents.replace(y=tiny_model.sample(len(latents), generator=torch.Generator().manual_seed(0)).y)
        again = name_labels(tiny_model, at, found.directions.vectors)
    else:
        again = name_styles(tiny_model, at, found.directions.vectors, modality=factor)
    for named, measured in zip(found.names, again, strict=True):
        assert named.correlation >= 0
        assert measured.name == named.name
        assert measured.correlation == pytest.approx(named.correlation, abs=1e-4)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [(torch.eye(4), r"vectors: expected shape \(k, 5\), got \(4, 4\)"), (torch.eye(5)[0], "vectors: expected")],
)
def test_directions_of_another_size_are_refused(tiny_model: MFM, latents: Latents, vectors, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        name_styles(tiny_model, latents, vectors, modality="svhn")


def test_no_samples_and_other_modalities_are_refused(tiny_model: MFM, latents: Latents) -> None:
    with pytest.raises(ValueError, match="latents: expected at least 1 sample, got none"):
        name_styles(tiny_model, latents[:0], torch.eye(5), modality="svhn")
    with pytest.raises(ValueError, match="modality: expected an image modality of svhn, mnist, got 'sound'"):
        name_styles(tiny_model, latents, torch.eye(5), modality="sound")


def test_scores_name_no_direction(sequence_model: MFM, generator: torch.Generator) -> None:
    with pytest.raises(ValueError, match="model: expected a label of kind 'classes', got 'scores'"):
        name_labels(sequence_model, sequence_model.sample(2, generator=generator), torch.eye(3))
