"""The residual encoder, against its equations written out."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mfm_core.networks.residual import Block, ResidualEncoder


def normalized(x: torch.Tensor, norm: nn.BatchNorm2d) -> torch.Tensor:
    mean, var = norm.running_mean[:, None, None], norm.running_var[:, None, None]
    scaled = (x - mean) / (var + norm.eps).sqrt()
    return scaled * norm.weight[:, None, None] + norm.bias[:, None, None]


def with_moments(module: nn.Module, generator: torch.Generator) -> nn.Module:
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.copy_(torch.randn(part.num_features, generator=generator))
            part.running_var.copy_(0.5 + torch.rand(part.num_features, generator=generator))
    return module.eval()


def by_hand(block: Block, x: torch.Tensor, stride: int) -> torch.Tensor:
    opened = functional.silu(normalized(x, block.before))
    inner = functional.silu(normalized(functional.conv2d(opened, block.first.weight, None, stride, 1), block.between))
    around = x if block.around is None else functional.conv2d(opened, block.around.weight, None, stride)
    return around + functional.conv2d(inner, block.second.weight, None, 1, 1)


@torch.inference_mode()
def test_the_encoder_is_its_equations(generator):
    encoder = with_moments(ResidualEncoder((3, 13, 9), (4, 6), 2, 5), generator)
    image = torch.rand(3, 3, 13, 9, generator=generator)
    x = functional.conv2d(2 * image - 1, encoder.stem.weight, None, 2, 2)
    assert x.shape == (3, 4, 7, 5)
    for block, stride in zip(encoder.blocks, (1, 1, 2, 1), strict=True):
        x = by_hand(block, x, stride)
    assert x.shape == (3, 6, 4, 3)
    found = functional.silu(normalized(x, encoder.last)).mean((2, 3))
    wanted = found @ encoder.read_out[1].weight.T + encoder.read_out[1].bias
    torch.testing.assert_close(encoder(image), wanted, atol=1e-5, rtol=1e-4)


def test_a_block_of_one_size_lets_its_input_through_unchanged_beside_what_it_adds(generator):
    block = Block(4, 4, 1).eval()
    nn.init.zeros_(block.second.weight)
    x = torch.rand(2, 4, 5, 5, generator=generator)
    assert torch.equal(block(x), x)
