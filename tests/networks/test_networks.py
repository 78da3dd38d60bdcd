"""Networks: every size goes in and comes out, in any number of levels, and gradients reach every weight."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mfm_core import ModelConfig
from mfm_core.networks.classifier import Discriminative
from mfm_core.networks.convolutional import ConvolutionalDecoder, ConvolutionalEncoder
from mfm_core.networks.fully_connected import ResidualLayers, fully_connected
from mfm_core.networks.fusion import Guess, LateFusion, Surrogate

shapes = st.tuples(st.integers(1, 3), st.integers(8, 20), st.integers(8, 20))
levels = st.lists(st.integers(1, 4), min_size=1, max_size=6).map(tuple)


@settings(max_examples=25)
@given(shape=shapes, channels=levels, normalized=st.booleans(), n=st.integers(0, 3))
def test_an_encoder_makes_a_vector_of_any_picture(
    shape: tuple[int, int, int], channels: tuple[int, ...], normalized: bool, n: int
) -> None:
    encoder = ConvolutionalEncoder(shape, channels, 5, normalized=normalized).eval()
    assert encoder(torch.zeros(n, *shape)).shape == (n, 5)


@settings(max_examples=25)
@given(shape=shapes, channels=levels, n=st.integers(0, 3))
def test_a_decoder_makes_a_picture_of_any_size(shape: tuple[int, int, int], channels: tuple[int, ...], n: int) -> None:
    generator = torch.Generator().manual_seed(0)
    picture = ConvolutionalDecoder(4, shape, channels, hidden=3)(9 * torch.randn(n, 4, generator=generator))
    assert picture.shape == (n, *shape)
    assert picture.is_contiguous()
    assert ((picture >= 0) & (picture <= 1)).all()


@pytest.mark.parametrize(
    ("network", "d_in"),
    [
        (ConvolutionalEncoder((3, 12, 10), (4, 6), 5, depth=2, normalized=True), (3, 12, 10)),
        (ConvolutionalDecoder(5, (3, 12, 10), (4, 6), hidden=7), (5,)),
        (fully_connected(5, 6, 7), (5,)),
        (ResidualLayers(5, 2), (5,)),
    ],
)
def test_every_weight_takes_part(network: nn.Module, d_in: tuple[int, ...], generator: torch.Generator) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():  # layers that begin as the identity let no gradient through to what is before them
                parameter.normal_(generator=generator)
    network(torch.rand(8, *d_in, generator=generator)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_fully_connected_ends_with_a_linear_layer_and_has_one_between_each_two_sizes() -> None:
    kinds = [type(layer) for layer in fully_connected(2, 3, 4, 5)]
    assert kinds == [nn.Linear, nn.SiLU, nn.Linear, nn.SiLU, nn.Linear]


def test_residual_layers_begin_as_the_identity_and_then_add_what_each_branch_says(generator: torch.Generator) -> None:
    layers, x = ResidualLayers(5, 2), torch.randn(7, 5, generator=generator)
    assert torch.equal(layers(x), x)
    with torch.no_grad():
        for parameter in layers.parameters():
            parameter.normal_(generator=generator)
    expected = x
    for norm, first, _, second in layers.branches:
        centred = expected - expected.mean(1, keepdim=True)
        scaled = centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()
        hidden = (scaled * norm.weight + norm.bias) @ first.weight.T + first.bias
        expected = expected + (hidden * torch.sigmoid(hidden)) @ second.weight.T + second.bias
    torch.testing.assert_close(layers(x), expected, atol=1e-4, rtol=1e-4)


def test_fusion_reads_every_modality_and_only_those_it_is_given(
    tiny_config: ModelConfig, pictures: dict[str, torch.Tensor]
) -> None:
    fusion = LateFusion(tiny_config, 3).eval()
    features = fusion.features(pictures)
    assert {name: tuple(x.shape) for name, x in features.items()} == {"svhn": (6, 12), "mnist": (6, 12)}
    whole = fusion(features)
    for name in pictures:
        assert torch.equal(fusion.features({name: pictures[name]})[name], features[name])
        assert not torch.allclose(fusion(features | {name: -features[name]}), whole)


def test_a_surrogate_infers_z_y_of_each_class_and_what_is_absent(tiny_config: ModelConfig) -> None:
    guess = Surrogate(("mnist",), tiny_config)({"mnist": torch.randn(2, 12)})
    assert guess.y.shape == (2, 10, 3)
    assert guess.logits is not None
    assert guess.logits.shape == (2, 10)
    assert {name: tuple(block.shape) for name, block in guess.a.items()} == {"svhn": (2, 5)}


def test_a_surrogate_takes_the_likeliest_class_or_the_one_it_is_told() -> None:
    y = torch.arange(12.0).view(2, 3, 2)
    guess = Guess(y, torch.tensor([[0.0, 2.0, 1.0], [5.0, 0.0, 4.0]]), {})
    assert guess.choose().tolist() == [[2.0, 3.0], [6.0, 7.0]]
    assert guess.choose(torch.tensor([0, 2])).tolist() == [[0.0, 1.0], [10.0, 11.0]]


def test_a_surrogate_of_scores_holds_one_z_y_possible(sequence_config: ModelConfig) -> None:
    features = {"language": torch.randn(2, 6)}
    guess = Surrogate(("language",), sequence_config)(features)
    assert guess.logits is None
    assert guess.y.shape == (2, 1, 3)
    assert torch.equal(guess.choose(), guess.y[:, 0])


def test_a_discriminative_system_gives_logits_and_the_features_behind_them(
    tiny_config: ModelConfig, pictures: dict[str, torch.Tensor]
) -> None:
    system = Discriminative(tiny_config).eval()
    assert system.modalities == ("svhn", "mnist")
    logits, features = system(pictures), system.penultimate(pictures)
    assert (logits.shape, features.shape) == ((6, 10), (6, 10))
    assert torch.equal(system.fusion.read_out(features), logits)
