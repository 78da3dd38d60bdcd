"""Eq. 4 against hand computations, double loops and closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from mfm_core import Latents
from mfm_core.config import LabelConfig
from mfm_core.training.objective import (
    ObjectiveConfig,
    conditional_mmd,
    flat_radial_basis,
    inference_cost,
    inverse_multiquadratic,
    label_cost,
    mmd,
    prior_cost,
    radial_basis,
    reconstruction_costs,
)
from tests.training import eq_4


@pytest.fixture
def samples() -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(1)
    return torch.randn(7, 3, generator=g).double(), 1 + 2 * torch.randn(5, 3, generator=g).double()


@pytest.mark.parametrize(
    ("kernel", "oracle"),
    [
        (inverse_multiquadratic, eq_4.inverse_multiquadratic),
        (radial_basis, eq_4.radial_basis),
        (flat_radial_basis, eq_4.published_code),
    ],
)
@pytest.mark.parametrize("unbiased", [True, False])
def test_mmd_is_the_mean_of_kernels_within_and_across(samples, kernel, oracle, unbiased):
    expected = eq_4.mmd(*samples, oracle, unbiased=unbiased)
    assert float(mmd(*samples, kernel, unbiased=unbiased)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_mmd_of_gaussians_is_the_closed_form(shift):
    n, d = 4000, 4
    g = torch.Generator().manual_seed(0)
    x = torch.randn(n, d, generator=g).double()
    y = torch.randn(n, d, generator=g).double() + shift
    expected = 2 * (d / (d + 2)) ** (d / 2) * (1 - math.exp(-d * shift**2 / (2 * (d + 2))))
    assert float(mmd(x, y, radial_basis)) == pytest.approx(expected, abs=0.01)


def test_unbiased_mmd_has_mean_zero_and_the_biased_does_not():
    g = torch.Generator().manual_seed(0)
    draws = [(torch.randn(20, 3, generator=g), torch.randn(20, 3, generator=g)) for _ in range(400)]
    unbiased = torch.stack([mmd(x, y) for x, y in draws])
    biased = torch.stack([mmd(x, y, unbiased=False) for x, y in draws])
    assert abs(float(unbiased.mean())) < 3 * float(unbiased.std()) / 20
    assert float(biased.mean()) > 10 * float(biased.std()) / 20


def test_the_flat_kernel_of_the_published_code_hardly_sees_a_large_difference():
    g = torch.Generator().manual_seed(0)
    z, prior = 0.1 * torch.randn(200, 80, generator=g), torch.randn(200, 80, generator=g)
    assert float(flat_radial_basis(prior, prior[:100]).mean()) > 0.97
    assert float(mmd(z, prior, flat_radial_basis)) < 0.002
    assert float(mmd(z, prior, radial_basis)) > 0.1


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ((4, 3), (4, 2), r"x, y: expected shapes \(n, d\) and \(m, d\), got \(4, 3\) and \(4, 2\)"),
        ((1, 3), (4, 3), "x, y: expected at least 2 samples each, got 1 and 4"),
    ],
)
def test_mmd_refuses(x, y, message):
    with pytest.raises(ValueError, match=message):
        mmd(torch.zeros(x), torch.zeros(y))


def test_conditional_mmd_is_the_mean_of_the_classes_mmds(samples):
    x, prior = samples
    labels = torch.tensor([0, 0, 1, 1, 1, 2, 0])  # 6 ordered pairs of class 0, 2 of class 1, none of class 2
    found = float(conditional_mmd(x, labels, prior, radial_basis))
    assert found == pytest.approx(eq_4.conditional_mmd(x, labels, prior, eq_4.radial_basis), abs=1e-6)


def test_conditional_mmd_is_zero_in_the_mean_for_classes_of_unequal_size():
    g = torch.Generator().manual_seed(0)
    labels = torch.tensor([0] * 20 + [1] * 5 + [2] * 3)
    draws = [
        conditional_mmd(torch.randn(28, 3, generator=g), labels, torch.randn(28, 3, generator=g)) for _ in range(400)
    ]
    found = torch.stack(draws)
    assert abs(float(found.mean())) < 3 * float(found.std()) / 20


def test_conditional_mmd_sees_a_label_that_the_marginal_hides():
    g = torch.Generator().manual_seed(0)
    x, prior = torch.randn(2000, 1, generator=g), torch.randn(2000, 1, generator=g)
    assert float(conditional_mmd(x, (x[:, 0] > 0).long(), prior)) > 0.1
    assert abs(float(conditional_mmd(x, torch.randint(2, (2000,), generator=g), prior))) < 0.01


@pytest.fixture
def latents() -> tuple[Latents, Latents]:
    g = torch.Generator().manual_seed(3)
    z, prior = ({"y": torch.randn(30, 2, generator=g), "m": torch.randn(30, 3, generator=g)} for _ in range(2))
    return Latents(z["y"], {"m": z["m"]}), Latents(prior["y"], {"m": prior["m"]})


def test_each_independence_is_what_its_name_says(latents):
    z, p = latents
    blocks = [(z.y, p.y), (z.a["m"], p.a["m"])]
    joint = [torch.cat(side, 1) for side in zip(*blocks, strict=True)]
    expected = {
        "joint": eq_4.mmd(*joint),
        "per_block": sum(eq_4.mmd(*block) for block in blocks),
        "published_code": sum(eq_4.mmd(*block, eq_4.published_code, unbiased=False) for block in blocks),
        "none": 0,
    }
    for name, cost in expected.items():
        assert float(prior_cost(z, p, ObjectiveConfig(independence=name))) == pytest.approx(cost, abs=1e-5)
    narrow = ObjectiveConfig(kernel="radial_basis")
    assert float(prior_cost(z, p, narrow)) == pytest.approx(eq_4.mmd(*joint, eq_4.radial_basis), abs=1e-5)


def test_only_the_joint_penalty_sees_blocks_that_depend_on_each_other():
    g = torch.Generator().manual_seed(0)
    z = torch.randn(1500, 2, generator=g)
    p = torch.randn(1500, 4, generator=g)
    copied, prior = Latents(z, {"m": z}), Latents(p[:, :2], {"m": p[:, 2:]})
    joint = float(prior_cost(copied, prior, ObjectiveConfig(independence="joint")))
    per_block = float(prior_cost(copied, prior, ObjectiveConfig(independence="per_block")))
    assert joint > 0.02
    assert abs(per_block) < 0.01


def test_costs_are_the_hand_computation():
    inputs = {"a": torch.tensor([[[[0.0, 1.0]]], [[[0.5, 0.5]]]]), "b": torch.ones(2, 1, 1, 1)}
    generated = {"a": torch.tensor([[[[0.5, 0.0]]], [[[0.5, 0.5]]]]), "b": torch.zeros(2, 1, 1, 1)}
    costs = reconstruction_costs(inputs, generated)
    assert float(costs["a"]) == pytest.approx((0.25 + 1.0) / 2)
    assert float(costs["b"]) == pytest.approx(1.0)
    logits = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    expected = (-math.log(math.e / (math.e + math.e**2)) + math.log(2)) / 2
    assert float(label_cost(logits, torch.tensor([0, 1]), LabelConfig(size=2))) == pytest.approx(expected)
    scores = LabelConfig(kind="scores", size=1)
    given, wanted = torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [0.0]])
    assert float(label_cost(given, wanted, scores)) == pytest.approx(5.0)
    assert float(label_cost(given, wanted, scores, "absolute")) == pytest.approx(2.0)


def test_inference_is_compared_with_what_all_modalities_tell_and_moves_it_not():
    generator = torch.Generator().manual_seed(0)
    y, svhn, mnist = (torch.randn(5, d, generator=generator, requires_grad=True) for d in (3, 2, 4))
    wanted = Latents(y, {"svhn": svhn, "mnist": mnist})
    guess = Latents(torch.zeros(5, 3, requires_grad=True), {"svhn": svhn, "mnist": torch.ones(5, 4)})  # svhn was given
    cost = inference_cost(guess, wanted)
    expected = sum(value**2 for value in y.detach().flatten().tolist()) / 15
    expected += sum((value - 1) ** 2 for value in mnist.detach().flatten().tolist()) / 20
    assert cost.item() == pytest.approx(expected, rel=1e-5)
    of_guess, of_wanted = torch.autograd.grad(cost, [guess.y, y], allow_unused=True)
    assert of_wanted is None
    torch.testing.assert_close(of_guess, 2 * (guess.y - y).detach() / 15)
