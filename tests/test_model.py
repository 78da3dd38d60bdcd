"""MFM: shapes, errors, and the independences that Figure 1 and Eq. 1-3 promise."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch

from mfm_core import MFM, Factors, Latents, ModelConfig
from mfm_core.config import ImageModality
from mfm_core.model import proper_subsets

Pictures = dict[str, torch.Tensor]


def test_latents_and_pictures_have_the_sizes_of_the_configuration(tiny_model: MFM, pictures: Pictures) -> None:
    latents = tiny_model.encode(pictures)
    assert {name: tuple(block.shape) for name, block in latents.blocks().items()} == {
        "y": (6, 3),
        "svhn": (6, 5),
        "mnist": (6, 4),
    }
    generated = tiny_model.decode(latents)
    assert {name: tuple(x.shape) for name, x in generated.modalities.items()} == {
        "svhn": (6, 3, 32, 32),
        "mnist": (6, 1, 28, 28),
    }
    assert generated.label.shape == (6, 10)
    for picture in generated.modalities.values():
        assert 0 <= picture.min() <= picture.max() <= 1
        assert picture.dtype == torch.float32


def test_decode_is_factors_then_decode_factors(tiny_model: MFM, latents: Latents) -> None:
    factors = tiny_model.factors(latents)
    assert (factors.y.shape, factors.a["svhn"].shape, factors.a["mnist"].shape) == ((6, 8), (6, 6), (6, 7))
    ours, theirs = tiny_model.decode(latents), tiny_model.decode_factors(factors)
    assert torch.equal(ours.label, theirs.label)
    assert all(torch.equal(x, theirs.modalities[name]) for name, x in ours.modalities.items())


@pytest.mark.parametrize("present", [("svhn",), ("mnist",), ("svhn", "mnist"), ("mnist", "svhn")])
def test_any_subset_of_modalities_gives_all_blocks(
    tiny_model: MFM, pictures: Pictures, present: tuple[str, ...]
) -> None:
    latents = tiny_model.encode({name: pictures[name] for name in present})
    assert list(latents.blocks()) == ["y", "svhn", "mnist"]
    full = tiny_model.encode(pictures)
    for name in present:
        assert torch.equal(latents.a[name], full.a[name])


def test_the_order_of_the_inputs_does_not_matter(tiny_model: MFM, pictures: Pictures) -> None:
    turned = dict(reversed(pictures.items()))
    assert torch.equal(tiny_model.encode(pictures).joint(), tiny_model.encode(turned).joint())


def test_every_subset_of_three_modalities_can_be_encoded(generator: torch.Generator) -> None:
    small = ImageModality(shape=(1, 8, 8), d_z=2, d_f=2, channels=(4,), fusion_channels=(4,), hidden=4)
    config = ModelConfig(modalities=dict.fromkeys(("one", "two", "three"), small), d_y=2, d_f=2, features=4, hidden=4)
    model = MFM(config).eval()
    pictures = {name: torch.rand(2, 1, 8, 8, generator=generator) for name in model.modalities}
    for present in [*proper_subsets(model.modalities), model.modalities]:
        latents = model.encode({name: pictures[name] for name in present})
        assert latents.joint().shape == (2, 8)


def test_one_modality_needs_no_surrogate(generator: torch.Generator) -> None:
    small = ImageModality(shape=(1, 8, 8), d_z=2, d_f=2, channels=(4,), fusion_channels=(4,), hidden=4)
    model = MFM(ModelConfig(modalities={"one": small}, d_y=2, d_f=2, features=4, hidden=4)).eval()
    assert len(model.surrogates) == 0
    assert model.encode({"one": torch.rand(2, 1, 8, 8, generator=generator)}).joint().shape == (2, 4)


def test_odd_sizes_come_back_as_they_went_in(generator: torch.Generator) -> None:
    odd = ImageModality(shape=(2, 13, 9), d_z=2, d_f=2, channels=(4, 4, 4), fusion_channels=(4,), hidden=4)
    model = MFM(ModelConfig(modalities={"odd": odd}, d_y=2, d_f=2, features=4, hidden=4)).eval()
    generated = model.decode(model.encode({"odd": torch.rand(2, 2, 13, 9, generator=generator)}))
    assert generated.modalities["odd"].shape == (2, 2, 13, 9)


def changes(before: Latents | Factors, after: Latents | Factors) -> set[str]:
    return {name for name, block in before.blocks().items() if not torch.equal(block, after.blocks()[name])}


def test_z_a_depends_on_its_modality_alone_and_z_y_on_all(tiny_model: MFM, pictures: Pictures) -> None:
    before = tiny_model.encode(pictures)
    for name in tiny_model.modalities:
        after = tiny_model.encode(pictures | {name: 1 - pictures[name]})
        assert changes(before, after) == {"y", name}


def test_each_factor_depends_on_its_latent_alone(tiny_model: MFM, latents: Latents) -> None:
    before = tiny_model.factors(latents)
    for name, block in latents.blocks().items():
        assert changes(before, tiny_model.factors(latents.replace(**{name: block + 1}))) == {name}


def gradients(tiny_model: MFM, factors: Factors, read: Callable[[MFM, Factors], torch.Tensor]) -> dict[str, float]:
    leaves = factors.map(lambda block: block.clone().requires_grad_())
    found = torch.autograd.grad(read(tiny_model, leaves).sum(), list(leaves.blocks().values()), allow_unused=True)
    return {
        name: 0.0 if gradient is None else float(gradient.abs().sum())
        for name, gradient in zip(leaves.blocks(), found, strict=True)
    }


def test_the_label_depends_on_f_y_alone(tiny_model: MFM, latents: Latents) -> None:
    found = gradients(tiny_model, tiny_model.factors(latents), lambda model, f: model.decode_factors(f).label)
    assert found["y"] > 0
    assert found["svhn"] == found["mnist"] == 0


@pytest.mark.parametrize(("name", "other"), [("svhn", "mnist"), ("mnist", "svhn")])
def test_each_modality_depends_on_f_y_and_its_own_f_a(tiny_model: MFM, latents: Latents, name: str, other: str) -> None:
    factors = tiny_model.factors(latents)
    found = gradients(tiny_model, factors, lambda model, f: model.decode_factors(f).modalities[name])
    assert found["y"] > 0
    assert found[name] > 0
    assert found[other] == 0


def test_samples_do_not_depend_on_their_neighbours(tiny_model: MFM, pictures: Pictures) -> None:
    alone = tiny_model.encode({name: x[2:3] for name, x in pictures.items()})
    torch.testing.assert_close(tiny_model.encode(pictures)[2:3].joint(), alone.joint())


def test_the_prior_is_standard_normal_and_follows_the_generator(tiny_model: MFM) -> None:
    drawn = tiny_model.sample(20_000, generator=torch.Generator().manual_seed(1)).joint()
    torch.testing.assert_close(drawn.mean(0), torch.zeros(12), atol=0.03, rtol=0)
    torch.testing.assert_close(drawn.T.cov(), torch.eye(12), atol=0.04, rtol=0)
    again = tiny_model.sample(20_000, generator=torch.Generator().manual_seed(1)).joint()
    assert torch.equal(drawn, again)


def test_sampling_leaves_the_global_generator_alone(tiny_model: MFM, generator: torch.Generator) -> None:
    before = torch.random.get_rng_state()
    tiny_model.sample(5, generator=generator)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_no_samples_are_a_sample_too(tiny_model: MFM, generator: torch.Generator) -> None:
    generated = tiny_model.decode(tiny_model.sample(0, generator=generator))
    assert generated.modalities["svhn"].shape == (0, 3, 32, 32)
    assert generated.label.shape == (0, 10)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "inputs: expected at least one of svhn, mnist, got none"),
        ({"text": torch.zeros(1, 2)}, "inputs: expected names among svhn, mnist, got 'text'"),
        ({"mnist": torch.zeros(2, 28, 28)}, "mnist: expected shape (2, 1, 28, 28), got (2, 28, 28)"),
        (
            {"svhn": torch.zeros(2, 3, 32, 32), "mnist": torch.zeros(3, 1, 28, 28)},
            "mnist: expected shape (2, 1, 28, 28), got (3, 1, 28, 28)",
        ),
        (
            {"mnist": torch.zeros(2, 1, 28, 28, dtype=torch.uint8)},
            "mnist: expected floating-point values in [0, 1], got torch.uint8",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_refused_in_one_sentence(tiny_model: MFM, inputs: Pictures, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        tiny_model.encode(inputs)


def test_blocks_of_another_model_are_refused_in_one_sentence(tiny_model: MFM, generator: torch.Generator) -> None:
    strange = Latents(torch.zeros(1, 3), {"svhn": torch.zeros(1, 5)})
    message = "latents: expected blocks of sizes {'y': 3, 'svhn': 5, 'mnist': 4}, got {'y': 3, 'svhn': 5}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        tiny_model.decode(strange)
    with pytest.raises(ValueError, match=r"^n: expected 0 or more samples, got -1$"):
        tiny_model.sample(-1, generator=generator)


def test_what_surrogates_infer_while_training_is_what_encode_makes_of_every_subset(tiny_model, pictures):
    latents = tiny_model.encode(pictures)
    inferred = tiny_model.infer_missing(tiny_model.encoder_y.features(pictures), latents)
    for present, (guess, _) in zip(("svhn", "mnist"), inferred, strict=True):
        wanted = tiny_model.encode({present: pictures[present]})
        assert torch.equal(guess.joint(), wanted.joint())
        assert guess.a[present] is latents.a[present]


def test_a_surrogate_in_training_takes_the_z_y_of_the_label_it_is_told(tiny_model, pictures):
    latents = tiny_model.encode(pictures)
    features = tiny_model.encoder_y.features(pictures)
    labels = torch.tensor([0, 9, 3, 3, 5, 1])
    for present, (guess, logits) in zip(
        ("svhn", "mnist"), tiny_model.infer_missing(features, latents, labels), strict=True
    ):
        told = tiny_model.surrogates[present](features)
        assert torch.equal(guess.y, torch.stack([told.y[n, label] for n, label in enumerate(labels)]))
        assert torch.equal(logits, told.logits)
