"""Typicality: the distance is SciPy's, real codes have uniform p-values, and what is far has small ones."""

from __future__ import annotations

import re

import pytest
import torch
from scipy.spatial.distance import mahalanobis

import mfm_core as mfm
from mfm_core import Latents
from mfm_core.evaluation.measure import errors_alone
from mfm_core.interpretation.typicality import Typicality, either_p_value, error_p_value


def codes(n: int, generator: torch.Generator) -> tuple[Latents, torch.Tensor]:
    """Three classes far apart in Z_y, and a Z_a that is stretched."""
    labels = torch.randint(3, (n,), generator=generator)
    y = 6 * torch.nn.functional.one_hot(labels, 4).float() + torch.randn(n, 4, generator=generator)
    style = torch.randn(n, 2, generator=generator) * torch.tensor([3.0, 0.2])
    return Latents(y, {"mnist": style}), labels


@pytest.fixture
def fitted(generator: torch.Generator) -> Typicality:
    return Typicality.fit(*codes(4_000, generator), ("y", "mnist"))


def test_the_distance_is_scipys_from_the_nearest_class_mean(fitted: Typicality, generator: torch.Generator) -> None:
    fresh, _ = codes(20, generator)
    points = torch.cat([fresh.y, fresh.a["mnist"]], dim=1).double().numpy()
    precision = fitted.precision.numpy()
    wanted = [min(mahalanobis(x, mean, precision) for mean in fitted.means.numpy()) for x in points]
    assert fitted.distance(fresh).tolist() == pytest.approx(wanted)


def test_p_values_of_real_codes_are_uniform(fitted: Typicality, generator: torch.Generator) -> None:
    p = fitted.p_value(codes(4_000, generator)[0])
    for a in (0.01, 0.1, 0.5, 0.9):
        assert float((p <= a).double().mean()) == pytest.approx(a, abs=0.03)


@pytest.mark.parametrize(
    ("y", "style"),
    [
        ((0, 0, 0, 20), (0, 0)),  # of no class
        ((3, 3, 0, 0), (0, 0)),  # between two
        ((6, 0, 0, 0), (0, 3)),  # of a class, in a style that has no like: along the short axis
    ],
)
def test_what_is_far_has_a_small_p_value(
    y: tuple[float, ...], style: tuple[float, ...], fitted: Typicality, generator: torch.Generator
) -> None:
    far = Latents(torch.tensor([y]).float(), {"mnist": torch.tensor([style]).float()})
    assert float(fitted.p_value(far)) < 0.01
    near = Latents(torch.tensor([[6.0, 0, 0, 0]]), {"mnist": torch.tensor([[3.0, 0.0]])})  # along the long axis
    assert float(fitted.p_value(near)) > 0.2


def test_p_values_of_errors_count_those_at_least_as_large() -> None:
    errors = torch.tensor([0.1, 0.2, 0.3, 0.4])
    assert [error_p_value(error, errors) for error in (0.05, 0.25, 0.4, 9.0)] == [1.0, 0.6, 0.4, 0.2]


def test_one_p_value_of_several_is_small_where_one_is_and_no_more_often_than_it_should_be(
    generator: torch.Generator,
) -> None:
    assert (either_p_value(0.2), either_p_value(0.7, 0.004), either_p_value(0.9, 0.8)) == (0.2, 0.008, 1.0)
    draws = torch.rand(4_000, generator=generator).tolist()
    found = torch.tensor([either_p_value(a, b) for a, b in zip(draws[::2], draws[1::2], strict=True)])
    for a in (0.01, 0.1, 0.5):
        assert float((found <= a).double().mean()) <= a + 0.01


@pytest.mark.parametrize("modality", ["svhn", "mnist"])
def test_noise_is_unlike_any_digit_that_the_shipped_model_knows(modality: str, generator: torch.Generator) -> None:
    model, codes = mfm.load_pretrained("svhn_mnist"), mfm.load_codes("svhn_mnist")
    typicality = Typicality.fit(codes.latents, codes.labels, ("y", modality))
    noise = torch.rand(4, *model.config.images[modality].shape, generator=generator)
    latents, errors = model.encode({modality: noise}), errors_alone(model, modality, noise)
    for far, error in zip(typicality.p_value(latents), errors, strict=True):
        assert either_p_value(float(far), error_p_value(float(error), codes.errors[modality])) < 0.01


def test_bad_input_gives_one_sentence(generator: torch.Generator) -> None:
    latents, labels = codes(60, generator)
    for call, message in (
        (lambda: Typicality.fit(latents[:39], labels[:39], ("y",)), "latents: expected at least 40 codes, got 39"),
        (lambda: Typicality.fit(latents, labels[:5], ("y",)), "labels: expected shape (60,), got (5,)"),
        (lambda: Typicality.fit(latents, labels, ("svhn",)), "factors: expected one or more of y, mnist, got svhn"),
        (lambda: Typicality.fit(latents, labels, ()), "factors: expected one or more of y, mnist, got none"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            call()
